//! Counts entries by page headers, without reading the entries of a leaf.

use std::ops::{Bound, ControlFlow};

use crate::error::{Error, ErrorKind, Result};
use crate::page::cursor::Pair;
use crate::page::cursor_stack::{CursorStack, SeekTarget, ran_out, too_many_leaves};
use crate::page::format::{NODE_HEADER, SLOT};
use crate::page::layout::{Page, Pages};
use crate::page::meta::TreeRecord;
use crate::page::page_no::PageNo;
use crate::page::tree_position::TreePosition;

/// How many leaf headers ahead are prefetched.
const AHEAD: usize = 24;
/// How many children of a branch page are listed before their headers are read.
const GROUP: usize = 256;

/// The minimum number of bytes that an entry takes in a leaf: its slot, and the header of its node.
const SMALLEST_ENTRY: u64 = (SLOT + NODE_HEADER) as u64;

/// The number of entries of a plain tree, from its record.
///
/// # Errors
/// `Corrupted` when the record's leaves cannot have as many entries as it counts. Callers add numbers to the count and
/// allocate by it, so such a count must not pass.
pub(crate) fn len(pages: Pages<'_>, tree: &TreeRecord) -> Result<u64> {
    let most = tree.leaf_pages.min(pages.page_count()).saturating_mul(pages.page_size() as u64 / SMALLEST_ENTRY);
    if tree.is_empty() == (tree.entries == 0) && tree.entries <= most {
        Ok(tree.entries)
    } else {
        Err(miscounted(tree))
    }
}

/// The error for a record whose count of entries is wrong.
#[cold]
pub(crate) fn miscounted(tree: &TreeRecord) -> Error {
    let why = format!("a tree record counts its entries as {}, and the tree has more or fewer", tree.entries);
    if tree.is_empty() { Error::new(ErrorKind::Corrupted, why) } else { tree.root.fault(why) }
}

/// The exact number of entries between two bounds. Reads one header per leaf; for the whole tree, only its record.
///
/// # Errors
/// `Corrupted` when a page on the path is damaged.
pub(crate) fn count_range(
    pages: Pages<'_>,
    tree: &TreeRecord,
    lower: Bound<&[u8]>,
    upper: Bound<&[u8]>,
) -> Result<u64> {
    let (front, back, ends) = match outer_leaves(pages, tree, lower, upper)? {
        ControlFlow::Break(count) => return Ok(count),
        ControlFlow::Continue(apart) => apart,
    };
    let mut path = front.path;
    // `ends` already counts the entries of the first and the last leaf. In the parent of the first leaf, count the
    // leaves after the first one; in each parent after it, count all leaves, up to the last one of the range.
    let mut from = path.parent().map_or(0, |parent| parent.slot + 1);
    let (mut total, mut leaves_left) = (ends, tree.leaf_pages);
    loop {
        let (Some(at), Some(end)) = (path.parent(), back.path.parent()) else {
            return Err(ran_out(tree));
        };
        let last = path.same_parent(&back.path);
        let to = if last { end.slot } else { at.page.slots() };
        leaves_left =
            leaves_left.checked_sub(to.saturating_sub(from) as u64).ok_or_else(|| too_many_leaves(at.page.number()))?;
        total += entries_below(pages, at.page, from, to)?;
        if last {
            return Ok(total);
        }
        path.set_parent_slot(at.page.slots() - 1);
        if path.forward(pages)?.is_none() {
            return Err(ran_out(tree));
        }
        from = 0;
    }
}

/// The number of entries in the leaves in slots `from` to `end` of a branch, by their headers.
///
/// Each header costs an address translation and a cache miss. The prefetch loop does little else, so that as many
/// misses as possible overlap.
fn entries_below(pages: Pages<'_>, branch: Page<'_>, from: usize, end: usize) -> Result<u64> {
    let mut total = 0;
    let mut numbers = [PageNo::default(); GROUP];
    let mut at = from;
    while at < end {
        let group = numbers.get_mut(..(end - at).min(GROUP)).unwrap_or_default();
        for number in &mut *group {
            *number = branch.child(at)?;
            at += 1;
        }
        group.iter().take(AHEAD).for_each(|number| pages.prefetch(*number, 1));
        for (nth, number) in group.iter().enumerate() {
            if let Some(ahead) = group.get(nth + AHEAD) {
                pages.prefetch(*ahead, 1);
            }
            let leaf = pages.page(*number)?;
            if !leaf.is_leaf() || leaf.slots() == 0 {
                return Err(leaf.fault("an empty leaf, or a branch page at the lowest level"));
            }
            total += leaf.slots() as u64;
        }
    }
    Ok(total)
}

/// The number of entries whose keys are below `key`.
///
/// # Errors
/// As [`count_range`].
pub(crate) fn rank(pages: Pages<'_>, tree: &TreeRecord, key: &[u8]) -> Result<u64> {
    count_range(pages, tree, Bound::Unbounded, Bound::Excluded(key))
}

/// Entry `n` in key order, from 0. Reads one header for each leaf between it and the nearer end.
///
/// # Errors
/// As [`count_range`].
pub(crate) fn nth<'a>(pages: Pages<'a>, tree: &TreeRecord, n: u64) -> Result<Option<Pair<'a>>> {
    let entries = len(pages, tree)?;
    if n >= entries {
        return Ok(None);
    }
    let from_end = entries - 1 - n;
    let (leaf, slot) = if n <= from_end {
        let Some(mut position) = TreePosition::at(pages, tree, &SeekTarget::<0>::Start)? else {
            return Err(ran_out(tree));
        };
        let mut left = n;
        while left >= position.leaf.slots() as u64 {
            left -= position.leaf.slots() as u64;
            look_ahead(pages, &position.path);
            if !position.next_leaf(pages)? {
                return Err(ran_out(tree));
            }
        }
        (position.leaf, left)
    } else {
        let Some(mut position) = TreePosition::at(pages, tree, &SeekTarget::<0>::End)? else {
            return Err(ran_out(tree));
        };
        let mut left = from_end;
        while left >= position.leaf.slots() as u64 {
            left -= position.leaf.slots() as u64;
            if !position.previous_leaf(pages)? {
                return Err(ran_out(tree));
            }
        }
        (position.leaf, position.leaf.slots() as u64 - 1 - left)
    };
    // `slot` is less than the number of slots of a page, so the conversion cannot fail.
    let node = leaf.node(usize::try_from(slot).unwrap_or(usize::MAX))?;
    Ok(Some((node.key, node.plain(pages, leaf)?)))
}

/// Estimates the number of entries between two bounds: leaves counted in the lowest branch pages, times the average
/// per leaf.
///
/// Exact when both bounds are in one leaf or in neighbouring leaves, and for the whole tree, which its record counts.
/// Reads about one page in a hundred of the range.
///
/// # Errors
/// As [`count_range`].
pub(crate) fn estimate(pages: Pages<'_>, tree: &TreeRecord, lower: Bound<&[u8]>, upper: Bound<&[u8]>) -> Result<u64> {
    let (front, back, ends) = match outer_leaves(pages, tree, lower, upper)? {
        ControlFlow::Break(count) => return Ok(count),
        ControlFlow::Continue(apart) => apart,
    };
    let inner = leaves_between(pages, tree, front.path, &back.path)?.saturating_sub(1);
    let leaves = u128::from(tree.leaf_pages.max(1));
    let average = u128::from(inner) * u128::from(tree.entries) / leaves;
    // The average per leaf can give more entries than the tree has, so the tree's total limits the estimate. A damaged
    // record can have any total, so the limit is never below `ends`, which were counted.
    Ok(u64::try_from(average).unwrap_or(u64::MAX).saturating_add(ends).min(tree.entries.max(ends)))
}

/// The two ends of a range, in different leaves, and the number of the range's entries in these two leaves. `Break`
/// with the number of all its entries if the range is empty or within one leaf, and for the whole tree.
fn outer_leaves<'a>(
    pages: Pages<'a>,
    tree: &TreeRecord,
    lower: Bound<&[u8]>,
    upper: Bound<&[u8]>,
) -> Result<ControlFlow<u64, (TreePosition<'a>, TreePosition<'a>, u64)>> {
    if matches!((lower, upper), (Bound::Unbounded, Bound::Unbounded)) {
        return Ok(ControlFlow::Break(len(pages, tree)?));
    }
    let Some((front, back)) = range_ends(pages, tree, lower, upper)? else {
        return Ok(ControlFlow::Break(0));
    };
    if front.path.order(&back.path).is_eq() {
        return Ok(ControlFlow::Break((back.slot as u64).saturating_sub(front.slot as u64)));
    }
    let ends = (front.leaf.slots() - front.slot) as u64 + back.slot as u64;
    Ok(ControlFlow::Continue((front, back, ends)))
}

/// Both ends of a range; `None` when the range is empty.
pub(crate) fn range_ends<'a>(
    pages: Pages<'a>,
    tree: &TreeRecord,
    lower: Bound<&[u8]>,
    upper: Bound<&[u8]>,
) -> Result<Option<(TreePosition<'a>, TreePosition<'a>)>> {
    let front = TreePosition::at(pages, tree, &SeekTarget::<0>::lower(lower))?;
    let back = TreePosition::at(pages, tree, &SeekTarget::<0>::upper(upper))?;
    Ok(front.zip(back).filter(|(front, back)| front.order(back).is_lt()))
}

/// The number of leaves from `front` to `back`, from the lowest branch pages alone.
///
/// # Errors
/// `Corrupted` when a branch on the path is damaged, or there are more leaves than the record counts.
pub(crate) fn leaves_between<'a>(
    pages: Pages<'a>,
    tree: &TreeRecord,
    front: CursorStack<'a>,
    back: &CursorStack<'a>,
) -> Result<u64> {
    let mut front = front.without_read_ahead();
    let mut leaves = 0;
    loop {
        let (Some(at), Some(end)) = (front.parent(), back.parent()) else {
            return Ok(leaves);
        };
        if front.same_parent(back) {
            return Ok(leaves + (end.slot as u64).saturating_sub(at.slot as u64));
        }
        leaves += (at.page.slots() - at.slot) as u64;
        if leaves > tree.leaf_pages {
            return Err(too_many_leaves(at.page.number()));
        }
        front.set_parent_slot(at.page.slots() - 1);
        if front.forward(pages)?.is_none() {
            return Err(ran_out(tree));
        }
    }
}

/// Prefetches the header of a leaf some steps ahead.
fn look_ahead(pages: Pages<'_>, path: &CursorStack<'_>) {
    if let Some(parent) = path.parent()
        && parent.slot + AHEAD < parent.page.slots()
        && let Ok(number) = parent.page.child(parent.slot + AHEAD)
    {
        pages.prefetch(number, 1);
    }
}
