//! How many entries the databases of a transaction have, for those of which it was asked.

use std::cell::RefCell;

/// The lengths that are known, by the slots of the databases. The first question counts; from then on each change keeps the
/// length true, so that a loop that writes and asks again costs no count each time.
#[derive(Debug, Default)]
pub(crate) struct Lengths(RefCell<Vec<(usize, u64)>>);

impl Lengths {
    /// Whether none is known: then changes have nothing to keep.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }

    /// The length of the database with this slot, if it is known.
    pub(crate) fn get(&self, slot: usize) -> Option<u64> {
        self.0.borrow().iter().find(|(known, _)| *known == slot).map(|(_, length)| *length)
    }

    /// Notes a length that was counted.
    pub(crate) fn set(&self, slot: usize, length: u64) {
        let mut all = self.0.borrow_mut();
        match all.iter_mut().find(|(known, _)| *known == slot) {
            Some(known) => known.1 = length,
            None => all.push((slot, length)),
        }
    }

    /// Notes that entries came or went.
    pub(crate) fn change(&self, slot: usize, more: u64, fewer: u64) {
        let mut all = self.0.borrow_mut();
        if let Some(at) = all.iter().position(|(known, _)| *known == slot) {
            match all[at].1.saturating_add(more).checked_sub(fewer) {
                Some(length) => all[at].1 = length,
                // More were found and removed than a damaged record counts: it is asked again, and says so.
                None => drop(all.swap_remove(at)),
            }
        }
    }

    /// Forgets the length of the database with this slot.
    pub(crate) fn forget(&self, slot: usize) {
        self.0.borrow_mut().retain(|(known, _)| *known != slot);
    }

    /// What is known now, to be put back by [`restore`](Self::restore).
    pub(crate) fn save(&self) -> Vec<(usize, u64)> {
        self.0.borrow().clone()
    }

    /// Goes back to what was known. Lengths that were counted since are not known any more.
    pub(crate) fn restore(&self, saved: Vec<(usize, u64)>) {
        *self.0.borrow_mut() = saved;
    }
}
