//! The order of changes: sorted blocks of entries, each key once. A B+tree with two levels.

use std::cmp::Ordering;

use crate::page::{common_prefix, word_at};
use crate::write_set::arena::{Arena, RecordRef};
use crate::write_set::block::Block;
use crate::write_set::entry::{Entry, Wanted};
use crate::write_set::sort::sort;

/// The most entries in a block.
pub(crate) const BLOCK: usize = 256;

/// A position between entries: before `slot` of `block`, which exists, or after all entries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct EntryPosition {
    pub block: usize,
    pub slot: usize,
}

/// A common prefix of the keys is searched for from this many entries on.
const MIN_KEYS_FOR_PREFIX: usize = 64;

/// A block's vector of up to this capacity keeps its spare memory.
const UNTRIMMED: usize = 64;

/// How many entries ahead a record is prefetched.
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
    /// An entry whose record is before this position is saved when it is replaced or dropped: an open savepoint may
    /// restore it.
    pub(super) mark: Option<RecordRef>,
    /// The entries saved in this way.
    pub(super) saved: Vec<Entry>,
    /// The known common prefix of all keys. Heads are the bytes after it.
    common: Vec<u8>,
    /// The number of keys at which a longer common prefix is searched for next.
    search_prefix_at: usize,
    /// Whether entries were appended since the tail was last sorted, without a search for a common prefix.
    is_appended: bool,
}

/// A list of up to this many blocks keeps its memory.
const MAX_BLOCKS_KEPT: usize = 64;

impl Blocks {
    /// Removes all entries, and returns the memory of the only block, if there is exactly one. The list of blocks
    /// keeps its own memory if it is short.
    pub(crate) fn reset(&mut self) -> Vec<Entry> {
        let only = if self.list.len() == 1 { self.list.pop() } else { None };
        let (mut list, firsts) = (std::mem::take(&mut self.list), std::mem::take(&mut self.firsts));
        *self = Self::default();
        if list.capacity() <= MAX_BLOCKS_KEPT {
            list.clear();
            (self.list, self.firsts) = (list, firsts.emptied());
        }
        let mut room = only.map(Block::into_entries).unwrap_or_default();
        room.clear();
        room
    }

    /// The number of keys.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The arena bytes of records that no entry refers to any more.
    pub(crate) fn dead(&self) -> usize {
        self.dead
    }

    /// Notes that the arena does not have these dead bytes any more.
    pub(crate) fn free(&mut self, dead: usize) {
        self.dead = self.dead.saturating_sub(dead);
    }

    /// The entry directly after a position.
    #[inline]
    pub(crate) fn at(&self, position: EntryPosition) -> Option<Entry> {
        self.list.get(position.block)?.get(position.slot).copied()
    }

    /// The position after all entries.
    pub(crate) fn end(&self) -> EntryPosition {
        EntryPosition { block: self.list.len(), slot: 0 }
    }

    /// The position one entry later.
    #[inline]
    pub(crate) fn after(&self, position: EntryPosition) -> EntryPosition {
        let EntryPosition { block, slot } = position;
        if self.list.get(block).is_some_and(|entries| slot + 1 < entries.len()) {
            return EntryPosition { block, slot: slot + 1 };
        }
        EntryPosition { block: block + 1, slot: 0 }
    }

    /// The position `count` entries later, or after all entries.
    pub(crate) fn skip(&self, position: EntryPosition, count: usize) -> EntryPosition {
        let mut at = EntryPosition { slot: position.slot + count, ..position };
        while let Some(entries) = self.list.get(at.block) {
            if at.slot < entries.len() {
                return at;
            }
            at = EntryPosition { block: at.block + 1, slot: at.slot - entries.len() };
        }
        self.end()
    }

    /// The position one entry earlier; `None` for the first one.
    #[inline]
    pub(crate) fn before(&self, position: EntryPosition) -> Option<EntryPosition> {
        if let Some(slot) = position.slot.checked_sub(1) {
            return Some(EntryPosition { block: position.block, slot });
        }
        let block = position.block.checked_sub(1)?;
        Some(EntryPosition { block, slot: self.list.get(block)?.len().saturating_sub(1) })
    }

    /// The number of entries between two positions. O(blocks between them).
    pub(crate) fn between(&self, from: EntryPosition, to: EntryPosition) -> usize {
        if from >= to {
            return 0;
        }
        let whole: usize = self.list[from.block..to.block].iter().map(|block| block.len()).sum();
        whole + to.slot - from.slot
    }

    /// The position before the first entry whose key is not below `key`, and whether it has that key.
    pub(crate) fn lower(&self, arena: &Arena, key: &[u8]) -> (EntryPosition, bool) {
        let Some(wanted) = self.wanted(key) else {
            return (if *key < self.common[..] { EntryPosition::default() } else { self.end() }, false);
        };
        let Some(block) = self.block_of(arena, &wanted) else {
            return (EntryPosition::default(), false);
        };
        match self.list[block].search(arena, &wanted) {
            Ok(slot) => (EntryPosition { block, slot }, true),
            Err(slot) if slot < self.list[block].len() => (EntryPosition { block, slot }, false),
            Err(_) => (EntryPosition { block: block + 1, slot: 0 }, false),
        }
    }

    /// Prefetches the records of the entries before and after a position. A hint.
    #[inline]
    pub(crate) fn prefetch_beside(&self, arena: &Arena, position: EntryPosition) {
        for entry in [self.before(position).and_then(|before| self.at(before)), self.at(position)].into_iter().flatten()
        {
            arena.prefetch(entry.record);
        }
    }

    /// The entry of a key.
    #[inline]
    pub(crate) fn get(&self, arena: &Arena, key: &[u8]) -> Option<Entry> {
        let wanted = self.wanted(key)?;
        let block = &self.list[self.block_of(arena, &wanted)?];
        block.search(arena, &wanted).ok().map(|slot| block[slot])
    }

    /// The key to search for; `None` if it lacks the common prefix.
    #[inline]
    fn wanted<'k>(&self, key: &'k [u8]) -> Option<Wanted<'k>> {
        // Do not compare an empty prefix with the key: its pointer dangles, and the comparison's masked load from there
        // can take hundreds of cycles.
        let begins_alike = self.common.is_empty() || key.starts_with(&self.common);
        begins_alike.then(|| Wanted { head: word_at(key, self.common.len()), key })
    }

    /// The last block whose first key is not above `wanted`.
    #[inline]
    fn block_of(&self, arena: &Arena, wanted: &Wanted<'_>) -> Option<usize> {
        match self.firsts.search(arena, wanted) {
            Ok(block) => Some(block),
            Err(block) => block.checked_sub(1),
        }
    }

    /// Prefetches the record of the entry [`AHEAD`] entries after a position, or before it.
    #[inline]
    pub(crate) fn prefetch<const FORWARD: bool>(&self, arena: &Arena, position: EntryPosition) {
        let EntryPosition { block, slot: at } = position;
        let ahead = if FORWARD { at.wrapping_add(AHEAD) } else { at.wrapping_sub(AHEAD) };
        if let Some(entry) = self.list.get(block).and_then(|block| block.get(ahead)) {
            arena.prefetch(entry.record);
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

    /// Sorts `newer` and merges it over the existing entries; of equal keys the later entry wins. The heads of `newer`
    /// are the first bytes of their keys. `ascends` means that each key of `newer` is above the one before it.
    pub(crate) fn merge_unsorted(&mut self, arena: &Arena, mut newer: Vec<Entry>, ascends: bool) {
        self.is_appended = false;
        if ascends && self.is_below(arena, &newer) {
            self.append_all(arena, newer);
        } else {
            self.find_common(arena, &newer);
            if !self.common.is_empty() {
                for entry in &mut newer {
                    *entry = Entry::new(arena.key(entry.record), self.common.len(), entry.record);
                }
            }
            sort(&mut newer, arena, self.common.len());
            self.dead += keep_newest(arena, &mut newer);
            self.merge(arena, newer);
        }
        self.search_prefix(arena);
    }

    /// Searches for a longer common prefix of all keys, each time that their number has doubled.
    #[inline]
    fn search_prefix(&mut self, arena: &Arena) {
        if self.len >= self.search_prefix_at.max(MIN_KEYS_FOR_PREFIX) {
            self.search_prefix_at = self.len * 2;
            let ends = self.firsts.first().zip(self.list.last().and_then(|block| block.last()));
            let common =
                ends.map_or(0, |(first, last)| common_prefix(arena.key(first.record), arena.key(last.record)).0);
            // With a longer prefix the heads hold later bytes, so fewer keys have the same head. But recomputing the
            // heads reads all records, which pays only if different keys have the same head now.
            if common > self.common.len() && self.has_ties() {
                self.set_common(arena, common);
            }
        }
    }

    /// Whether two adjacent keys have the same head.
    fn has_ties(&self) -> bool {
        self.list.iter().any(|block| block.windows(2).any(|two| two[0].head == two[1].head))
    }

    /// Appends a copy of ascending entries if their keys are above all keys here. Returns whether it did.
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

    /// Whether `newer` can be appended as it is: all keys here are below its first key, and the heads here are the
    /// first bytes of the keys, as in `newer`.
    fn is_below(&self, arena: &Arena, newer: &[Entry]) -> bool {
        let last = self.list.last().and_then(|block| block.last());
        let ends = last.zip(newer.first());
        self.common.is_empty() && ends.is_none_or(|(last, first)| last.compare(arena, *first).is_lt())
    }

    /// Whether entries were appended since the tail was last sorted.
    pub(crate) fn is_appended(&self) -> bool {
        self.is_appended
    }

    /// Shortens the common prefix to what the keys of `newer` share too. If there are no keys here yet, finds the
    /// common prefix of `newer`.
    fn find_common(&mut self, arena: &Arena, newer: &[Entry]) {
        let Some(first) = newer.first() else { return };
        if self.list.is_empty() {
            let key = if newer.len() < MIN_KEYS_FOR_PREFIX { &[] } else { arena.key(first.record) };
            self.common = key.to_vec();
        }
        let mut common = self.common.len();
        for entry in newer {
            if common == 0 {
                break;
            }
            common = common_prefix(&self.common[..common], arena.key(entry.record)).0;
        }
        if common < self.common.len() {
            self.common.truncate(common);
            self.set_common(arena, common);
        }
    }

    /// Recomputes all heads for a common prefix of `common` bytes.
    fn set_common(&mut self, arena: &Arena, common: usize) {
        if let Some(first) = self.firsts.first() {
            self.common = arena.key(first.record)[..common].to_vec();
        }
        for block in self.list.iter_mut().chain([&mut self.firsts]) {
            block.set_heads(arena, common);
        }
    }

    /// Merges sorted entries, each key once, over the existing ones.
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

    /// Makes blocks from sorted entries, the last block first: the vector of entries shrinks while the blocks grow, so
    /// both together need hardly more memory than one of them.
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
            if entries.capacity() > UNTRIMMED {
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
            Ok(slot) => self.replace(arena, EntryPosition { block: at, slot }, entry),
            Err(slot) => self.insert_at(arena, EntryPosition { block: at, slot }, entry),
        }
    }

    /// Replaces the entry after a position by one with the same key.
    fn replace(&mut self, arena: &Arena, EntryPosition { block, slot }: EntryPosition, entry: Entry) {
        let old = self.list[block].renew(slot, entry);
        self.retire(arena, old);
        if slot == 0 {
            self.firsts.renew(block, entry);
        }
    }

    /// Inserts an entry at its position, which may be the end of a block.
    fn insert_at(&mut self, arena: &Arena, EntryPosition { block: at, slot }: EntryPosition, entry: Entry) {
        let is_last = at + 1 == self.list.len();
        let block = &mut self.list[at];
        if block.len() < BLOCK {
            block.insert(arena, slot, entry, BLOCK);
        } else if is_last && slot == BLOCK {
            // A key above all others begins a new block, and the full one is not split. So ascending keys leave full
            // blocks behind.
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

    /// Merges one change over the existing ones, at the position that [`lower`](Self::lower) found for its key.
    pub(crate) fn take(&mut self, arena: &Arena, record: RecordRef, (position, is_there): (EntryPosition, bool)) {
        let key = arena.key(record);
        if self.list.is_empty() || !key.starts_with(&self.common) {
            return self.merge_unsorted(arena, vec![Entry::new(key, 0, record)], false);
        }
        let entry = Entry::new(key, self.common.len(), record);
        if is_there {
            return self.replace(arena, position, entry);
        }
        // The position before the first entry of a block is also the end of the block before it. Insert there, because
        // that block may have free space.
        let at = match position.block.checked_sub(1) {
            Some(block) if position.slot == 0 => EntryPosition { block, slot: self.list[block].len() },
            _ => position,
        };
        self.insert_at(arena, at, entry);
        self.search_prefix(arena);
    }

    /// Drops the entry after a position.
    pub(crate) fn drop_at(&mut self, arena: &Arena, EntryPosition { block, slot }: EntryPosition) {
        let entry = self.list[block].remove(slot);
        self.retire(arena, entry);
        self.len -= 1;
        self.close_up(arena, block);
    }

    /// Compares the key of the entry after a position with `key`.
    pub(crate) fn compare_at(&self, arena: &Arena, position: EntryPosition, key: &[u8]) -> Option<Ordering> {
        let entry = self.at(position)?;
        Some(match self.wanted(key) {
            Some(wanted) => entry.compare_key(arena, &wanted),
            None => arena.key(entry.record).cmp(key),
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

    /// Rebuilds the list. Blocks that get no new entries stay as they are.
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

    /// Merges both lists; of equal keys the entry of `newer` wins.
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
                    self.retire(arena, *old);
                    older = olds;
                }
            }
        }
        merged.extend_from_slice(older);
        merged.extend_from_slice(newer);
        merged
    }

    /// Drops the entry of a key, and returns whether there was one.
    pub(crate) fn remove(&mut self, arena: &Arena, key: &[u8]) -> bool {
        let Some(wanted) = self.wanted(key) else { return false };
        let Some(at) = self.block_of(arena, &wanted) else { return false };
        let Ok(slot) = self.list[at].search(arena, &wanted) else { return false };
        self.drop_at(arena, EntryPosition { block: at, slot });
        true
    }

    /// Repairs the list after entries of a block were dropped: an empty block is removed, and two small ones are
    /// merged.
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

    /// Drops the entries between two positions.
    pub(crate) fn drop_between(&mut self, arena: &Arena, from: EntryPosition, to: EntryPosition) {
        let mut position = from;
        while position < to {
            let end = if position.block == to.block { to.slot } else { self.list[position.block].len() };
            let dropped = self.list[position.block].drain(position.slot..end);
            self.len -= dropped.len();
            for entry in dropped {
                self.retire(arena, entry);
            }
            position = EntryPosition { block: position.block + 1, slot: 0 };
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

    /// Replaces each entry by `renew` of it, which copies the entry's record to another arena. No record is dead there.
    pub(crate) fn relocate(&mut self, mut renew: impl FnMut(Entry) -> Entry) {
        self.saved.iter_mut().for_each(|entry| *entry = renew(*entry));
        for (at, block) in self.list.iter_mut().enumerate() {
            block.relocate(&mut renew);
            self.firsts.renew(at, block[0]);
        }
        self.dead = 0;
    }
}

/// Keeps the last entry of each key, and returns the bytes of the other entries' records, which are dead from now on.
fn keep_newest(arena: &Arena, sorted: &mut Vec<Entry>) -> usize {
    let (mut kept, mut dead) = (0_usize, 0);
    for at in 0..sorted.len() {
        let entry = sorted[at];
        if let Some(last) = kept.checked_sub(1).map(|last| &mut sorted[last])
            && last.compare(arena, entry).is_eq()
        {
            dead += arena.len_at(last.record);
            *last = entry;
        } else {
            sorted[kept] = entry;
            kept += 1;
        }
    }
    sorted.truncate(kept);
    dead
}
