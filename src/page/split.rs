//! Splits a range into parts of about equal size.

use std::ops::Bound;

use crate::error::Result;
use crate::page::count::{leaves_between, range_ends};
use crate::page::cursor_stack::{CursorStack, ran_out};
use crate::page::layout::Pages;
use crate::page::meta::TreeRecord;

/// Up to `parts - 1` keys inside the bounds, ascending, that split the range into parts of about equally many leaves.
///
/// Each key begins a part. Reads only branch pages, and the two leaves at the bounds. Returns fewer keys when the
/// range has fewer leaves than parts. The keys need not exist in the tree.
///
/// # Errors
/// `Corrupted` when a page on the path is damaged.
pub(crate) fn split(
    pages: Pages<'_>,
    tree: &TreeRecord,
    lower: Bound<&[u8]>,
    upper: Bound<&[u8]>,
    parts: usize,
) -> Result<Vec<Vec<u8>>> {
    let Some((front, back)) = range_ends(pages, tree, lower, upper)? else {
        return Ok(Vec::new());
    };
    let distance = leaves_between(pages, tree, front.path.clone(), &back.path)?;
    let leaves = distance + 1;
    let parts = (parts as u64).min(leaves);
    let mut keys: Vec<Vec<u8>> = Vec::new();
    let mut path = front.path.without_read_ahead();
    let mut at = 0;
    for part in 1..parts {
        let cut = u64::try_from(u128::from(leaves) * u128::from(part) / u128::from(parts)).unwrap_or(u64::MAX);
        skip(pages, tree, &mut path, cut - at)?;
        at = cut;
        let key = separator(tree, &path)?;
        if keys.last().is_some_and(|last| last.as_slice() >= key) {
            return Err(tree.root.fault("the separators of a tree are not in order"));
        }
        if inside(key, lower, upper) {
            keys.push(key.to_vec());
        }
    }
    Ok(keys)
}

/// Moves forward by `count` leaves, without reading any of them.
fn skip<'a>(pages: Pages<'a>, tree: &TreeRecord, path: &mut CursorStack<'a>, mut count: u64) -> Result<()> {
    while let Some(parent) = path.parent() {
        let rest = (parent.page.slots() - 1).saturating_sub(parent.slot);
        if let Ok(step) = usize::try_from(count)
            && step <= rest
        {
            path.set_parent_slot(parent.slot + step);
            return Ok(());
        }
        count -= rest as u64 + 1;
        path.set_parent_slot(parent.page.slots() - 1);
        if path.forward(pages)?.is_none() {
            break;
        }
    }
    Err(ran_out(tree))
}

/// The lower limit of the current leaf: its own separator, or that of the branch whose first leaf it is.
fn separator<'a>(tree: &TreeRecord, path: &CursorStack<'a>) -> Result<&'a [u8]> {
    match path.steps().iter().rev().find(|step| step.slot > 0) {
        Some(step) => step.page.key(step.slot),
        None => Err(ran_out(tree)),
    }
}

/// Whether entries of the range can be on both sides of `key`.
fn inside(key: &[u8], lower: Bound<&[u8]>, upper: Bound<&[u8]>) -> bool {
    let above = match lower {
        Bound::Unbounded => true,
        Bound::Included(lower) | Bound::Excluded(lower) => key > lower,
    };
    let below = match upper {
        Bound::Unbounded => true,
        Bound::Included(upper) => key <= upper,
        Bound::Excluded(upper) => key < upper,
    };
    above && below
}
