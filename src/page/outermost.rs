//! Finds the first or last remaining entry of a tree, for callers that remove entries from that end one by one.

use crate::error::Result;
use crate::page::cursor_stack::SeekTarget;
use crate::page::layout::{Page, Pages};
use crate::page::meta::TreeRecord;
use crate::page::page_no::PageNo;
use crate::page::search_key::SearchKey;
use crate::page::tree_position::TreePosition;

/// The position of an entry: the number of its leaf, and its slot there. Valid in the state in which it was found.
pub(crate) type LeafSlot = (PageNo, usize);

/// An entry, and its position.
pub(crate) struct Outermost<'a> {
    pub key: &'a [u8],
    pub value: &'a [u8],
    leaf: Page<'a>,
    slot: usize,
}

impl Outermost<'_> {
    pub(crate) fn position(&self) -> LeafSlot {
        (self.leaf.number(), self.slot)
    }
}

/// The first entry at or above `end`, or, with `LAST`, the last one below it. Without `end`, the first or the last of
/// the tree. `near` is a position in the same tree: if the entry there has the key `end`, no descent is needed.
///
/// # Errors
/// `Corrupted` when a page on the path is damaged, or keys are not in order.
pub(crate) fn outermost<'a, const LAST: bool>(
    pages: Pages<'a>,
    tree: &TreeRecord,
    near: Option<LeafSlot>,
    end: Option<&[u8]>,
) -> Result<Option<Outermost<'a>>> {
    if let (Some((number, slot)), Some(end)) = (near, end) {
        let leaf = pages.leaf(number)?;
        let slot =
            if slot < leaf.slots() && leaf.node(slot)?.key == end { slot.checked_sub(usize::from(LAST)) } else { None };
        if let Some(slot) = slot {
            return entry::<LAST>(pages, leaf, slot, Some(end)).map(Some);
        }
    }
    let goal = match end {
        Some(end) => SeekTarget::<0>::Before(SearchKey::new(end)),
        None if LAST => SeekTarget::End,
        None => SeekTarget::Start,
    };
    let Some(mut position) = TreePosition::at(pages, tree, &goal)? else { return Ok(None) };
    let is_there = if LAST {
        position.slot > 0 || position.previous_leaf(pages)?
    } else {
        position.slot < position.leaf.slots() || position.next_leaf(pages)?
    };
    match position.slot.checked_sub(usize::from(LAST)) {
        Some(slot) if is_there => entry::<LAST>(pages, position.leaf, slot, end).map(Some),
        _ => Ok(None),
    }
}

/// The key after an entry, and its position.
///
/// # Errors
/// As [`outermost`].
pub(crate) fn next_after<'a>(
    pages: Pages<'a>,
    tree: &TreeRecord,
    &Outermost { key, leaf, slot, .. }: &Outermost<'a>,
) -> Result<Option<(&'a [u8], LeafSlot)>> {
    let (leaf, slot) = if slot + 1 < leaf.slots() {
        (leaf, slot + 1)
    } else {
        let Some(mut position) = TreePosition::at(pages, tree, &SeekTarget::<0>::After(SearchKey::new(key)))? else {
            return Ok(None);
        };
        if position.slot == position.leaf.slots() && !position.next_leaf(pages)? {
            return Ok(None);
        }
        (position.leaf, position.slot)
    };
    let next = leaf.node(slot)?.key;
    if next <= key { Err(leaf.fault("keys are not in order")) } else { Ok(Some((next, (leaf.number(), slot)))) }
}

fn entry<'a, const LAST: bool>(
    pages: Pages<'a>,
    leaf: Page<'a>,
    slot: usize,
    end: Option<&[u8]>,
) -> Result<Outermost<'a>> {
    let node = leaf.node(slot)?;
    if end.is_some_and(|end| (node.key < end) != LAST) {
        return Err(leaf.fault("keys are not in order"));
    }
    Ok(Outermost { key: node.key, value: node.plain(pages, leaf)?, leaf, slot })
}
