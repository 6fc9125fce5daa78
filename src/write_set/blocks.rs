//! The order of changes: sorted blocks of entries, each key once. A B+tree of two levels.

use std::cmp::Ordering;

use crate::page::word_at;
use crate::write_set::arena::{Arena, RecordRef};
use crate::write_set::block::Block;
use crate::write_set::entry::{Entry, Wanted};
use crate::write_set::sort::sort;

/// Entries in a block at most.
pub(crate) const BLOCK: usize = 256;

/// A place between entries: before `slot` of `block`, which is there, or behind all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Spot {
    pub block: usize,
    pub slot: usize,
}

/// Fewer entries than this are not looked at for what their keys have in common.
const MANY: usize = 64;

/// How many entries on a record is asked for that will be read.
const AHEAD: usize = 8;

/// Entries in key order. No block is empty.
#[derive(Debug, Default)]
pub(crate) struct Blocks {
    list: Vec<Block>,
    /// The first entry of each block.
    firsts: Block,
    len: usize,
    /// Bytes of records that were replaced or dropped.
    pub(super) dead: usize,
    /// Before which place entries are kept when they are replaced or dropped: an open savepoint may put them back.
    pub(super) mark: Option<RecordRef>,
    /// Those entries.
    pub(super) lost: Vec<Entry>,
    /// What all keys begin with, as far as it was looked for; heads are what follows.
    common: Vec<u8>,
    /// At how many keys it is looked for again.
    look_at: usize,
    /// Whether entries were appended since it was settled: then that was not looked for.
    is_appended: bool,
}

/// Lists of blocks up to this long keep their room.
const FEW: usize = 64;

impl Blocks {
    /// Forgets all entries; room for as many, if they were not many.
    pub(crate) fn reset(&mut self) -> Vec<Entry> {
        let only = if self.list.len() == 1 { self.list.pop() } else { None };
        let (mut list, firsts) = (std::mem::take(&mut self.list), std::mem::take(&mut self.firsts));
        *self = Self::default();
        if list.capacity() <= FEW {
            list.clear();
            (self.list, self.firsts) = (list, firsts.emptied());
        }
        let mut room = only.map(Block::into_entries).unwrap_or_default();
        room.clear();
        room
    }

    /// How many keys there are.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Bytes of the arena that belong to no entry any more.
    pub(crate) fn dead(&self) -> usize {
        self.dead
    }

    /// The entry behind a spot.
    #[inline]
    pub(crate) fn at(&self, spot: Spot) -> Option<Entry> {
        self.list.get(spot.block)?.get(spot.slot).copied()
    }

    /// The spot behind all entries.
    pub(crate) fn end(&self) -> Spot {
        Spot { block: self.list.len(), slot: 0 }
    }

    /// The spot one entry on.
    #[inline]
    pub(crate) fn behind(&self, spot: Spot) -> Spot {
        let Spot { block, slot } = spot;
        if self.list.get(block).is_some_and(|entries| slot + 1 < entries.len()) {
            return Spot { block, slot: slot + 1 };
        }
        Spot { block: block + 1, slot: 0 }
    }

    /// The spot `count` entries on, or behind all.
    pub(crate) fn skip(&self, spot: Spot, count: usize) -> Spot {
        let mut at = Spot { slot: spot.slot + count, ..spot };
        while let Some(entries) = self.list.get(at.block) {
            if at.slot < entries.len() {
                return at;
            }
            at = Spot { block: at.block + 1, slot: at.slot - entries.len() };
        }
        self.end()
    }

    /// The spot one entry back; the first one has none before it.
    #[inline]
    pub(crate) fn before(&self, spot: Spot) -> Option<Spot> {
        if let Some(slot) = spot.slot.checked_sub(1) {
            return Some(Spot { block: spot.block, slot });
        }
        let block = spot.block.checked_sub(1)?;
        Some(Spot { block, slot: self.list.get(block)?.len().saturating_sub(1) })
    }

    /// How many entries lie between two spots. O(blocks between them).
    pub(crate) fn between(&self, from: Spot, to: Spot) -> usize {
        if from >= to {
            return 0;
        }
        let whole: usize = self.list[from.block..to.block].iter().map(|block| block.len()).sum();
        whole + to.slot - from.slot
    }

    /// The spot before the first entry whose key is not below `key`, and whether it has that key.
    pub(crate) fn lower(&self, arena: &Arena, key: &[u8]) -> (Spot, bool) {
        let Some(wanted) = self.wanted(key) else {
            return (if *key < self.common[..] { Spot::default() } else { self.end() }, false);
        };
        let Some(block) = self.block_of(arena, &wanted) else {
            return (Spot::default(), false);
        };
        match self.list[block].search(arena, &wanted) {
            Ok(slot) => (Spot { block, slot }, true),
            Err(slot) if slot < self.list[block].len() => (Spot { block, slot }, false),
            Err(_) => (Spot { block: block + 1, slot: 0 }, false),
        }
    }

    /// The entry of a key.
    #[inline]
    pub(crate) fn get(&self, arena: &Arena, key: &[u8]) -> Option<Entry> {
        let wanted = self.wanted(key)?;
        let block = &self.list[self.block_of(arena, &wanted)?];
        block.search(arena, &wanted).ok().map(|slot| block[slot])
    }

    /// `None` for a key that does not begin as all others do.
    #[inline]
    fn wanted<'k>(&self, key: &'k [u8]) -> Option<Wanted<'k>> {
        // To compare with a slice that points nowhere takes hundreds of cycles where it is done by masked loads.
        let begins_alike = self.common.is_empty() || key.starts_with(&self.common);
        begins_alike.then(|| Wanted { head: word_at(key, self.common.len()), key })
    }

    /// The last block that begins at or below `wanted`.
    #[inline]
    fn block_of(&self, arena: &Arena, wanted: &Wanted<'_>) -> Option<usize> {
        match self.firsts.search(arena, wanted) {
            Ok(block) => Some(block),
            Err(block) => block.checked_sub(1),
        }
    }

    /// Asks for the record of the entry some way on from a spot, or back from it.
    #[inline]
    pub(crate) fn prefetch<const FORWARD: bool>(&self, arena: &Arena, spot: Spot) {
        let Spot { block, slot: at } = spot;
        let ahead = if FORWARD { at.wrapping_add(AHEAD) } else { at.wrapping_sub(AHEAD) };
        if let Some(entry) = self.list.get(block).and_then(|block| block.get(ahead)) {
            arena.prefetch(entry.place);
        }
    }

    /// The blocks, in order.
    #[inline]
    pub(crate) fn list(&self) -> &[Block] {
        &self.list
    }

    /// All entries, in order.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = Entry> {
        self.list.iter().flat_map(|block| block.iter()).copied()
    }

    /// Takes entries over those that are there, later ones over earlier ones. The heads of `newer` are the first bytes of
    /// their keys. `ascends` where each key is above the one before it.
    pub(crate) fn settle(&mut self, arena: &Arena, mut newer: Vec<Entry>, ascends: bool) {
        self.is_appended = false;
        if ascends && self.is_below(arena, &newer) {
            self.append_all(arena, newer);
        } else {
            self.find_common(arena, &newer);
            if !self.common.is_empty() {
                for entry in &mut newer {
                    *entry = Entry::new(arena.key(entry.place), self.common.len(), entry.place);
                }
            }
            sort(&mut newer, arena, self.common.len());
            self.dead += keep_newest(arena, &mut newer);
            self.merge(arena, newer);
        }
        self.look_for_common(arena);
    }

    /// Looks now and then whether all keys begin with more than is known.
    #[inline]
    fn look_for_common(&mut self, arena: &Arena) {
        if self.len >= self.look_at.max(MANY) {
            self.look_at = self.len * 2;
            let ends = self.firsts.first().zip(self.list.last().and_then(|block| block.last()));
            let common = ends.map_or(0, |(first, last)| alike(arena.key(first.place), arena.key(last.place)));
            // Looking at all records is worth it where the heads leave keys undecided.
            if common > self.common.len() && self.has_ties() {
                self.set_common(arena, common);
            }
        }
    }

    /// Whether two keys that follow one another have the same head.
    fn has_ties(&self) -> bool {
        self.list.iter().any(|block| block.windows(2).any(|two| two[0].head == two[1].head))
    }

    /// Takes entries whose keys ascend, if all are above those that are there; they are copied then.
    pub(crate) fn append(&mut self, arena: &Arena, ascending: &[Entry]) -> bool {
        let is_below = self.is_below(arena, ascending);
        if is_below {
            self.is_appended = true;
            ascending.chunks(BLOCK).for_each(|piece| self.push(arena, piece.to_vec()));
        }
        is_below
    }

    fn append_all(&mut self, arena: &Arena, ascending: Vec<Entry>) {
        match self.list.last_mut() {
            None => self.fill(arena, ascending),
            Some(last) if last.len() + ascending.len() <= BLOCK => {
                last.extend(arena, &ascending, BLOCK);
                self.len += ascending.len();
            }
            Some(_) => ascending.chunks(BLOCK).for_each(|piece| self.push(arena, piece.to_vec())),
        }
    }

    /// Whether all keys are below the first one of `newer`, whose heads are the first bytes of their keys here too.
    fn is_below(&self, arena: &Arena, newer: &[Entry]) -> bool {
        let last = self.list.last().and_then(|block| block.last());
        let ends = last.zip(newer.first());
        self.common.is_empty() && ends.is_none_or(|(last, first)| last.compare(arena, *first).is_lt())
    }

    /// Whether entries were appended since it was settled.
    pub(crate) fn is_appended(&self) -> bool {
        self.is_appended
    }

    /// Makes sure that `newer` begin as all others do.
    fn find_common(&mut self, arena: &Arena, newer: &[Entry]) {
        let Some(first) = newer.first() else { return };
        if self.list.is_empty() {
            let key = if newer.len() < MANY { &[] } else { arena.key(first.place) };
            self.common = key.to_vec();
        }
        let mut common = self.common.len();
        for entry in newer {
            if common == 0 {
                break;
            }
            common = alike(&self.common[..common], arena.key(entry.place));
        }
        if common < self.common.len() {
            self.common.truncate(common);
            self.set_common(arena, common);
        }
    }

    /// Makes heads of what follows the first `common` bytes, which all keys have in common.
    fn set_common(&mut self, arena: &Arena, common: usize) {
        if let Some(first) = self.firsts.first() {
            self.common = arena.key(first.place)[..common].to_vec();
        }
        for block in self.list.iter_mut().chain([&mut self.firsts]) {
            block.set_heads(arena, common);
        }
    }

    /// Takes sorted entries, each key once, over those that are there.
    fn merge(&mut self, arena: &Arena, newer: Vec<Entry>) {
        if self.list.is_empty() {
            self.fill(arena, newer);
        } else if newer.len() <= self.list.len() / 4 + 8 {
            for entry in newer {
                self.insert(arena, entry);
            }
        } else {
            self.merge_all(arena, &newer);
        }
    }

    /// Makes the blocks of sorted entries, from the back, so that both need hardly more room than one of them.
    fn fill(&mut self, arena: &Arena, mut entries: Vec<Entry>) {
        self.len = entries.len();
        let mut pieces = entries.len().div_ceil(BLOCK);
        self.list.reserve_exact(pieces);
        while pieces > 1 {
            pieces -= 1;
            self.list.push(entries.split_off(pieces * BLOCK).into());
            if pieces.is_multiple_of(64) {
                entries.shrink_to_fit();
            }
        }
        if !entries.is_empty() {
            if entries.capacity() > MANY {
                entries.shrink_to_fit();
            }
            self.list.push(entries.into());
        }
        self.list.reverse();
        let firsts: Vec<_> = self.list.iter().filter_map(|block| block.first()).copied().collect();
        self.firsts = std::mem::take(&mut self.firsts).emptied();
        self.firsts.extend(arena, &firsts, usize::MAX);
    }

    fn insert(&mut self, arena: &Arena, entry: Entry) {
        let wanted = entry.wanted(arena);
        let at = self.block_of(arena, &wanted).unwrap_or(0);
        let Some(block) = self.list.get(at) else {
            return self.push(arena, vec![entry]);
        };
        match block.search(arena, &wanted) {
            Ok(slot) => self.replace(arena, Spot { block: at, slot }, entry),
            Err(slot) => self.insert_at(arena, Spot { block: at, slot }, entry),
        }
    }

    /// Puts an entry in the place of the one behind a spot, which has its key.
    fn replace(&mut self, arena: &Arena, Spot { block, slot }: Spot, entry: Entry) {
        let old = self.list[block].renew(slot, entry);
        self.lose(arena, old);
        if slot == 0 {
            self.firsts.renew(block, entry);
        }
    }

    /// Inserts an entry where it belongs, which may be the end of a block.
    fn insert_at(&mut self, arena: &Arena, Spot { block: at, slot }: Spot, entry: Entry) {
        let is_last = at + 1 == self.list.len();
        let block = &mut self.list[at];
        if block.len() < BLOCK {
            block.insert(arena, slot, entry, BLOCK);
        } else if is_last && slot == BLOCK {
            // Keys that ascend fill their blocks.
            return self.push(arena, vec![entry]);
        } else {
            let mut upper = block.split_off(BLOCK / 2);
            match slot.checked_sub(BLOCK / 2) {
                Some(slot) if slot > 0 => upper.insert(arena, slot, entry, BLOCK),
                _ => block.insert(arena, slot, entry, BLOCK),
            }
            self.firsts.insert(arena, at + 1, upper[0], usize::MAX);
            self.list.insert(at + 1, upper);
        }
        self.len += 1;
        self.firsts.replace(arena, at, self.list[at][0]);
    }

    /// Takes one change over those that are there, at the spot that [`lower`](Self::lower) has found for its key.
    pub(crate) fn take(&mut self, arena: &Arena, place: RecordRef, (spot, is_there): (Spot, bool)) {
        let key = arena.key(place);
        if self.list.is_empty() || !key.starts_with(&self.common) {
            return self.settle(arena, vec![Entry::new(key, 0, place)], false);
        }
        let entry = Entry::new(key, self.common.len(), place);
        if is_there {
            return self.replace(arena, spot, entry);
        }
        // What comes before a block comes as well behind the one before it, where there is room.
        let at = match spot.block.checked_sub(1) {
            Some(block) if spot.slot == 0 => Spot { block, slot: self.list[block].len() },
            _ => spot,
        };
        self.insert_at(arena, at, entry);
        self.look_for_common(arena);
    }

    /// Drops the entry behind a spot.
    pub(crate) fn drop_at(&mut self, arena: &Arena, Spot { block, slot }: Spot) {
        let entry = self.list[block].remove(slot);
        self.lose(arena, entry);
        self.len -= 1;
        self.close_up(arena, block);
    }

    /// The entry behind a spot against `key`.
    pub(crate) fn compare_at(&self, arena: &Arena, spot: Spot, key: &[u8]) -> Option<Ordering> {
        let entry = self.at(spot)?;
        Some(match self.wanted(key) {
            Some(wanted) => entry.compare_key(arena, &wanted),
            None => arena.key(entry.place).cmp(key),
        })
    }

    /// Appends a block.
    fn push(&mut self, arena: &Arena, block: impl Into<Block>) {
        let block = block.into();
        if let Some(first) = block.first() {
            self.len += block.len();
            self.firsts.insert(arena, self.list.len(), *first, usize::MAX);
            self.list.push(block);
        }
    }

    /// Rebuilds the list; blocks that nothing is put into stay as they are.
    fn merge_all(&mut self, arena: &Arena, mut newer: &[Entry]) {
        let older = std::mem::take(&mut self.list);
        let firsts = std::mem::take(&mut self.firsts);
        self.len = 0;
        for (at, block) in older.into_iter().enumerate() {
            let group = match firsts.get(at + 1) {
                Some(next) => newer.partition_point(|entry| entry.compare(arena, *next).is_lt()),
                None => newer.len(),
            };
            let (group, rest) = newer.split_at(group);
            newer = rest;
            let above = block.last().zip(group.first()).is_none_or(|(last, first)| last.compare(arena, *first).is_lt());
            if above && (group.is_empty() || block.len() + group.len() > BLOCK) {
                self.push(arena, block);
                group.chunks(BLOCK).for_each(|piece| self.push(arena, piece.to_vec()));
                continue;
            }
            let merged = self.merge_two(arena, &block, group);
            let pieces = merged.len().div_ceil(BLOCK).max(1);
            merged.chunks(merged.len().div_ceil(pieces).max(1)).for_each(|piece| self.push(arena, piece.to_vec()));
        }
    }

    /// Both in one; of one key the newer one counts.
    fn merge_two(&mut self, arena: &Arena, mut older: &[Entry], mut newer: &[Entry]) -> Vec<Entry> {
        let mut merged = Vec::with_capacity(older.len() + newer.len());
        while let (Some((old, olds)), Some((new, news))) = (older.split_first(), newer.split_first()) {
            match old.compare(arena, *new) {
                Ordering::Less => {
                    merged.push(*old);
                    older = olds;
                }
                Ordering::Greater => {
                    merged.push(*new);
                    newer = news;
                }
                Ordering::Equal => {
                    self.lose(arena, *old);
                    older = olds;
                }
            }
        }
        merged.extend_from_slice(older);
        merged.extend_from_slice(newer);
        merged
    }

    /// Drops the entry of a key; whether there was one.
    pub(crate) fn remove(&mut self, arena: &Arena, key: &[u8]) -> bool {
        let Some(wanted) = self.wanted(key) else { return false };
        let Some(at) = self.block_of(arena, &wanted) else { return false };
        let Ok(slot) = self.list[at].search(arena, &wanted) else { return false };
        self.drop_at(arena, Spot { block: at, slot });
        true
    }

    /// Mends the list where entries of a block were dropped: one that is empty goes, and two that are small become one.
    fn close_up(&mut self, arena: &Arena, at: usize) {
        let Some(first) = self.list[at].first() else {
            self.list.remove(at);
            self.firsts.remove(at);
            return;
        };
        self.firsts.replace(arena, at, *first);
        let is_small = |two: &[Block]| two.iter().map(|block| block.len()).sum::<usize>() <= BLOCK / 2;
        for at in [at, at.wrapping_sub(1)] {
            if self.list.get(at..at.saturating_add(2)).is_some_and(is_small) {
                let upper = self.list.remove(at + 1);
                self.firsts.remove(at + 1);
                self.list[at].append(arena, upper);
                return;
            }
        }
    }

    /// Drops the entries between two spots.
    pub(crate) fn drop_between(&mut self, arena: &Arena, from: Spot, to: Spot) {
        let mut spot = from;
        while spot < to {
            let end = if spot.block == to.block { to.slot } else { self.list[spot.block].len() };
            let dropped = self.list[spot.block].drain(spot.slot..end);
            self.len -= dropped.len();
            for entry in dropped {
                self.lose(arena, entry);
            }
            spot = Spot { block: spot.block + 1, slot: 0 };
        }
        let touched = from.block..(to.block + 1).min(self.list.len());
        self.firsts.drain(touched.clone());
        let kept: Vec<_> =
            self.list[touched.clone()].iter_mut().map(std::mem::take).filter(|block| !block.is_empty()).collect();
        for (at, block) in kept.iter().enumerate() {
            self.firsts.insert(arena, touched.start + at, block[0], usize::MAX);
        }
        self.list.splice(touched, kept);
    }

    /// The same keys in another arena: `place` says where each record is now, and nothing is dead there.
    pub(crate) fn relocate(&mut self, mut place: impl FnMut(Entry) -> Entry) {
        self.lost.iter_mut().for_each(|entry| *entry = place(*entry));
        for (at, block) in self.list.iter_mut().enumerate() {
            block.relocate(&mut place);
            self.firsts.renew(at, block[0]);
        }
        self.dead = 0;
    }
}

/// How many bytes two keys have in common at their beginnings.
fn alike(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

/// Keeps the last of the entries of one key; how many bytes the others' records have.
fn keep_newest(arena: &Arena, sorted: &mut Vec<Entry>) -> usize {
    let (mut kept, mut dead) = (0_usize, 0);
    for at in 0..sorted.len() {
        let entry = sorted[at];
        if let Some(last) = kept.checked_sub(1).map(|last| &mut sorted[last])
            && last.compare(arena, entry).is_eq()
        {
            dead += arena.len_at(last.place);
            *last = entry;
        } else {
            sorted[kept] = entry;
            kept += 1;
        }
    }
    sorted.truncate(kept);
    dead
}
