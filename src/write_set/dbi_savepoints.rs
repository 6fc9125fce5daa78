//! Savepoints of one DBI's changes: what is needed to undo everything after a savepoint began.
//!
//! Records are appended, so those after a savepoint's mark in the arena are new. Of the state before the savepoint, the
//! entries that were replaced or dropped are kept, and the gaps as they were. Beginning a savepoint costs nothing;
//! keeping or undoing it costs O(changes in it), however deeply it is nested.

use std::mem;

use crate::write_set::arena::{Arena, RecordRef};
use crate::write_set::blocks::Blocks;
use crate::write_set::changes::{DbiChanges, change_bytes};
use crate::write_set::entry::Entry;

/// An open savepoint that has changed this DBI.
#[derive(Debug)]
pub(super) struct DbiSavepoint {
    /// The number of savepoints that were open when it began, itself included.
    depth: usize,
    /// The records from here on were written after it began.
    mark: RecordRef,
    /// The bytes of the arena, and the dead ones among them, when it began.
    used: usize,
    dead: usize,
    /// The numbers of kept entries and of logged gaps when it began.
    lost: usize,
    gaps: usize,
}

impl DbiChanges {
    /// The bytes that another change of `key` frees within `depth` savepoints: those of its present record, unless
    /// a savepoint may restore it.
    pub(crate) fn bytes_replaced(&self, depth: usize, key: &[u8]) -> usize {
        let mark = self.savepoints.last().map(|savepoint| savepoint.mark);
        if depth > 0 && self.savepoints.last().is_none_or(|savepoint| savepoint.depth != depth) {
            return 0;
        }
        let entry = self.blocks().get(&self.arena, key).filter(|entry| mark.is_none_or(|mark| entry.record >= mark));
        entry.map_or(0, |entry| {
            let (key, value) = self.arena.record(entry.record);
            change_bytes(key, value)
        })
    }

    /// If the savepoint at `depth` has not changed this DBI yet, notes the present state, to be restored, and
    /// settles the order. Returns whether the savepoint had changed nothing here before.
    #[inline]
    pub(crate) fn enter(&mut self, depth: usize) -> bool {
        if self.savepoints.last().is_some_and(|savepoint| savepoint.depth == depth) {
            return false;
        }
        self.begin(depth);
        true
    }

    #[cold]
    fn begin(&mut self, depth: usize) {
        let (mark, used) = (self.arena.next_record(), self.arena.used());
        let blocks = self.settle();
        let savepoint = DbiSavepoint { depth, mark, used, dead: blocks.dead(), lost: blocks.lost().len(), gaps: 0 };
        blocks.keep_below(Some(mark));
        self.savepoints.push(DbiSavepoint { gaps: self.gaps.begin_log(), ..savepoint });
    }

    /// Gives the changes of the newest savepoint, at `depth`, to the savepoint around it, or keeps them for good.
    /// Returns whether the outer savepoint had changed nothing here.
    pub(crate) fn keep(&mut self, depth: usize) -> bool {
        let Some(savepoint) = self.savepoints.pop() else { return false };
        let around = self.savepoints.last().filter(|around| around.depth + 1 == depth);
        if around.is_none() && depth > 1 {
            self.savepoints.push(DbiSavepoint { depth: depth - 1, ..savepoint });
            return true;
        }
        let mark = around.map(|around| around.mark);
        let mut order = mem::take(self.settle());
        order.keep_below(mark);
        order.forget_lost(&self.arena, savepoint.lost);
        if mark.is_none() {
            self.gaps.end_log();
        }
        self.put_back(order);
        false
    }

    /// Undoes the changes of the newest savepoint.
    pub(crate) fn undo(&mut self) {
        let Some(savepoint) = self.savepoints.pop() else { return };
        let around = self.savepoints.last().map(|around| around.mark);
        self.open().drop_tail();
        let mut order = mem::take(self.settle());
        order.keep_below(None);
        for record in self.arena.records_from(savepoint.mark) {
            let key = self.arena.key(record);
            if order.get(&self.arena, key).is_some_and(|entry| entry.record >= savepoint.mark) {
                order.remove(&self.arena, key);
            }
        }
        let lost = order.take_lost(savepoint.lost);
        order.settle(&self.arena, lost.into_iter().map(|entry| as_added(&self.arena, entry)).collect(), false);
        order.set_dead(savepoint.dead);
        order.keep_below(around);
        self.arena.truncate(savepoint.mark, savepoint.used);
        self.gaps.undo(savepoint.gaps);
        if self.savepoints.is_empty() {
            self.gaps.end_log();
        }
        self.put_back(order);
    }

    /// Frees the memory of records that nothing refers to, not even a savepoint. The other records keep their order.
    pub(super) fn compact_savepoints(&mut self) {
        let mut order = mem::take(self.settle());
        let from = mem::take(&mut self.arena);
        let mut moved: Vec<(RecordRef, RecordRef)> = Vec::with_capacity(order.len() + order.lost().len());
        moved.extend(order.iter().chain(order.lost().iter().copied()).map(|entry| (entry.record, entry.record)));
        moved.sort_unstable_by_key(|(old, _)| *old);
        // Moves each savepoint's mark when the copying reaches it.
        let mut savepoints = self.savepoints.iter_mut().peekable();
        let begin = |savepoint: &mut DbiSavepoint, arena: &Arena| {
            (savepoint.mark, savepoint.used, savepoint.dead) = (arena.next_record(), arena.used(), 0);
        };
        for (old, new) in &mut moved {
            while let Some(savepoint) = savepoints.next_if(|savepoint| savepoint.mark <= *old) {
                begin(savepoint, &self.arena);
            }
            *new = self.arena.copy(&from, *old);
        }
        savepoints.for_each(|savepoint| begin(savepoint, &self.arena));
        let moved_to = |old: RecordRef| match moved.binary_search_by_key(&old, |(old, _)| *old) {
            Ok(at) => moved[at].1,
            Err(_) => old,
        };
        order.relocate(|entry| Entry { head: entry.head, record: moved_to(entry.record) });
        order.keep_below(self.savepoints.last().map(|savepoint| savepoint.mark));
        self.open().take(order);
    }
}

/// The entry with the first bytes of its key as its head, as when it was added.
fn as_added(arena: &Arena, entry: Entry) -> Entry {
    Entry::new(arena.key(entry.record), 0, entry.record)
}

impl Blocks {
    /// From now on, keeps an entry whose record is before `mark` when it is replaced or dropped. With `None`, keeps
    /// none.
    pub(super) fn keep_below(&mut self, mark: Option<RecordRef>) {
        self.mark = mark;
    }

    /// The kept entries.
    pub(super) fn lost(&self) -> &[Entry] {
        &self.lost
    }

    /// Takes the kept entries from index `from` on.
    pub(super) fn take_lost(&mut self, from: usize) -> Vec<Entry> {
        self.lost.split_off(from.min(self.lost.len()))
    }

    /// Forgets the kept entries from index `from` on, except those that `mark` still keeps.
    pub(super) fn forget_lost(&mut self, arena: &Arena, from: usize) {
        for entry in self.take_lost(from) {
            self.lose(arena, entry);
        }
    }

    /// Called for an entry that was replaced or dropped: keeps it, or counts its record as dead.
    #[inline]
    pub(super) fn lose(&mut self, arena: &Arena, entry: Entry) {
        if self.mark.is_some_and(|mark| entry.record < mark) {
            self.lost.push(entry);
        } else {
            self.dead += arena.len_at(entry.record);
        }
    }

    pub(super) fn set_dead(&mut self, dead: usize) {
        self.dead = dead;
    }
}
