//! The changes of one DBI: puts and deletions by key, and the gaps beneath them.

use std::cmp::Ordering;
use std::mem;
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::error::{Error, Result};
use crate::write_set::arena::{Arena, HEADER, Record};
use crate::write_set::blocks::{Blocks, EntryPosition};
use crate::write_set::dbi_savepoints::DbiSavepoint;
use crate::write_set::entry::Entry;
use crate::write_set::gaps::{Gaps, size};
use crate::write_set::gather::gather;
use crate::write_set::sort::nearly_all;

/// The bytes that are counted for a change besides those of its record: for its entry, and for the spare capacity of
/// the entry's block.
const ENTRY_BYTES: usize = 32;

/// Changes that were not read are sorted when the arena reaches this many bytes, and each time that it has doubled.
/// Only sorting shows how many of its records are dead (replaced or dropped), and so whether memory can be freed.
const SORT_AT_BYTES: usize = 64 << 20;

/// Dead records of up to this many bytes stay in the arena, because freeing their memory copies the live records.
const MAX_DEAD_KEPT: usize = 64 << 10;

/// Ascending changes are appended to the sorted blocks in pieces of this many, while the piece is in the cache.
pub(super) const PIECE: usize = 4096;

/// How many changes are sampled to estimate the number of deletions.
const SAMPLE: usize = 1024;

/// Memory for up to this many entries is kept for the next transaction.
const KEPT: usize = 1024;

/// The changes of one DBI by key, over gaps: deleted ranges. The newest change of a key wins.
///
/// A write appends a record to the arena and an entry to an unsorted tail. The first read after it sorts the tail and
/// merges it into the sorted blocks. So all writes without a read cost one sort, or none if keys ascend. Reads take
/// `&self`, and lock nothing once the tail is sorted; writes take `&mut self` and never lock.
#[derive(Debug, Default)]
pub(crate) struct DbiChanges {
    pub(super) arena: Arena,
    pub(super) gaps: Gaps,
    /// The sorted blocks, if the owner of the changes has sorted them: a small commit then uses neither of the next two
    /// fields, and so no atomic access.
    ready: Option<Blocks>,
    /// The sorted blocks, if a reader has sorted them.
    sorted: OnceLock<Blocks>,
    /// The blocks, unless they are in one of the two fields above, and the unsorted tail.
    appendable: Mutex<BlocksAndTail>,
    /// The size of the arena at which the changes are sorted next, to find the memory of dead records.
    sort_at: usize,
    /// The open savepoints that have changed this DBI, the outermost first.
    pub(super) savepoints: Vec<DbiSavepoint>,
}

#[derive(Debug, Default)]
pub(super) struct BlocksAndTail {
    /// The sorted blocks; empty while they are in `ready` or `sorted`.
    blocks: Blocks,
    /// The changes after the last sort, in the order in which they were made.
    tail: Vec<Entry>,
    /// Whether a key of the tail is not above the one before it.
    is_out_of_order: bool,
}

impl BlocksAndTail {
    /// Removes the changes that are not sorted yet.
    pub(super) fn drop_tail(&mut self) {
        self.tail.clear();
        self.is_out_of_order = false;
    }

    pub(super) fn take(&mut self, blocks: Blocks) {
        self.blocks = blocks;
    }

    fn sort_tail(&mut self, arena: &Arena) {
        if !self.tail.is_empty() || self.blocks.is_appended() {
            let ascends = !mem::take(&mut self.is_out_of_order);
            self.blocks.merge_unsorted(arena, mem::take(&mut self.tail), ascends);
        }
    }

    #[inline]
    fn push(&mut self, arena: &Arena, entry: Entry) {
        if self.tail.len() == self.tail.capacity() {
            self.make_room(arena);
        }
        if !self.is_out_of_order
            && let Some(last) = self.tail.last()
            && last.head >= entry.head
        {
            self.is_out_of_order = is_out_of_order(arena, *last, entry);
        }
        self.tail.push(entry);
    }

    #[cold]
    fn make_room(&mut self, arena: &Arena) {
        // Compare with `>=`: the tail may be longer than `PIECE`. This function runs when the tail's memory is full,
        // and the capacity may skip that number, because it doubles or is that of an earlier transaction.
        if self.tail.len() >= PIECE && !self.is_out_of_order && self.blocks.append(arena, &self.tail) {
            self.tail.clear();
            return;
        }
        // The capacity doubles while it is small, and then grows by a quarter, so that little memory stays unused.
        let more = if self.tail.len() < PIECE { self.tail.len().max(4) } else { self.tail.len() / 4 };
        self.tail.reserve_exact(more);
    }
}

/// The bytes that [`DbiChanges::bytes`] counts for a change.
#[inline]
pub(crate) fn change_bytes(key: &[u8], value: Option<&[u8]>) -> usize {
    ENTRY_BYTES + HEADER + key.len() + value.map_or(0, <[u8]>::len)
}

impl DbiChanges {
    pub(crate) fn new() -> Self {
        Self { sort_at: SORT_AT_BYTES, ..Self::default() }
    }

    /// Stores `value` under `key`. Amortized O(1).
    ///
    /// # Errors
    /// `TooLarge` for keys from 64 KiB and values over 2 GiB.
    #[inline]
    #[cfg(test)]
    pub(crate) fn put(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
        self.change(key, Some(value))
    }

    /// Deletes `key`. Amortized O(1).
    ///
    /// # Errors
    /// `TooLarge` for keys from 64 KiB.
    #[inline]
    #[cfg(test)]
    pub(crate) fn delete(&mut self, key: &[u8]) -> Result<()> {
        self.change(key, None)
    }

    #[inline]
    pub(crate) fn change(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<()> {
        if let Some(order) = self.ready.as_ref().or_else(|| self.sorted.get())
            && order.len() > 0
        {
            return self.change_in_order(key, value);
        }
        let record = self.arena.push(key, value)?;
        let Self { arena, ready, sorted, appendable, .. } = self;
        make_appendable(ready, sorted, appendable).push(arena, Entry::new(key, 0, record));
        if self.arena.used() >= self.sort_at {
            self.tidy(0);
        }
        Ok(())
    }

    #[inline(never)]
    fn change_in_order(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<()> {
        let at = self.lower(key);
        self.change_at(key, value, at)?;
        if !at.1 {
            // The change added a key, so more may follow. As long as no read comes in between, later changes go to the
            // tail, to be sorted together.
            self.make_appendable();
        }
        Ok(())
    }

    /// As [`change`](Self::change), at the position that [`lower`](Self::lower) found for `key`. Nothing may have
    /// changed since then.
    ///
    /// Puts the change into its block at once, since reads come between changes. A value of the same length overwrites
    /// the old one in place, unless a savepoint may restore it.
    pub(crate) fn change_at(&mut self, key: &[u8], value: Option<&[u8]>, at: (EntryPosition, bool)) -> Result<()> {
        let Self { arena, ready, sorted, appendable, .. } = self;
        let order = sorted_blocks(ready, sorted, appendable);
        if let (Some(value), true) = (value, at.1)
            && let Some(entry) = order.at(at.0)
            && order.mark.is_none_or(|mark| entry.record >= mark)
            && arena.overwrite(entry.record, value)
        {
            return Ok(());
        }
        let record = arena.push(key, value)?;
        let old = if at.1 { order.at(at.0) } else { None };
        order.take(arena, record, at);
        self.shrink(old);
        Ok(())
    }

    /// Stores a value of `len` bytes under `key`: zeros, which `fill` overwrites. If `fill` fails or panics, nothing
    /// changes. The old value of the key stays in place until `fill` has returned.
    ///
    /// # Errors
    /// As [`change`](Self::change), and what `fill` returns.
    pub(crate) fn put_filled<E: From<Error>>(
        &mut self,
        key: &[u8],
        len: usize,
        fill: impl FnOnce(&mut [u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let record = self.arena.push_filled(key, len, fill)?;
        if self.blocks().len() > 0 {
            let at = self.lower(key);
            let Self { arena, ready, sorted, appendable, .. } = self;
            let order = sorted_blocks(ready, sorted, appendable);
            let old = if at.1 { order.at(at.0) } else { None };
            order.take(arena, record, at);
            self.shrink(old);
        } else {
            let Self { arena, ready, sorted, appendable, .. } = self;
            make_appendable(ready, sorted, appendable).push(arena, Entry::new(key, 0, record));
            self.shrink(None);
        }
        Ok(())
    }

    /// Frees the memory of dead records if they outweigh the live ones, and that of `old`, which was replaced, if it is
    /// large.
    #[inline]
    fn shrink(&mut self, old: Option<Entry>) {
        let Self { arena, ready, sorted, appendable, .. } = self;
        let order = sorted_blocks(ready, sorted, appendable);
        // While a savepoint is open, `old` is kept: the savepoint may restore it.
        if let Some(old) = old
            && self.savepoints.is_empty()
            && arena.is_large(old.record)
        {
            order.free(arena.take_chunk(old.record).len());
        }
        let dead = order.dead();
        if dead > MAX_DEAD_KEPT && dead > self.arena.used() / 2 {
            self.compact();
        } else if self.arena.used() >= self.sort_at {
            self.tidy(0);
        }
    }

    /// Removes the change after a position of the sorted blocks. The layers below do not have its key, so no deletion
    /// is needed.
    pub(crate) fn forget_at(&mut self, position: EntryPosition) {
        let Self { arena, ready, sorted, appendable, .. } = self;
        let order = sorted_blocks(ready, sorted, appendable);
        order.drop_at(arena, position);
        let (is_empty, dead) = (order.len() == 0, order.dead());
        if is_empty || (dead > MAX_DEAD_KEPT && dead > self.arena.used() / 2) {
            let order = mem::take(self.sort_tail());
            self.put_back(order);
        }
    }

    /// The only change, if there is exactly one and no gap: it can be read without sorting.
    #[inline]
    pub(crate) fn only(&self) -> Option<Record<'_>> {
        if self.gaps.is_empty() && self.savepoints.is_empty() { self.arena.only() } else { None }
    }

    /// Removes all changes, and keeps their memory for the next ones if they were few.
    pub(crate) fn reset(&mut self) {
        self.arena.reset();
        if !self.gaps.is_empty() {
            self.gaps = Gaps::default();
        }
        let appendable = self.make_appendable();
        appendable.tail.clear();
        let room = appendable.blocks.reset();
        if room.capacity() > 0 {
            appendable.tail = room;
        }
        if appendable.tail.capacity() > KEPT {
            appendable.tail = Vec::new();
        }
        self.sort_at = SORT_AT_BYTES;
    }

    /// Deletes the keys from `start` to before `end`, or to the end, here and in all layers below.
    pub(crate) fn gap(&mut self, start: &[u8], end: Option<&[u8]>) {
        if end.is_some_and(|end| end <= start) {
            return;
        }
        self.gaps.add(start, end);
        if start.is_empty() && end.is_none() && self.savepoints.is_empty() {
            self.arena = Arena::default();
            *self.make_appendable() = BlocksAndTail::default();
            return;
        }
        let blocks = self.sort_tail();
        let mut order = mem::take(blocks);
        let from = order.lower(&self.arena, start).0;
        let to = end.map_or_else(|| order.end(), |end| order.lower(&self.arena, end).0);
        order.drop_between(&self.arena, from, to);
        self.put_back(order);
    }

    /// Replaces the deletions of the keys `deleted` by one gap. The layers below show no other key in the gap. Puts in
    /// the gap stay.
    pub(crate) fn add_gap_keeping_puts(&mut self, start: &[u8], end: Option<&[u8]>, deleted: &[Vec<u8>]) {
        self.gaps.add(start, end);
        if deleted.is_empty() {
            return;
        }
        let blocks = self.sort_tail();
        let mut order = mem::take(blocks);
        for key in deleted {
            order.remove(&self.arena, key);
        }
        self.put_back(order);
    }

    /// Takes back sorted blocks from which entries were dropped. Frees all records if no entry is left; copies the live
    /// records to a new arena if most records are dead.
    pub(super) fn put_back(&mut self, order: Blocks) {
        let (is_empty, dead) = (order.len() == 0 && order.saved().is_empty(), order.dead());
        let is_empty = is_empty && self.savepoints.is_empty();
        self.make_appendable().blocks = if is_empty { Blocks::default() } else { order };
        if is_empty {
            self.arena.reset();
        } else if dead > MAX_DEAD_KEPT && dead > self.arena.used() / 2 {
            self.compact();
        }
    }

    /// About how many bytes of memory the changes take.
    pub(crate) fn bytes(&self) -> usize {
        #[cfg(test)]
        crate::page::steps::note();
        if let Some((key, value)) = self.only() {
            return change_bytes(key, value);
        }
        let len = self.ready.as_ref().or_else(|| self.sorted.get()).map_or_else(
            || {
                let appendable = self.appendable.lock().unwrap_or_else(PoisonError::into_inner);
                appendable.blocks.len() + appendable.tail.len()
            },
            Blocks::len,
        );
        self.arena.used() + len * ENTRY_BYTES + self.gaps.bytes()
    }

    /// Whether nothing is changed.
    pub(crate) fn is_empty(&self) -> bool {
        // A non-empty arena may have only dead records. Then only the sorted blocks show that nothing is changed.
        self.gaps.is_empty() && (self.arena.used() == 0 || (self.only().is_none() && self.blocks().len() == 0))
    }

    /// The bytes kept for the next transaction.
    pub(crate) fn spare_bytes(&self) -> usize {
        self.arena.spare_bytes()
    }

    /// The memory kept for the next transaction, taken out: see [`Arena::take_spare`].
    pub(crate) fn take_spare(&mut self) -> Vec<Vec<u8>> {
        self.arena.take_spare()
    }

    /// The bytes that [`bytes`](Self::bytes) counts for a gap.
    pub(crate) fn gap_bytes(start: &[u8], end: Option<&[u8]>) -> usize {
        size(start, end)
    }

    /// The number of keys that are put or deleted.
    pub(crate) fn len(&self) -> usize {
        self.blocks().len()
    }

    /// Estimates the number of deleted keys from a sample, spread over all changes.
    pub(crate) fn deletions(&self) -> usize {
        // The step is odd, because puts and deletions may alternate: an even step would meet only one kind.
        let step = (self.len() / SAMPLE) | 1;
        let (mut seen, mut deleted) = (0, 0);
        for entry in self.each(step) {
            seen += 1;
            deleted += usize::from(self.record(entry).1.is_none());
        }
        self.len() * deleted / seen.max(1)
    }

    /// The key of every `step`-th change.
    pub(crate) fn spread(&self, step: usize) -> impl Iterator<Item = &[u8]> {
        self.each(step).map(|entry| self.record(entry).0)
    }

    fn each(&self, step: usize) -> impl Iterator<Item = Entry> {
        let blocks = self.blocks();
        let mut position = EntryPosition::default();
        std::iter::from_fn(move || {
            let entry = blocks.at(position)?;
            position = blocks.skip(position, step);
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
        Some(self.arena.record(entry.record))
    }

    /// The changes in key order.
    #[cfg(test)]
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = Record<'_>> {
        self.blocks().iter().map(|entry| self.arena.record(entry.record))
    }

    /// The changes in key order, for a scan to the end: records are prefetched.
    pub(crate) fn iter_all(&self) -> impl Iterator<Item = Record<'_>> {
        gather(&self.arena, self.blocks().list())
    }

    /// The first key of all puts and deletions.
    pub(crate) fn first_key(&self) -> Option<&[u8]> {
        self.blocks().iter().next().map(|entry| self.arena.key(entry.record))
    }

    /// Whether nearly all changes came in key order. O(n) if they did.
    pub(crate) fn came_in_order(&self) -> bool {
        let mut before = None;
        let is_later = |entry: Entry| before.replace(entry.record).is_none_or(|before| before < entry.record);
        nearly_all(self.len(), self.blocks().iter().map(is_later))
    }

    /// The sorted blocks. O(n log n) in the changes since the last call.
    #[inline]
    pub(crate) fn blocks(&self) -> &Blocks {
        if let Some(ready) = &self.ready {
            return ready;
        }
        self.sorted.get_or_init(|| {
            let mut appendable = self.appendable.lock().unwrap_or_else(PoisonError::into_inner);
            appendable.sort_tail(&self.arena);
            mem::take(&mut appendable.blocks)
        })
    }

    /// The record of an entry of [`blocks`](Self::blocks).
    #[inline]
    pub(crate) fn record(&self, entry: Entry) -> Record<'_> {
        self.arena.record(entry.record)
    }

    /// Prefetches the record some entries after a position, or before it. A hint.
    #[inline]
    pub(crate) fn prefetch<const FORWARD: bool>(&self, position: EntryPosition) {
        self.blocks().prefetch::<FORWARD>(&self.arena, position);
    }

    /// The key of the change after a position.
    pub(crate) fn key_at(&self, position: EntryPosition) -> Option<&[u8]> {
        self.blocks().at(position).map(|entry| self.record(entry).0)
    }

    /// Compares the key of the change after a position with `key`.
    pub(crate) fn compare_at(&self, position: EntryPosition, key: &[u8]) -> Option<Ordering> {
        self.blocks().compare_at(&self.arena, position, key)
    }

    /// Prefetches the changes before and after a position. A hint.
    #[inline]
    pub(crate) fn prefetch_beside(&self, position: EntryPosition) {
        self.blocks().prefetch_beside(&self.arena, position);
    }

    /// The position before the first change at or above `key`, and whether it is of this key.
    pub(crate) fn lower(&self, key: &[u8]) -> (EntryPosition, bool) {
        self.blocks().lower(&self.arena, key)
    }

    /// Merges the changes and gaps of `newer` over these. Large chunks of records are moved without a copy. O(changes
    /// of `newer`), and with gaps the cost of sorting these changes.
    pub(crate) fn absorb(&mut self, newer: Self) {
        newer.gaps.iter().for_each(|(start, end)| self.gap(start, end));
        let mut changes = newer.appendable.into_inner().unwrap_or_else(PoisonError::into_inner);
        let blocks =
            newer.ready.or_else(|| newer.sorted.into_inner()).unwrap_or_else(|| mem::take(&mut changes.blocks));
        let moved = self.arena.absorb(newer.arena);
        let Self { arena, ready, sorted, appendable, .. } = self;
        let appendable = make_appendable(ready, sorted, appendable);
        for entry in blocks.iter().chain(changes.tail) {
            let record = moved.moved_to(entry.record);
            appendable.push(arena, Entry::new(arena.key(record), 0, record));
        }
        if self.arena.used() >= self.sort_at {
            self.tidy(0);
        }
    }

    /// Sorts the changes, and frees the memory of dead records if they outweigh the live ones, or if they have at
    /// least `most` bytes and `most` is not 0.
    pub(crate) fn tidy(&mut self, most: usize) {
        let dead = self.sort_tail().dead();
        let live = self.arena.used().saturating_sub(dead);
        if dead > live || (most > 0 && dead >= most) {
            self.compact();
        }
        self.sort_at = self.arena.used().saturating_mul(2).max(SORT_AT_BYTES);
    }

    fn compact(&mut self) {
        if !self.savepoints.is_empty() {
            return self.compact_savepoints();
        }
        let mut blocks = mem::take(self.sort_tail());
        let mut from = mem::take(&mut self.arena);
        blocks.relocate(|entry| Entry { head: entry.head, record: self.arena.take_over(&mut from, entry.record) });
        self.make_appendable().blocks = blocks;
    }

    /// Whether a record has a large chunk to itself.
    #[inline]
    pub(crate) fn has_large(&self) -> bool {
        self.arena.large().next().is_some()
    }

    /// Takes out the puts whose records have a large chunk to themselves, and returns their keys and chunks. The caller
    /// must commit them together with what is left.
    pub(super) fn take_large(&mut self) -> Vec<(Box<[u8]>, Vec<u8>)> {
        let mut taken = Vec::new();
        let mut order = mem::take(self.sort_tail());
        let large: Vec<_> = self.arena.large().collect();
        for record in large {
            let key: Box<[u8]> = self.arena.key(record).into();
            let is_change = order.get(&self.arena, &key).is_some_and(|entry| entry.record == record);
            if is_change {
                order.remove(&self.arena, &key);
            }
            let chunk = self.arena.take_chunk(record);
            order.free(chunk.len());
            // If the record is not the change of its key, a later change has replaced it. Then the put must not be
            // committed, and only its memory is freed.
            if is_change {
                taken.push((key, chunk));
            }
        }
        self.ready = Some(order);
        taken
    }

    /// Sorts the changes, so that the reads that follow need no lock.
    pub(crate) fn make_ready(&mut self) {
        if self.ready.is_none() && self.only().is_none() {
            self.ready = Some(mem::take(self.sort_tail()));
        }
    }

    pub(super) fn sort_tail(&mut self) -> &mut Blocks {
        self.make_appendable();
        let appendable = self.appendable.get_mut().unwrap_or_else(PoisonError::into_inner);
        appendable.sort_tail(&self.arena);
        &mut appendable.blocks
    }

    #[inline]
    pub(super) fn make_appendable(&mut self) -> &mut BlocksAndTail {
        make_appendable(&mut self.ready, &mut self.sorted, &mut self.appendable)
    }
}

/// Whether the key of `entry` is not above that of `last`, if the heads do not decide.
#[cold]
fn is_out_of_order(arena: &Arena, last: Entry, entry: Entry) -> bool {
    last.compare(arena, entry).is_ge()
}

/// The sorted blocks, in whichever of the three fields they are.
#[inline]
fn sorted_blocks<'u>(
    ready: &'u mut Option<Blocks>,
    sorted: &'u mut OnceLock<Blocks>,
    appendable: &'u mut Mutex<BlocksAndTail>,
) -> &'u mut Blocks {
    match ready.as_mut().or_else(|| sorted.get_mut()) {
        Some(order) => order,
        None => &mut appendable.get_mut().unwrap_or_else(PoisonError::into_inner).blocks,
    }
}

/// The sorted blocks and the tail, ready for appending. If the blocks are in `ready` or `sorted`, takes them back from
/// there.
#[inline]
fn make_appendable<'u>(
    ready: &mut Option<Blocks>,
    sorted: &mut OnceLock<Blocks>,
    appendable: &'u mut Mutex<BlocksAndTail>,
) -> &'u mut BlocksAndTail {
    let appendable = appendable.get_mut().unwrap_or_else(PoisonError::into_inner);
    if ready.is_some() {
        appendable.blocks = ready.take().unwrap_or_default();
    } else if let Some(blocks) = sorted.take() {
        appendable.blocks = blocks;
    }
    appendable
}
