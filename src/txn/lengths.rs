//! The number of entries of DBIs, kept for those that a transaction has counted.

use std::cell::RefCell;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::catalog::DbiSlot;

/// The known lengths, by the slots of the DBIs. The first request counts. After that each change updates the
/// length, so that a loop that writes and requests the length does not count each time.
#[derive(Debug, Default)]
pub(crate) struct Lengths {
    known: RefCell<Vec<(DbiSlot, u64)>>,
    of_readers: SharedLengths,
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
        self.of_readers.lock().clone_from(&self.known.borrow());
        &self.of_readers
    }

    /// Whether none is known: then changes have nothing to update.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.known.borrow().is_empty()
    }

    /// The length of the DBI with this slot, if it is known.
    pub(crate) fn get(&self, slot: DbiSlot) -> Option<u64> {
        self.known.borrow().iter().find(|(known, _)| *known == slot).map(|(_, length)| *length)
    }

    /// Keeps a length that was counted.
    pub(crate) fn set(&self, slot: DbiSlot, length: u64) {
        let mut all = self.known.borrow_mut();
        match all.iter_mut().find(|(known, _)| *known == slot) {
            Some(known) => known.1 = length,
            None => all.push((slot, length)),
        }
    }

    /// Updates the length by the entries inserted and removed.
    pub(crate) fn change(&self, slot: DbiSlot, more: u64, fewer: u64) {
        let mut all = self.known.borrow_mut();
        if let Some(at) = all.iter().position(|(known, _)| *known == slot) {
            match all[at].1.saturating_add(more).checked_sub(fewer) {
                Some(length) => all[at].1 = length,
                // More entries were removed than were counted, so a damaged record has made the length too low. The
                // length is forgotten, and the next counting reports the damage.
                None => drop(all.swap_remove(at)),
            }
        }
    }

    /// Forgets the length of the DBI with this slot.
    pub(crate) fn forget(&self, slot: DbiSlot) {
        self.known.borrow_mut().retain(|(known, _)| *known != slot);
    }

    /// The known lengths, for [`restore`](Self::restore).
    pub(crate) fn save(&self) -> Vec<(DbiSlot, u64)> {
        self.known.borrow().clone()
    }

    /// Returns to the saved lengths. Lengths that were counted after the save are forgotten.
    pub(crate) fn restore(&self, saved: Vec<(DbiSlot, u64)>) {
        *self.known.borrow_mut() = saved;
    }
}
