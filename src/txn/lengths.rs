//! The number of entries of DBIs, kept for those that a transaction has counted.

use std::cell::RefCell;

use crate::catalog::DbiSlot;

/// The known lengths, by the slots of the DBIs. The first request counts. After that each change updates the
/// length, so that a loop that writes and requests the length does not count each time.
#[derive(Debug, Default)]
pub(crate) struct Lengths(RefCell<Vec<(DbiSlot, u64)>>);

impl Lengths {
    /// Whether none is known: then changes have nothing to update.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }

    /// The length of the DBI with this slot, if it is known.
    pub(crate) fn get(&self, slot: DbiSlot) -> Option<u64> {
        self.0.borrow().iter().find(|(known, _)| *known == slot).map(|(_, length)| *length)
    }

    /// Keeps a length that was counted.
    pub(crate) fn set(&self, slot: DbiSlot, length: u64) {
        let mut all = self.0.borrow_mut();
        match all.iter_mut().find(|(known, _)| *known == slot) {
            Some(known) => known.1 = length,
            None => all.push((slot, length)),
        }
    }

    /// Updates the length by the entries inserted and removed.
    pub(crate) fn change(&self, slot: DbiSlot, more: u64, fewer: u64) {
        let mut all = self.0.borrow_mut();
        if let Some(at) = all.iter().position(|(known, _)| *known == slot) {
            match all[at].1.saturating_add(more).checked_sub(fewer) {
                Some(length) => all[at].1 = length,
                // More entries were removed than a damaged record counted. The length is forgotten: counting again
                // reports the damage.
                None => drop(all.swap_remove(at)),
            }
        }
    }

    /// Forgets the length of the DBI with this slot.
    pub(crate) fn forget(&self, slot: DbiSlot) {
        self.0.borrow_mut().retain(|(known, _)| *known != slot);
    }

    /// The known lengths, for [`restore`](Self::restore).
    pub(crate) fn save(&self) -> Vec<(DbiSlot, u64)> {
        self.0.borrow().clone()
    }

    /// Returns to the saved lengths. Lengths that were counted after the save are forgotten.
    pub(crate) fn restore(&self, saved: Vec<(DbiSlot, u64)>) {
        *self.0.borrow_mut() = saved;
    }
}
