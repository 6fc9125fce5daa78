//! Decides when so much of a tree is deleted that the rest is rewritten in order, instead of deleting row by row.
//!
//! Scattered deletions change most leaves, and LMDB copies and writes each leaf that it changes. Deleting
//! consecutive rows leaves the other leaves alone. The weights were measured, see docs/performance.md.

#![expect(clippy::cast_precision_loss, reason = "rows and leaves are estimated")]

use std::ops::{Bound, ControlFlow};

use crate::error::Result;
use crate::lmdb::{Applier, Failure, TreeHandle};
use crate::page::{self, LeafFill, TreeRecord};
use crate::read::{LayeredTree, RawCursor};
use crate::state::State;
use crate::write_set::DbiChanges;

/// Fewer rows than this are deleted one by one.
const FEW: f64 = 64.0;

/// Leaves with fewer rows than this are not rewritten to save deletions.
const SMALL: u64 = 8;

/// The most leaves that a rewrite for the sake of deleted ranges may write: they are held in memory until the
/// commit.
const LEAVES: f64 = 32_768.0;

/// Costs in tenths of a microsecond: to write a new leaf, and a row in it; to change a leaf by deletions; to delete
/// a single row, and a row of a range.
const NEW_LEAF: f64 = 47.0;
const PUT: f64 = 1.0;
const CHANGED_LEAF: f64 = 57.0;
const REMOVAL: f64 = 3.5;
const REMOVAL_IN_RANGE: f64 = 1.2;

/// The number of pieces in which the density of the changes is estimated.
const PIECES: usize = 64;

/// Whether to rewrite what is left of the tree `below`.
pub(super) fn is_worthwhile(base: &State, below: &TreeRecord, changes: &DbiChanges) -> Result<bool> {
    let rows_are_small = below.entries >= SMALL.saturating_mul(below.leaf_pages);
    if (below.entries as f64) < FEW || below.overflow_pages > 0 || !rows_are_small || changes.gaps().is_full() {
        return Ok(false);
    }
    let mut hidden = 0_u64;
    for (start, end) in changes.gaps().iter() {
        let end = end.map_or(Bound::Unbounded, Bound::Excluded);
        hidden = hidden.saturating_add(page::estimate(base.pages(), below, Bound::Included(start), end)?);
    }
    let (len, rows, hidden) = (changes.len() as f64, below.entries as f64, hidden as f64);
    let rows_in_leaf = rows / below.leaf_pages.max(1) as f64;
    let anew = |deleted: f64| {
        let left = (rows - hidden - deleted).max(0.0);
        (left / rows_in_leaf, left / rows_in_leaf * NEW_LEAF + left * PUT)
    };
    // The changes one by one cost at most this: if each is a deletion in a leaf of its own. If a rewrite costs more
    // than even that, it is refused here, and `touched` need not read the tree. That decides most cases.
    let most = len * (CHANGED_LEAF + REMOVAL) + hidden * REMOVAL_IN_RANGE;
    if len + hidden < FEW || anew(len).1 > most {
        return Ok(false);
    }
    let deleted = changes.deletions() as f64;
    if deleted + hidden < FEW {
        return Ok(false);
    }
    let one_by_one = touched(base, below, changes, rows_in_leaf)? * CHANGED_LEAF + deleted * REMOVAL;
    let (leaves, cost) = anew(deleted);
    Ok(deleted > 0.0 && cost <= one_by_one || leaves <= LEAVES && cost <= one_by_one + hidden * REMOVAL_IN_RANGE)
}

/// Estimates how many leaves the changes touch.
fn touched(base: &State, below: &TreeRecord, changes: &DbiChanges, rows_in_leaf: f64) -> Result<f64> {
    let step = changes.len().div_ceil(PIECES).max(1);
    let (mut leaves, mut from) = (0.0, None);
    for key in changes.spread(step) {
        if let Some(from) = from.replace(key) {
            let rows = page::estimate(base.pages(), below, Bound::Included(from), Bound::Excluded(key))?;
            let there = (rows as f64 / rows_in_leaf).max(1.0);
            // On average, `step` changes at random places touch this many of the `there` leaves between the two keys.
            leaves += there * -(-(step as f64) / there).exp_m1();
        }
    }
    Ok(leaves)
}

/// Empties the tree and writes its remaining rows, with the changes.
pub(super) fn refill<'e>(
    base: &State,
    below: &TreeRecord,
    changes: &DbiChanges,
    filling: LeafFill,
    tree: TreeHandle<'e>,
    applier: &mut Applier<'_, '_, 'e>,
) -> Result<(), Failure> {
    let view = LayeredTree::new(base.pages(), *below, std::iter::once(changes));
    let mut rows = view.range(Bound::Unbounded, Bound::Unbounded)?;
    applier.clear(tree)?;
    let mut puts = applier.fill(tree, filling)?;
    let put = rows.for_each(|key, value| match puts.put(key, value) {
        Ok(()) => ControlFlow::Continue(()),
        Err(failure) => ControlFlow::Break(failure),
    })?;
    put.break_value().map_or(Ok(()), Err)
}
