//! One key's value.

use crate::error::Result;
use crate::page::layout::{Page, Pages};
use crate::page::meta::TreeRecord;
use crate::page::node::Node;
use crate::page::target::Target;
use crate::page::tree::leaf_for;

/// What is stored under a key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found<'a> {
    /// The flags of its node.
    pub flags: u16,
    /// The value, wherever it is stored; with [`Node::SUB`] the 48-byte record of a tree.
    pub value: &'a [u8],
}

impl Found<'_> {
    /// Whether the value is the record of a named tree.
    pub(crate) fn is_tree(&self) -> bool {
        self.flags == Node::SUB
    }
}

/// The value of `key` in a plain tree whose keys have `W` bytes, or, with 0, any number. No allocation.
///
/// # Errors
/// `Corrupted` when a page on the way is not what its place says, or the value is a tree of its own.
#[inline]
pub(crate) fn get<'a, const W: usize>(pages: Pages<'a>, tree: &TreeRecord, key: &[u8]) -> Result<Option<&'a [u8]>> {
    match entry::<W>(pages, tree, key)? {
        Some((leaf, node)) => node.plain(pages, leaf).map(Some),
        None => Ok(None),
    }
}

/// What is under `key` in the main tree, where values may be records of named trees.
///
/// # Errors
/// `Corrupted` when a page on the way is not what its place says, or the value is a set of duplicates.
pub(crate) fn find<'a>(pages: Pages<'a>, tree: &TreeRecord, key: &[u8]) -> Result<Option<Found<'a>>> {
    match entry::<0>(pages, tree, key)? {
        Some((leaf, node)) => Ok(Some(Found { flags: node.flags, value: node.value(pages, leaf)? })),
        None => Ok(None),
    }
}

/// The keys next to one, as far as they are in the same leaf.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Beside<'a> {
    pub before: Option<&'a [u8]>,
    pub behind: Option<&'a [u8]>,
}

/// The keys next to `key` in the leaf where it is or would be.
///
/// # Errors
/// As [`get`].
pub(crate) fn beside<'a>(pages: Pages<'a>, tree: &TreeRecord, key: &[u8]) -> Result<Beside<'a>> {
    let target = Target::<0>::new(key);
    let Some((leaf, limits)) = leaf_for(pages, tree, &target)? else {
        return Ok(Beside::default());
    };
    let slot = limits.slot::<false, 0>(leaf, &target)?;
    let is_there = slot < leaf.slots() && leaf.compare(slot, &target)?.is_eq();
    let at = |slot: usize| if slot < leaf.slots() { leaf.node(slot).map(|node| Some(node.key)) } else { Ok(None) };
    let before = slot.checked_sub(1).map_or(Ok(None), at)?;
    Ok(Beside { before, behind: at(slot + usize::from(is_there))? })
}

#[inline]
fn entry<'a, const W: usize>(pages: Pages<'a>, tree: &TreeRecord, key: &[u8]) -> Result<Option<(Page<'a>, Node<'a>)>> {
    let target = Target::<W>::new(key);
    let Some((leaf, limits)) = leaf_for(pages, tree, &target)? else {
        return Ok(None);
    };
    let slot = limits.slot::<false, W>(leaf, &target)?;
    if slot == leaf.slots() || leaf.compare(slot, &target)?.is_ne() {
        return Ok(None);
    }
    Ok(Some((leaf, leaf.node(slot)?)))
}
