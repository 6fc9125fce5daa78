//! Looks up one key.

use crate::error::Result;
use crate::page::layout::{Page, Pages};
use crate::page::meta::TreeRecord;
use crate::page::node::Node;
use crate::page::page_no::PageNo;
use crate::page::search_key::SearchKey;
use crate::page::tree::leaf_for;

/// What is stored under a key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found<'a> {
    /// The flags of the entry's node.
    pub flags: u16,
    /// The value, inline or from an overflow run; with [`Node::SUB`] the 48-byte record of a tree.
    pub value: &'a [u8],
}

impl Found<'_> {
    /// Whether the value is the record of a named tree.
    pub(crate) fn is_tree(&self) -> bool {
        self.flags == Node::SUB
    }
}

/// The value of `key` in a plain tree whose keys have `W` bytes, or any length if `W` is 0. No allocation.
///
/// # Errors
/// `Corrupted` when a page on the path is damaged, or the value is a tree.
#[inline]
pub(crate) fn get<'a, const W: usize>(pages: Pages<'a>, tree: &TreeRecord, key: &[u8]) -> Result<Option<&'a [u8]>> {
    match entry::<W>(pages, tree, key)? {
        Some((leaf, node)) => node.plain(pages, leaf).map(Some),
        None => Ok(None),
    }
}

/// The value of `key` in the main tree, where values may be records of named trees.
///
/// # Errors
/// `Corrupted` when a page on the path is damaged, or the value is a set of duplicates.
pub(crate) fn find<'a>(pages: Pages<'a>, tree: &TreeRecord, key: &[u8]) -> Result<Option<Found<'a>>> {
    match entry::<0>(pages, tree, key)? {
        Some((leaf, node)) => Ok(Some(Found { flags: node.flags, value: node.value(pages, leaf)? })),
        None => Ok(None),
    }
}

/// Whether a key exists, and its neighbours in its leaf.
#[derive(Clone, Copy, Default)]
pub(crate) struct LeafNeighbours<'a> {
    pub is_there: bool,
    leaf: Option<Page<'a>>,
    /// The slot of the key, or of the first key above it.
    slot: usize,
}

impl<'a> LeafNeighbours<'a> {
    /// The leaf, unless the tree has none.
    pub(crate) fn leaf(&self) -> Option<PageNo> {
        self.leaf.map(Page::number)
    }

    /// How many rows the leaf has; 0 if there is none.
    pub(crate) fn rows(&self) -> usize {
        self.leaf.map_or(0, Page::slots)
    }

    /// The key `distance` rows after this one, or before it if negative, if it is in this leaf.
    ///
    /// # Errors
    /// `Corrupted` when the key is outside the page.
    pub(crate) fn row(&self, distance: isize) -> Result<Option<&'a [u8]>> {
        let offset = distance.saturating_sub(isize::from(distance > 0 && !self.is_there));
        match (self.leaf, self.slot.checked_add_signed(offset)) {
            (Some(leaf), Some(slot)) if slot < leaf.slots() => leaf.node(slot).map(|node| Some(node.key)),
            _ => Ok(None),
        }
    }
}

/// Finds `key` and its neighbours in the leaf where it is or would be. `near` may name a leaf of the same tree. If
/// `key` lies between the first and the last key of that leaf, no descent is needed. All keys have `W` bytes, or any
/// length if `W` is 0.
///
/// # Errors
/// As [`get`].
pub(crate) fn leaf_neighbours<'a, const W: usize>(
    pages: Pages<'a>,
    tree: &TreeRecord,
    near: Option<PageNo>,
    key: &[u8],
) -> Result<LeafNeighbours<'a>> {
    let target = SearchKey::<W>::new(key);
    let (leaf, slot) = match slot_in_leaf(pages, near, &target)? {
        Some(found) => found,
        None => match leaf_for(pages, tree, &target)? {
            Some((leaf, limits)) => (leaf, limits.slot::<false, W>(leaf, &target)?),
            None => return Ok(LeafNeighbours::default()),
        },
    };
    let is_there = slot < leaf.slots() && leaf.compare(slot, &target)?.is_eq();
    Ok(LeafNeighbours { is_there, leaf: Some(leaf), slot })
}

/// The leaf `near` and the slot of `target` in it, if `target` lies between the leaf's first and last keys.
fn slot_in_leaf<'a, const W: usize>(
    pages: Pages<'a>,
    near: Option<PageNo>,
    target: &SearchKey<'_, W>,
) -> Result<Option<(Page<'a>, usize)>> {
    let Some(near) = near else { return Ok(None) };
    let leaf = pages.leaf(near)?;
    let Some(last) = leaf.slots().checked_sub(1) else { return Ok(None) };
    if leaf.compare(0, target)?.is_gt() || leaf.compare(last, target)?.is_lt() {
        return Ok(None);
    }
    leaf.search::<false, W>(0, target).map(|slot| Some((leaf, slot)))
}

#[inline]
fn entry<'a, const W: usize>(pages: Pages<'a>, tree: &TreeRecord, key: &[u8]) -> Result<Option<(Page<'a>, Node<'a>)>> {
    let target = SearchKey::<W>::new(key);
    let Some((leaf, limits)) = leaf_for(pages, tree, &target)? else {
        return Ok(None);
    };
    let slot = limits.slot::<false, W>(leaf, &target)?;
    if slot == leaf.slots() || leaf.compare(slot, &target)?.is_ne() {
        return Ok(None);
    }
    Ok(Some((leaf, leaf.node(slot)?)))
}
