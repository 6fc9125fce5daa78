//! When so much of a tree goes that the rest is put anew, in order, rather than the rows taken away one by one.
//!
//! LMDB takes some 2,000 instructions to remove a row, and 1,000 to put one behind the last. Rows removed here and there leave no
//! leaf as it was, so that each is written either way. Rows that follow one another leave the others alone, and go by the leaf:
//! 140 ns a row were measured where putting one takes 350 to 450, so that few must be left.

use std::ops::{Bound, ControlFlow};

use crate::env::{Applier, Failure, Filling, State, Tree};
use crate::error::Result;
use crate::page::{self, TreeRecord};
use crate::txn::layered::View;
use crate::txn::raw::RawCursor;
use crate::txn::write_set::{DbiChanges, OfDbi};

/// Fewer rows than this are taken away one by one.
const FEW: u64 = 64;

/// Leaves that have fewer rows than this are not written to save the removal of rows.
const SMALL: u64 = 8;

/// As many leaves at most are written because of ranges that go: they are held in memory until the commit.
const LEAVES: u64 = 1 << 15;

/// Whether to put anew what is left of the tree `below`.
pub(super) fn is_worthwhile(base: &State, below: &TreeRecord, changes: &DbiChanges) -> Result<bool> {
    let rows_are_small = below.entries >= SMALL.saturating_mul(below.leaf_pages);
    if below.entries < FEW || below.overflow_pages > 0 || !rows_are_small || changes.gaps().is_full() {
        return Ok(false);
    }
    let mut hidden = 0_u64;
    for (start, end) in changes.gaps().iter() {
        let end = end.map_or(Bound::Unbounded, Bound::Excluded);
        hidden = hidden.saturating_add(page::estimate(base.pages(), below, Bound::Included(start), end)?);
    }
    let outside = below.entries.saturating_sub(hidden);
    let pays = |deleted: u64, hidden: u64| {
        let left = outside.saturating_sub(deleted);
        let saved = deleted.saturating_mul(18).saturating_add(hidden.saturating_mul(5));
        deleted.saturating_add(hidden) >= FEW && left.saturating_mul(12) <= saved
    };
    if !pays(changes.len() as u64, hidden) {
        return Ok(false);
    }
    let deleted = changes.deletions() as u64;
    let leaves = below.leaf_pages.saturating_mul(outside.saturating_sub(deleted)) / below.entries.max(1);
    Ok(pays(deleted, 0) || (leaves <= LEAVES && pays(deleted, hidden)))
}

/// Empties the tree and puts what is to be seen of it, with the changes.
pub(super) fn refill<'e>(
    base: &State,
    of: &OfDbi,
    filling: Filling,
    tree: Tree<'e>,
    applier: &mut Applier<'_, '_, 'e>,
) -> Result<(), Failure> {
    let view = View::new(base, &of.dbi, std::iter::once(&of.changes))?;
    let mut rows = view.range(Bound::Unbounded, Bound::Unbounded)?;
    applier.clear(tree)?;
    let mut puts = applier.fill(tree, filling)?;
    let put = rows.for_each(|key, value| match puts.put(key, value) {
        Ok(()) => ControlFlow::Continue(()),
        Err(failure) => ControlFlow::Break(failure),
    })?;
    put.break_value().map_or(Ok(()), Err)
}
