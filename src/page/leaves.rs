//! The leaves of a range in order, and how many entries can be removed from each before LMDB merges it with a
//! neighbour.

use crate::error::Result;
use crate::page::cursor_stack::SeekTarget;
use crate::page::format::NODE_HEADER;
use crate::page::layout::{Page, Pages};
use crate::page::meta::TreeRecord;
use crate::page::page_no::PageNo;
use crate::page::search_key::SearchKey;
use crate::page::tree_position::TreePosition;

/// The divisor of the minimum fill: a leaf keeps at least a quarter of its space in use. Below that, LMDB fills it from
/// a neighbour or merges the two (`FILL_THRESHOLD` in mdb.c).
const MIN_FILL_DIVISOR: usize = 4;

/// The part of a range in one leaf.
#[derive(Clone, Copy)]
pub(crate) struct LeafPart<'a> {
    /// The first key of the range in this leaf.
    pub first: &'a [u8],
    /// The entries above this key can be removed without a merge; `None` if all entries of the part can.
    pub kept: Option<&'a [u8]>,
}

/// The leaves of a range, ascending.
pub(crate) struct Leaves<'a, 'k> {
    pages: Pages<'a>,
    /// No remaining key is below `from`. After the first leaf, no remaining key equals it either.
    from: &'k [u8],
    last: Option<&'a [u8]>,
    end: Option<&'k [u8]>,
    front: TreePosition<'a>,
    /// The last leaf, and how many of its entries are before the end of the range.
    back: (PageNo, usize),
    is_done: bool,
}

impl<'a, 'k> Leaves<'a, 'k> {
    /// The leaves with entries from `from` to before `end`, or to the end of the tree.
    ///
    /// # Errors
    /// `Corrupted` when a page on the path is damaged.
    pub(crate) fn within(
        pages: Pages<'a>,
        tree: &TreeRecord,
        from: &'k [u8],
        end: Option<&'k [u8]>,
    ) -> Result<Option<Self>> {
        let target = end.map_or(SeekTarget::<0>::End, |end| SeekTarget::Before(SearchKey::new(end)));
        let front = TreePosition::at(pages, tree, &SeekTarget::<0>::Before(SearchKey::new(from)))?;
        let back = TreePosition::at(pages, tree, &target)?.map(|back| (back.leaf.number(), back.slot));
        let within = |(front, back)| Self { pages, from, last: None, end, front, back, is_done: false };
        Ok(front.zip(back).map(within))
    }

    /// The part of the range in the next leaf that has one.
    ///
    /// # Errors
    /// As [`within`](Self::within).
    pub(crate) fn next(&mut self) -> Result<Option<LeafPart<'a>>> {
        while !self.is_done {
            let (leaf, from) = (self.front.leaf, self.front.slot);
            let is_last = leaf.number() == self.back.0;
            let to = if is_last { self.back.1 } else { leaf.slots() };
            self.is_done = is_last || !self.front.next_leaf(self.pages)?;
            if from < to {
                let part = part_of(leaf, from, to)?;
                // The caller removes all entries between keys that this function returns. So check that these ascend
                // and are within the range: otherwise the caller could remove other entries.
                let is_above = self.last.map_or(part.first >= self.from, |last| part.first > last);
                if !is_above || self.end.is_some_and(|end| part.first >= end) {
                    return Err(leaf.fault("keys are not in order"));
                }
                self.last = Some(part.first);
                return Ok(Some(part));
            }
        }
        Ok(None)
    }
}

/// The part of a range in `leaf` from slot `from` to before slot `to`.
fn part_of(leaf: Page<'_>, from: usize, to: usize) -> Result<LeafPart<'_>> {
    let mut left = leaf.used();
    let first = leaf.node(from)?.key;
    for slot in (from..to).rev() {
        let node = leaf.node(slot)?;
        let size = (NODE_HEADER + node.key.len() + node.data.len()).next_multiple_of(2) + size_of::<u16>();
        left = left.saturating_sub(size);
        if left * MIN_FILL_DIVISOR < leaf.room() {
            return Ok(LeafPart { first, kept: Some(node.key) });
        }
    }
    Ok(LeafPart { first, kept: None })
}
