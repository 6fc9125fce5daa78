//! The changes of one database: puts and deletions by key, and the gaps beneath them.

use std::cmp::Ordering;
use std::mem;
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::error::Result;
use crate::write_set::arena::{Arena, HEADER, Record};
use crate::write_set::blocks::{Blocks, Spot};
use crate::write_set::entry::Entry;
use crate::write_set::gaps::{Gaps, size};
use crate::write_set::gather::gather;
use crate::write_set::levels::Level;
use crate::write_set::sort::nearly_all;

/// What is counted for a change in the index: its entry, the word that may tell it apart, and the room that blocks keep for more.
const ENTRY_BYTES: usize = 32;

/// Changes that nobody looks at are settled when they have this many bytes, and at each doubling.
const SETTLE: usize = 64 << 20;

/// Records of no use any more are kept up to this many bytes.
const IDLE: usize = 64 << 10;

/// As many changes whose keys ascend go to the settled order at once, while they are in the cache.
pub(super) const PIECE: usize = 4096;

/// How many changes are looked at for how many are deletions.
const SAMPLE: usize = 1024;

/// Room for up to this many entries is kept for the next transaction.
const KEPT: usize = 1024;

/// Changes by key, newest wins, over gaps.
///
/// Writing appends to an arena and to an unsorted tail. The first read after it sorts the tail into the settled order,
/// so writing without reading pays for one sort in all, and keys in order for none. Reads take `&self` and lock nothing
/// once the order is settled; writes take `&mut self` and lock nothing ever.
#[derive(Debug, Default)]
pub(crate) struct DbiChanges {
    pub(super) arena: Arena,
    pub(super) gaps: Gaps,
    /// The order, where it was settled by who owns the changes: a commit of few pays for no lock and no cell.
    ready: Option<Blocks>,
    settled: OnceLock<Blocks>,
    unsettled: Mutex<Unsettled>,
    /// At how many bytes in the arena what was replaced is looked for.
    settle_at: usize,
    /// The open savepoints that have changed it, the outermost first.
    pub(super) levels: Vec<Level>,
}

#[derive(Debug, Default)]
pub(super) struct Unsettled {
    /// The order, unless it is settled.
    blocks: Blocks,
    /// Changes since, in order of time.
    tail: Vec<Entry>,
    /// Whether a key of the tail is not above the one before it.
    is_mixed: bool,
}

impl Unsettled {
    /// Forgets what is not settled.
    pub(super) fn drop_tail(&mut self) {
        self.tail.clear();
        self.is_mixed = false;
    }

    pub(super) fn take(&mut self, blocks: Blocks) {
        self.blocks = blocks;
    }

    fn settle(&mut self, arena: &Arena) {
        if !self.tail.is_empty() || self.blocks.is_appended() {
            let ascends = !mem::take(&mut self.is_mixed);
            self.blocks.settle(arena, mem::take(&mut self.tail), ascends);
        }
    }

    #[inline]
    fn push(&mut self, arena: &Arena, entry: Entry) {
        if self.tail.len() == self.tail.capacity() {
            self.make_room(arena);
        }
        if !self.is_mixed
            && let Some(last) = self.tail.last()
            && last.head >= entry.head
        {
            self.is_mixed = is_mixed(arena, *last, entry);
        }
        self.tail.push(entry);
    }

    #[cold]
    fn make_room(&mut self, arena: &Arena) {
        // Room that was kept from a transaction before has its own capacity, and may be passed over by doubling.
        if self.tail.len() >= PIECE && !self.is_mixed && self.blocks.append(arena, &self.tail) {
            self.tail.clear();
            return;
        }
        // Doubled while it is small; then what stands empty is a quarter.
        let more = if self.tail.len() < PIECE { self.tail.len().max(4) } else { self.tail.len() / 4 };
        self.tail.reserve_exact(more);
    }
}

/// What [`DbiChanges::bytes`] counts for a change.
#[inline]
pub(crate) fn change_bytes(key: &[u8], value: Option<&[u8]>) -> usize {
    ENTRY_BYTES + HEADER + key.len() + value.map_or(0, <[u8]>::len)
}

impl DbiChanges {
    pub(crate) fn new() -> Self {
        Self { settle_at: SETTLE, ..Self::default() }
    }

    /// Stores `value` under `key`. Amortized O(1).
    ///
    /// # Errors
    /// `TooLarge` for keys from 64 KiB and values over 2 GiB.
    #[inline]
    #[allow(dead_code)]
    pub(crate) fn put(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
        self.change(key, Some(value))
    }

    /// Deletes `key`. Amortized O(1).
    ///
    /// # Errors
    /// `TooLarge` for keys from 64 KiB.
    #[inline]
    #[allow(dead_code)]
    pub(crate) fn delete(&mut self, key: &[u8]) -> Result<()> {
        self.change(key, None)
    }

    #[inline]
    pub(crate) fn change(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<()> {
        if let Some(order) = self.ready.as_ref().or_else(|| self.settled.get())
            && order.len() > 0
        {
            return self.change_in_order(key, value);
        }
        let place = self.arena.push(key, value)?;
        let Self { arena, ready, settled, unsettled, .. } = self;
        open(ready, settled, unsettled).push(arena, Entry::new(key, 0, place));
        if self.arena.used() >= self.settle_at {
            self.tidy(0);
        }
        Ok(())
    }

    #[inline(never)]
    fn change_in_order(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<()> {
        let at = self.lower(key);
        self.change_at(key, value, at)?;
        if !at.1 {
            // What comes next, unread, waits to be sorted with what comes behind it.
            self.open();
        }
        Ok(())
    }

    /// As [`change`](Self::change), at the spot that [`lower`](Self::lower) has found for `key` and nothing has moved since.
    ///
    /// Where changes are read between one and the next, each goes to its place in the order at once. A value that takes the place
    /// of one as long, which no savepoint may want back, needs no more room.
    pub(crate) fn change_at(&mut self, key: &[u8], value: Option<&[u8]>, at: (Spot, bool)) -> Result<()> {
        let Self { arena, ready, settled, unsettled, .. } = self;
        let order = in_order(ready, settled, unsettled);
        if let (Some(value), true) = (value, at.1)
            && let Some(entry) = order.at(at.0)
            && order.mark.is_none_or(|mark| entry.place >= mark)
            && arena.overwrite(entry.place, value)
        {
            return Ok(());
        }
        let place = arena.push(key, value)?;
        order.take(arena, place, at);
        let dead = order.dead();
        if dead > IDLE && dead > self.arena.used() / 2 {
            self.compact();
        } else if self.arena.used() >= self.settle_at {
            self.tidy(0);
        }
        Ok(())
    }

    /// Forgets the change behind a spot of the settled order: nothing is there below, so it leaves nothing.
    pub(crate) fn forget_at(&mut self, spot: Spot) {
        let Self { arena, ready, settled, unsettled, .. } = self;
        let order = in_order(ready, settled, unsettled);
        order.drop_at(arena, spot);
        let (is_empty, dead) = (order.len() == 0, order.dead());
        if is_empty || (dead > IDLE && dead > self.arena.used() / 2) {
            let order = mem::take(self.settle());
            self.put_back(order);
        }
    }

    /// The change, if there is one and nothing else: it needs no order.
    #[inline]
    pub(crate) fn only(&self) -> Option<Record<'_>> {
        if self.gaps.is_empty() && self.levels.is_empty() { self.arena.only() } else { None }
    }

    /// Forgets all changes. The next ones find the room of these, if they were not many.
    pub(crate) fn reset(&mut self) {
        self.arena.reset();
        if !self.gaps.is_empty() {
            self.gaps = Gaps::default();
        }
        let unsettled = self.open();
        unsettled.tail.clear();
        let room = unsettled.blocks.reset();
        if room.capacity() > 0 {
            unsettled.tail = room;
        }
        if unsettled.tail.capacity() > KEPT {
            unsettled.tail = Vec::new();
        }
        self.settle_at = SETTLE;
    }

    /// Deletes the keys from `start` to before `end`, or to the end, here and in all that this is laid over.
    pub(crate) fn gap(&mut self, start: &[u8], end: Option<&[u8]>) {
        if end.is_some_and(|end| end <= start) {
            return;
        }
        self.gaps.add(start, end);
        if start.is_empty() && end.is_none() && self.levels.is_empty() {
            self.arena = Arena::default();
            *self.open() = Unsettled::default();
            return;
        }
        let blocks = self.settle();
        let mut order = mem::take(blocks);
        let from = order.lower(&self.arena, start).0;
        let to = end.map_or_else(|| order.end(), |end| order.lower(&self.arena, end).0);
        order.drop_between(&self.arena, from, to);
        self.put_back(order);
    }

    /// Makes a gap where nothing is to be seen below, of these deletions among others. What is put there stays.
    pub(crate) fn join(&mut self, start: &[u8], end: Option<&[u8]>, deleted: &[Vec<u8>]) {
        self.gaps.add(start, end);
        if deleted.is_empty() {
            return;
        }
        let blocks = self.settle();
        let mut order = mem::take(blocks);
        for key in deleted {
            order.remove(&self.arena, key);
        }
        self.put_back(order);
    }

    /// Takes back an order that entries were dropped from. Without entries no record is of use, and where most are of none the
    /// others are copied.
    pub(super) fn put_back(&mut self, order: Blocks) {
        let (is_empty, dead) = (order.len() == 0 && order.lost().is_empty(), order.dead());
        let is_empty = is_empty && self.levels.is_empty();
        self.open().blocks = if is_empty { Blocks::default() } else { order };
        if is_empty {
            self.arena.reset();
        } else if dead > IDLE && dead > self.arena.used() / 2 {
            self.compact();
        }
    }

    /// About how much memory all this takes, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        if let Some((key, value)) = self.only() {
            return change_bytes(key, value);
        }
        let len = self.ready.as_ref().or_else(|| self.settled.get()).map_or_else(
            || {
                let unsettled = self.unsettled.lock().unwrap_or_else(PoisonError::into_inner);
                unsettled.blocks.len() + unsettled.tail.len()
            },
            Blocks::len,
        );
        self.arena.used() + len * ENTRY_BYTES + self.gaps.bytes()
    }

    /// Whether nothing is changed.
    pub(crate) fn is_empty(&self) -> bool {
        // Each record is of a change, also of one that another replaced.
        self.gaps.is_empty() && (self.arena.used() == 0 || (self.only().is_none() && self.blocks().len() == 0))
    }

    /// What [`bytes`](Self::bytes) counts for a gap.
    pub(crate) fn gap_bytes(start: &[u8], end: Option<&[u8]>) -> usize {
        size(start, end)
    }

    /// How many keys are put or deleted.
    pub(crate) fn len(&self) -> usize {
        self.blocks().len()
    }

    /// About how many keys are deleted, by some of all changes, spread over them.
    pub(crate) fn deletions(&self) -> usize {
        // Odd: puts and deletions may take turns.
        let step = (self.len() / SAMPLE) | 1;
        let (mut seen, mut deleted) = (0, 0);
        for entry in self.each(step) {
            seen += 1;
            deleted += usize::from(self.record(entry).1.is_none());
        }
        self.len() * deleted / seen.max(1)
    }

    /// The keys of every so many changes.
    pub(crate) fn spread(&self, step: usize) -> impl Iterator<Item = &[u8]> {
        self.each(step).map(|entry| self.record(entry).0)
    }

    fn each(&self, step: usize) -> impl Iterator<Item = Entry> {
        let blocks = self.blocks();
        let mut spot = Spot::default();
        std::iter::from_fn(move || {
            let entry = blocks.at(spot)?;
            spot = blocks.skip(spot, step);
            Some(entry)
        })
    }

    pub(crate) fn gaps(&self) -> &Gaps {
        &self.gaps
    }

    /// The change of a key.
    #[inline]
    pub(crate) fn get(&self, key: &[u8]) -> Option<Record<'_>> {
        let entry = self.blocks().get(&self.arena, key)?;
        Some(self.arena.record(entry.place))
    }

    /// The changes in key order.
    #[cfg(test)]
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = Record<'_>> {
        self.blocks().iter().map(|entry| self.arena.record(entry.place))
    }

    /// The changes in key order, to be gone through to the end.
    pub(crate) fn iter_all(&self) -> impl Iterator<Item = Record<'_>> {
        gather(&self.arena, self.blocks().list())
    }

    /// The first key of all, changes and deletions.
    pub(crate) fn first_key(&self) -> Option<&[u8]> {
        self.blocks().iter().next().map(|entry| self.arena.key(entry.place))
    }

    /// Whether the changes came in key order, but for a few. O(n) where they did.
    pub(crate) fn came_in_order(&self) -> bool {
        let mut before = None;
        let is_behind = |entry: Entry| before.replace(entry.place).is_none_or(|before| before < entry.place);
        nearly_all(self.len(), self.blocks().iter().map(is_behind))
    }

    /// The settled order. O(n log n) in the changes since the last call.
    #[inline]
    pub(crate) fn blocks(&self) -> &Blocks {
        if let Some(ready) = &self.ready {
            return ready;
        }
        self.settled.get_or_init(|| {
            let mut unsettled = self.unsettled.lock().unwrap_or_else(PoisonError::into_inner);
            unsettled.settle(&self.arena);
            mem::take(&mut unsettled.blocks)
        })
    }

    /// The record of an entry of [`blocks`](Self::blocks).
    #[inline]
    pub(crate) fn record(&self, entry: Entry) -> Record<'_> {
        self.arena.record(entry.place)
    }

    /// Asks for the record some entries on from a spot, or back from it. A hint.
    #[inline]
    pub(crate) fn prefetch<const FORWARD: bool>(&self, spot: Spot) {
        self.blocks().prefetch::<FORWARD>(&self.arena, spot);
    }

    /// The key of the change behind a spot.
    pub(crate) fn key_at(&self, spot: Spot) -> Option<&[u8]> {
        self.blocks().at(spot).map(|entry| self.record(entry).0)
    }

    /// The key of the change behind a spot against `key`.
    pub(crate) fn compare_at(&self, spot: Spot, key: &[u8]) -> Option<Ordering> {
        self.blocks().compare_at(&self.arena, spot, key)
    }

    /// The spot before the first change at or above `key`, and whether it is of this key.
    pub(crate) fn lower(&self, key: &[u8]) -> (Spot, bool) {
        self.blocks().lower(&self.arena, key)
    }

    /// Takes the changes and gaps of `newer` over its own. Bytes of any number change hands without a copy; O(changes of
    /// `newer`), and with gaps what it takes to settle.
    pub(crate) fn absorb(&mut self, newer: Self) {
        newer.gaps.iter().for_each(|(start, end)| self.gap(start, end));
        let mut changes = newer.unsettled.into_inner().unwrap_or_else(PoisonError::into_inner);
        let blocks =
            newer.ready.or_else(|| newer.settled.into_inner()).unwrap_or_else(|| mem::take(&mut changes.blocks));
        let moved = self.arena.absorb(newer.arena);
        let Self { arena, ready, settled, unsettled, .. } = self;
        let unsettled = open(ready, settled, unsettled);
        for entry in blocks.iter().chain(changes.tail) {
            let place = moved.place(entry.place);
            unsettled.push(arena, Entry::new(arena.key(place), 0, place));
        }
        if self.arena.used() >= self.settle_at {
            self.tidy(0);
        }
    }

    /// Settles, and gives back the room of what was replaced or dropped if that outweighs the rest, or is `most` bytes or
    /// more where that is not 0.
    pub(crate) fn tidy(&mut self, most: usize) {
        let dead = self.settle().dead();
        let live = self.arena.used().saturating_sub(dead);
        if dead > live || (most > 0 && dead >= most) {
            self.compact();
        }
        self.settle_at = self.arena.used().saturating_mul(2).max(SETTLE);
    }

    fn compact(&mut self) {
        if !self.levels.is_empty() {
            return self.compact_levels();
        }
        let mut blocks = mem::take(self.settle());
        let from = mem::take(&mut self.arena);
        blocks.relocate(|entry| Entry { head: entry.head, place: self.arena.copy(&from, entry.place) });
        self.open().blocks = blocks;
    }

    /// Settles what is to be read next.
    pub(crate) fn make_ready(&mut self) {
        if self.ready.is_none() && self.only().is_none() {
            self.ready = Some(mem::take(self.settle()));
        }
    }

    pub(super) fn settle(&mut self) -> &mut Blocks {
        self.open();
        let unsettled = self.unsettled.get_mut().unwrap_or_else(PoisonError::into_inner);
        unsettled.settle(&self.arena);
        &mut unsettled.blocks
    }

    #[inline]
    pub(super) fn open(&mut self) -> &mut Unsettled {
        open(&mut self.ready, &mut self.settled, &mut self.unsettled)
    }
}

/// Whether a change is not above the one before it, where the heads do not say that it is.
#[cold]
fn is_mixed(arena: &Arena, last: Entry, entry: Entry) -> bool {
    last.compare(arena, entry).is_ge()
}

/// The order where all is settled, wherever it is kept.
#[inline]
fn in_order<'u>(
    ready: &'u mut Option<Blocks>,
    settled: &'u mut OnceLock<Blocks>,
    unsettled: &'u mut Mutex<Unsettled>,
) -> &'u mut Blocks {
    match ready.as_mut().or_else(|| settled.get_mut()) {
        Some(order) => order,
        None => &mut unsettled.get_mut().unwrap_or_else(PoisonError::into_inner).blocks,
    }
}

/// The order as it can be added to.
#[inline]
fn open<'u>(
    ready: &mut Option<Blocks>,
    settled: &mut OnceLock<Blocks>,
    unsettled: &'u mut Mutex<Unsettled>,
) -> &'u mut Unsettled {
    let unsettled = unsettled.get_mut().unwrap_or_else(PoisonError::into_inner);
    if ready.is_some() {
        unsettled.blocks = ready.take().unwrap_or_default();
    } else if let Some(blocks) = settled.take() {
        unsettled.blocks = blocks;
    }
    unsettled
}
