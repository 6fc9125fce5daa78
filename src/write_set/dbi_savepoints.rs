//! Savepoints of one DBI's changes: what is needed to undo everything after a savepoint began.
//!
//! Records are only appended, so those after a savepoint's mark in the arena are new. Of the state before the
//! savepoint, the entries that were replaced or dropped are saved, and a log says which gaps were replaced. Beginning
//! a savepoint costs nothing. Keeping or undoing it costs O(changes in it), however deeply it is nested.

use std::mem;

use crate::write_set::arena::{Arena, RecordRef};
use crate::write_set::blocks::Blocks;
use crate::write_set::changes::{DbiChanges, change_bytes};
use crate::write_set::entry::Entry;

/// An open savepoint that has changed this DBI.
#[derive(Debug)]
pub(super) struct DbiSavepoint {
    /// The number of savepoints that were open when this one began, itself included.
    depth: usize,
    /// The records from this position on were written after the savepoint began.
    mark: RecordRef,
    /// The bytes of the arena, and the dead ones among them, when it began.
    used: usize,
    dead: usize,
    /// The number of saved entries, and the length of the log of gaps, when it began.
    saved: usize,
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

    /// If the savepoint at `depth` has not changed this DBI yet, sorts the changes and notes their present state,
    /// so that it can be restored. Returns whether this was the savepoint's first change here.
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
        let blocks = self.sort_tail();
        let savepoint = DbiSavepoint { depth, mark, used, dead: blocks.dead(), saved: blocks.saved().len(), gaps: 0 };
        blocks.save_below(Some(mark));
        self.savepoints.push(DbiSavepoint { gaps: self.gaps.begin_log(), ..savepoint });
    }

    /// Merges the changes of the newest savepoint, at `depth`, into the savepoint around it, or into the transaction
    /// if there is none. Returns whether the outer savepoint had changed nothing here.
    pub(crate) fn keep(&mut self, depth: usize) -> bool {
        let Some(savepoint) = self.savepoints.pop() else { return false };
        let outer = self.savepoints.last().filter(|outer| outer.depth + 1 == depth);
        if outer.is_none() && depth > 1 {
            self.savepoints.push(DbiSavepoint { depth: depth - 1, ..savepoint });
            return true;
        }
        let mark = outer.map(|outer| outer.mark);
        let mut order = mem::take(self.sort_tail());
        order.save_below(mark);
        order.release_saved(&self.arena, savepoint.saved);
        if mark.is_none() {
            self.gaps.end_log();
        }
        self.put_back(order);
        false
    }

    /// Undoes the changes of the newest savepoint.
    pub(crate) fn undo(&mut self) {
        let Some(savepoint) = self.savepoints.pop() else { return };
        let outer = self.savepoints.last().map(|outer| outer.mark);
        self.make_appendable().drop_tail();
        let mut order = mem::take(self.sort_tail());
        order.save_below(None);
        for record in self.arena.records_from(savepoint.mark) {
            let key = self.arena.key(record);
            if order.get(&self.arena, key).is_some_and(|entry| entry.record >= savepoint.mark) {
                order.remove(&self.arena, key);
            }
        }
        let saved = order.take_saved(savepoint.saved);
        order.merge_unsorted(&self.arena, saved.into_iter().map(|entry| as_added(&self.arena, entry)).collect(), false);
        order.set_dead(savepoint.dead);
        order.save_below(outer);
        self.arena.truncate(savepoint.mark, savepoint.used);
        self.gaps.undo(savepoint.gaps);
        if self.savepoints.is_empty() {
            self.gaps.end_log();
        }
        self.put_back(order);
    }

    /// Frees the memory of records that nothing refers to, not even a savepoint. The other records keep their order.
    pub(super) fn compact_savepoints(&mut self) {
        let mut order = mem::take(self.sort_tail());
        let from = mem::take(&mut self.arena);
        let mut moved: Vec<(RecordRef, RecordRef)> = Vec::with_capacity(order.len() + order.saved().len());
        moved.extend(order.iter().chain(order.saved().iter().copied()).map(|entry| (entry.record, entry.record)));
        moved.sort_unstable_by_key(|(old, _)| *old);
        // A savepoint's mark separates the records before it from those after it. Records are copied in their order, so
        // the mark gets its new position when the copying reaches it.
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
        order.save_below(self.savepoints.last().map(|savepoint| savepoint.mark));
        self.make_appendable().take(order);
    }
}

/// The entry as it was when it was added: its head is the first bytes of its key.
fn as_added(arena: &Arena, entry: Entry) -> Entry {
    Entry::new(arena.key(entry.record), 0, entry.record)
}

impl Blocks {
    /// From now on, saves an entry whose record is before `mark` when it is replaced or dropped. With `None`, saves
    /// none.
    pub(super) fn save_below(&mut self, mark: Option<RecordRef>) {
        self.mark = mark;
    }

    /// The saved entries.
    pub(super) fn saved(&self) -> &[Entry] {
        &self.saved
    }

    /// Takes the saved entries from index `from` on.
    pub(super) fn take_saved(&mut self, from: usize) -> Vec<Entry> {
        self.saved.split_off(from.min(self.saved.len()))
    }

    /// Releases the saved entries from index `from` on, except those that `mark` still saves.
    pub(super) fn release_saved(&mut self, arena: &Arena, from: usize) {
        for entry in self.take_saved(from) {
            self.retire(arena, entry);
        }
    }

    /// Called for an entry that was replaced or dropped: saves it, or counts its record as dead.
    #[inline]
    pub(super) fn retire(&mut self, arena: &Arena, entry: Entry) {
        if self.mark.is_some_and(|mark| entry.record < mark) {
            self.saved.push(entry);
        } else {
            self.dead += arena.len_at(entry.record);
        }
    }

    pub(super) fn set_dead(&mut self, dead: usize) {
        self.dead = dead;
    }
}
