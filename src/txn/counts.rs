//! The number of entries in ranges, kept for those that a transaction has counted.

use std::cell::RefCell;
use std::ops::{Bound, RangeBounds};

use crate::catalog::DbiSlot;

/// The number of counts that are kept: those of the ranges counted last.
const MOST: usize = 4;

/// A count is kept for at least this many changes, even if counting read fewer.
const LEAST: u64 = 64;

type Range<'r> = (Bound<&'r [u8]>, Bound<&'r [u8]>);

/// The known counts. A change inside a counted range updates its count, so that a loop that writes and counts
/// does not read the range each time. Each update costs a look-up. So a count is forgotten after as many changes as
/// counting has read, unless it is requested again.
///
/// A savepoint costs nothing to begin: the first change of a count in it saves the old one, which undoing restores.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    kept: RefCell<Vec<Kept>>,
    /// How many savepoints are open.
    depth: usize,
}

#[derive(Debug)]
struct Kept {
    slot: DbiSlot,
    lower: Bound<Box<[u8]>>,
    upper: Bound<Box<[u8]>>,
    /// `None` from a change whose effect is not known until its savepoint is undone.
    count: Option<u64>,
    /// For how many changes the count is kept after each question, and how many of them are left.
    worth: u64,
    left: u64,
    /// How many savepoints were open when it was counted.
    born: usize,
    /// The counts that open savepoints have replaced, each with the number of savepoints that were open then.
    saved: Vec<(usize, Option<u64>)>,
}

impl Kept {
    /// Replaces the count. The first time in a savepoint the old one is saved.
    fn replace(&mut self, count: Option<u64>, depth: usize) {
        let last = self.saved.last().map_or(self.born, |(depth, _)| *depth);
        if last < depth {
            self.saved.push((depth, self.count));
        }
        self.count = count;
    }

    /// Whether the count is known, or will be again.
    fn is_worth(&self) -> bool {
        self.count.is_some() || !self.saved.is_empty()
    }

    /// Merges the savepoint at `depth`, and those inside it, into what is around them.
    fn keep_savepoints(&mut self, depth: usize) {
        let around = depth.saturating_sub(1);
        self.born = self.born.min(around);
        let mut oldest = None;
        while let Some((_, count)) = self.saved.pop_if(|(at, _)| *at > around) {
            oldest = Some(count);
        }
        // The savepoint around needs the oldest of them, unless it has saved an older one itself, or has counted.
        let last = self.saved.last().map_or(self.born, |(depth, _)| *depth);
        if let Some(count) = oldest
            && last < around
        {
            self.saved.push((around, count));
        }
    }

    /// Returns to the count before the savepoint at `depth`; whether there was one.
    fn undo_savepoints(&mut self, depth: usize) -> bool {
        while let Some((_, count)) = self.saved.pop_if(|(at, _)| *at >= depth) {
            self.count = count;
        }
        self.born < depth && self.is_worth()
    }

    fn range(&self) -> Range<'_> {
        (as_ref(&self.lower), as_ref(&self.upper))
    }

    /// Whether the count is known and `key`, of the DBI with this slot, is within the range.
    fn is_of(&self, slot: DbiSlot, key: &[u8]) -> bool {
        self.slot == slot && self.count.is_some() && self.range().contains::<[u8]>(key)
    }
}

impl Counts {
    /// Whether no count is kept.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.kept.borrow().is_empty()
    }

    /// The number of entries in a range of the DBI with this slot, if it is known.
    pub(crate) fn get(&self, slot: DbiSlot, range: Range<'_>) -> Option<u64> {
        let mut all = self.kept.borrow_mut();
        let at = all.iter().position(|kept| kept.slot == slot && kept.count.is_some() && kept.range() == range)?;
        all[..=at].rotate_right(1);
        let kept = all.first_mut()?;
        kept.left = kept.worth;
        kept.count
    }

    /// Keeps a count for which `changes` changes were read.
    pub(crate) fn set(&self, slot: DbiSlot, (lower, upper): Range<'_>, count: u64, changes: usize) {
        let worth = LEAST.max(changes as u64);
        let (lower, upper) = (lower.map(Into::into), upper.map(Into::into));
        let mut all = self.kept.borrow_mut();
        all.truncate(MOST - 1);
        let count = Some(count);
        all.insert(0, Kept { slot, lower, upper, count, worth, left: worth, born: self.depth, saved: Vec::new() });
    }

    /// Whether a kept count covers `key`, so that a change of the key must update it.
    pub(crate) fn is_kept_around(&self, slot: DbiSlot, key: &[u8]) -> bool {
        self.kept.borrow().iter().any(|kept| kept.is_of(slot, key))
    }

    /// Updates the counts: the entry of `key` was inserted or removed.
    pub(crate) fn change(&self, slot: DbiSlot, key: &[u8], came: bool) {
        self.kept.borrow_mut().retain_mut(|kept| {
            if !kept.is_of(slot, key) {
                return true;
            }
            // If this underflows, a damaged record has made the kept count too low. The count is forgotten, and the
            // next counting reports the damage.
            let count = kept.count.and_then(|count| if came { count.checked_add(1) } else { count.checked_sub(1) });
            kept.left -= 1;
            kept.replace(count, self.depth);
            kept.is_worth() && kept.left > 0
        });
    }

    /// Updates the counts: a range that had `entries` entries was deleted.
    pub(crate) fn remove(&self, slot: DbiSlot, range: Range<'_>, entries: u64) {
        self.kept.borrow_mut().retain_mut(|kept| {
            if kept.slot != slot
                || kept.count.is_none()
                || is_before(kept.range(), range)
                || is_before(range, kept.range())
            {
                return true;
            }
            let left = if is_within(kept.range(), range) {
                Some(0)
            } else if is_within(range, kept.range()) {
                kept.count.and_then(|count| count.checked_sub(entries))
            } else {
                None
            };
            kept.replace(left, self.depth);
            kept.is_worth()
        });
    }

    /// Begins a savepoint inside the open ones.
    pub(crate) fn begin_savepoint(&mut self) {
        self.depth += 1;
    }

    /// Merges the savepoint at `depth`, and those inside it, into what is around them.
    pub(crate) fn keep_savepoints(&mut self, depth: usize) {
        if self.depth >= depth {
            self.kept.get_mut().retain_mut(|kept| {
                kept.keep_savepoints(depth);
                kept.is_worth()
            });
            self.depth = depth.saturating_sub(1);
        }
    }

    /// Undoes the savepoint at `depth`, and those inside it. Counts that were counted in them are forgotten.
    pub(crate) fn undo_savepoints(&mut self, depth: usize) {
        if self.depth >= depth {
            self.kept.get_mut().retain_mut(|kept| kept.undo_savepoints(depth));
            self.depth = depth.saturating_sub(1);
        }
    }

    /// Forgets all counts.
    pub(crate) fn forget(&self) {
        self.kept.borrow_mut().clear();
    }
}

/// A bound with its own key as one that borrows it.
pub(super) fn as_ref(bound: &Bound<Box<[u8]>>) -> Bound<&[u8]> {
    bound.as_ref().map(|key| &**key)
}

/// Whether a range ends before another one begins.
fn is_before((_, upper): Range<'_>, (lower, _): Range<'_>) -> bool {
    match (upper, lower) {
        (Bound::Unbounded, _) | (_, Bound::Unbounded) => false,
        (Bound::Included(upper), Bound::Included(lower)) => upper < lower,
        (Bound::Included(upper) | Bound::Excluded(upper), Bound::Included(lower) | Bound::Excluded(lower)) => {
            upper <= lower
        }
    }
}

/// Whether a range is a part of another one.
fn is_within(inner: Range<'_>, outer: Range<'_>) -> bool {
    let begins = match (outer.0, inner.0) {
        (Bound::Unbounded, _) => true,
        (_, Bound::Unbounded) => false,
        (Bound::Excluded(outer), Bound::Included(inner)) => outer < inner,
        (Bound::Included(outer) | Bound::Excluded(outer), Bound::Included(inner) | Bound::Excluded(inner)) => {
            outer <= inner
        }
    };
    let ends = match (inner.1, outer.1) {
        (_, Bound::Unbounded) => true,
        (Bound::Unbounded, _) => false,
        (Bound::Included(inner), Bound::Excluded(outer)) => inner < outer,
        (Bound::Included(inner) | Bound::Excluded(inner), Bound::Included(outer) | Bound::Excluded(outer)) => {
            inner <= outer
        }
    };
    begins && ends
}
