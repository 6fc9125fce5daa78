//! The leaves of a range, one after the other, and which of their entries can go without a merge of leaves.

use crate::error::Result;
use crate::page::edge::Edge;
use crate::page::layout::{NODE_HEADER, Page, Pages};
use crate::page::meta::TreeRecord;
use crate::page::target::Target;
use crate::page::trail::Spot;

/// A leaf keeps at least one part in so many of its room, or LMDB fills it from the leaf beside it or merges the two
/// (`FILL_THRESHOLD` in mdb.c).
const LEAST_FILLED: usize = 4;

/// What a range has of one leaf.
#[derive(Clone, Copy)]
pub(crate) struct Share<'a> {
    /// The first key of it.
    pub first: &'a [u8],
    /// The entries above this key are few enough to be removed without a merge; `None` where that is all of them.
    pub kept: Option<&'a [u8]>,
}

/// The leaves of a range, ascending.
pub(crate) struct Leaves<'a> {
    pages: Pages<'a>,
    front: Edge<'a>,
    /// The last leaf, and how many of its entries come before the end of the range.
    back: (u64, usize),
    is_done: bool,
}

impl<'a> Leaves<'a> {
    /// Those that have entries from `start` to before `end`, or to the end of the tree.
    ///
    /// # Errors
    /// `Corrupted` when a page on the way is not what its place says.
    pub(crate) fn within(
        pages: Pages<'a>,
        tree: &TreeRecord,
        start: &[u8],
        end: Option<&[u8]>,
    ) -> Result<Option<Self>> {
        let end = end.map_or(Spot::<0>::End, |end| Spot::Before(Target::new(end)));
        let front = Edge::at(pages, tree, &Spot::<0>::Before(Target::new(start)))?;
        let back = Edge::at(pages, tree, &end)?.map(|back| (back.leaf.number(), back.slot));
        Ok(front.zip(back).map(|(front, back)| Self { pages, front, back, is_done: false }))
    }

    /// The share of the next leaf that has one.
    ///
    /// # Errors
    /// As [`within`](Self::within).
    pub(crate) fn next(&mut self) -> Result<Option<Share<'a>>> {
        while !self.is_done {
            let (leaf, from) = (self.front.leaf, self.front.slot);
            let is_last = leaf.number() == self.back.0;
            let to = if is_last { self.back.1 } else { leaf.slots() };
            self.is_done = is_last || !self.front.next_leaf(self.pages)?;
            if from < to {
                return share(leaf, from, to).map(Some);
            }
        }
        Ok(None)
    }
}

/// What a range has of a leaf that is in it from one slot to before another.
fn share(leaf: Page<'_>, from: usize, to: usize) -> Result<Share<'_>> {
    let mut left = leaf.used();
    let first = leaf.node(from)?.key;
    for slot in (from..to).rev() {
        let node = leaf.node(slot)?;
        let size = (NODE_HEADER + node.key.len() + node.data.len()).next_multiple_of(2) + size_of::<u16>();
        left = left.saturating_sub(size);
        if left * LEAST_FILLED < leaf.room() {
            return Ok(Share { first, kept: Some(node.key) });
        }
    }
    Ok(Share { first, kept: None })
}
