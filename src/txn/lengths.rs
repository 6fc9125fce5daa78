//! The number of entries of DBIs, kept for those that a transaction has counted.

use std::cell::RefCell;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::catalog::DbiSlot;

/// The known lengths, by the slots of the DBIs. The first request counts. After that each change updates the
/// length, so that a loop that writes and requests the length does not count each time.
///
/// A savepoint costs nothing to begin: the first change of a length in it saves the old one, which undoing restores.
#[derive(Debug, Default)]
pub(crate) struct Lengths {
    known: RefCell<Known>,
    of_readers: SharedLengths,
}

#[derive(Debug, Default)]
struct Known {
    /// By ascending slot.
    all: Vec<(DbiSlot, Length)>,
    /// What open savepoints have replaced, the oldest first.
    saved: Vec<(DbiSlot, Option<Length>)>,
    /// The length of `saved` when each open savepoint began, the outermost first.
    savepoints: Vec<usize>,
}

#[derive(Clone, Copy, Debug)]
struct Length {
    entries: u64,
    /// How many savepoints were open when it last was saved, or came to be known.
    depth: usize,
}

/// The lengths that readers know, while nothing changes.
#[derive(Debug, Default)]
pub(crate) struct SharedLengths(Mutex<Vec<(DbiSlot, u64)>>);

impl SharedLengths {
    /// The length of the DBI with this slot, if it is known.
    pub(crate) fn get(&self, slot: DbiSlot) -> Option<u64> {
        self.lock().iter().find(|(known, _)| *known == slot).map(|(_, length)| *length)
    }

    /// Keeps a length that was counted. Threads that count at the same time find the same.
    pub(crate) fn set(&self, slot: DbiSlot, length: u64) {
        let mut all = self.lock();
        if all.iter().all(|(known, _)| *known != slot) {
            all.push((slot, length));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(DbiSlot, u64)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lengths {
    /// The lengths for readers of the present state: those that are known, to which readers add what they count. What
    /// readers of an earlier state counted is dropped.
    pub(crate) fn shared(&self) -> &SharedLengths {
        let mut of_readers = self.of_readers.lock();
        of_readers.clear();
        of_readers.extend(self.known.borrow().all.iter().map(|(slot, length)| (*slot, length.entries)));
        drop(of_readers);
        &self.of_readers
    }

    /// Whether none is known: then changes have nothing to update.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.known.borrow().all.is_empty()
    }

    /// The length of the DBI with this slot, if it is known.
    #[inline]
    pub(crate) fn get(&self, slot: DbiSlot) -> Option<u64> {
        let known = self.known.borrow();
        let at = known.position(slot).ok()?;
        known.all.get(at).map(|(_, length)| length.entries)
    }

    /// Keeps a length that was counted.
    pub(crate) fn set(&self, slot: DbiSlot, length: u64) {
        self.known.borrow_mut().set(slot, Some(length));
    }

    /// Updates the length by the entries inserted and removed.
    pub(crate) fn change(&self, slot: DbiSlot, more: u64, fewer: u64) {
        let Some(length) = self.get(slot) else { return };
        // If more entries were removed than were counted, a damaged record has made the length too low. The length is
        // forgotten, and the next counting reports the damage.
        self.known.borrow_mut().set(slot, length.saturating_add(more).checked_sub(fewer));
    }

    /// Forgets the length of the DBI with this slot.
    pub(crate) fn forget(&self, slot: DbiSlot) {
        self.known.borrow_mut().set(slot, None);
    }

    /// Begins a savepoint inside the open ones.
    pub(crate) fn begin_savepoint(&mut self) {
        let known = self.known.get_mut();
        known.savepoints.push(known.saved.len());
    }

    /// Merges the savepoint at `depth`, and those inside it, into what is around them. O(lengths that changed in them).
    pub(crate) fn keep_savepoints(&mut self, depth: usize) {
        let known = self.known.get_mut();
        while known.savepoints.len() >= depth.max(1) {
            known.keep();
        }
    }

    /// Undoes the savepoint at `depth`, and those inside it. Lengths that were counted in them are forgotten. O(lengths
    /// that changed in them).
    pub(crate) fn undo_savepoints(&mut self, depth: usize) {
        let known = self.known.get_mut();
        while known.savepoints.len() >= depth.max(1) {
            known.undo();
        }
    }
}

impl Known {
    #[inline]
    fn position(&self, slot: DbiSlot) -> Result<usize, usize> {
        self.all.binary_search_by_key(&slot, |(slot, _)| *slot)
    }

    /// Sets or forgets a length. The first change in a savepoint saves the old one.
    fn set(&mut self, slot: DbiSlot, entries: Option<u64>) {
        let (at, depth) = (self.position(slot), self.savepoints.len());
        let old = at.ok().map(|at| self.all[at].1);
        match (at, entries) {
            (Err(_), None) => return,
            // Nothing has to be saved: the usual case, without a second search.
            (Ok(at), Some(entries)) if self.all[at].1.depth == depth => {
                self.all[at].1.entries = entries;
                return;
            }
            _ => {}
        }
        // A length that was unknown when the savepoint began, and is forgotten and counted again in it, is saved twice.
        // That does no harm: undoing goes from the newest to the oldest.
        if old.is_none_or(|old| old.depth < depth) && depth > 0 {
            self.saved.push((slot, old));
        }
        self.replace(slot, entries.map(|entries| Length { entries, depth }));
    }

    fn replace(&mut self, slot: DbiSlot, length: Option<Length>) {
        match (self.position(slot), length) {
            (Ok(at), Some(length)) => self.all[at].1 = length,
            (Err(at), Some(length)) => self.all.insert(at, (slot, length)),
            (Ok(at), None) => drop(self.all.remove(at)),
            (Err(_), None) => {}
        }
    }

    fn keep(&mut self) {
        let Some(mark) = self.savepoints.pop() else { return };
        let depth = self.savepoints.len();
        let mut kept = mark;
        for at in mark..self.saved.len() {
            let (slot, old) = self.saved[at];
            // The savepoint around this one needs the old length, unless it has saved an older one itself.
            if depth > 0 && old.is_none_or(|old| old.depth < depth) {
                self.saved[kept] = (slot, old);
                kept += 1;
            }
            if let Ok(at) = self.position(slot) {
                self.all[at].1.depth = depth;
            }
        }
        self.saved.truncate(kept);
    }

    fn undo(&mut self) {
        let Some(mark) = self.savepoints.pop() else { return };
        while self.saved.len() > mark {
            let Some((slot, old)) = self.saved.pop() else { return };
            self.replace(slot, old);
        }
    }
}
