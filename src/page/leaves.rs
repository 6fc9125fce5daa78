//! The leaves of a range, one after the other, and which of their entries can go without a merge of leaves.

use crate::error::Result;
use crate::page::cursor_end::CursorEnd;
use crate::page::cursor_stack::Spot;
use crate::page::format::NODE_HEADER;
use crate::page::layout::{Page, Pages};
use crate::page::meta::TreeRecord;
use crate::page::search_key::SearchKey;

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
pub(crate) struct Leaves<'a, 'k> {
    pages: Pages<'a>,
    /// No key that comes is below it; behind the first leaf, nor is it that.
    from: &'k [u8],
    last: Option<&'a [u8]>,
    end: Option<&'k [u8]>,
    front: CursorEnd<'a>,
    /// The last leaf, and how many of its entries come before the end of the range.
    back: (u64, usize),
    is_done: bool,
}

impl<'a, 'k> Leaves<'a, 'k> {
    /// Those that have entries from `from` to before `end`, or to the end of the tree.
    ///
    /// # Errors
    /// `Corrupted` when a page on the way is not what its place says.
    pub(crate) fn within(
        pages: Pages<'a>,
        tree: &TreeRecord,
        from: &'k [u8],
        end: Option<&'k [u8]>,
    ) -> Result<Option<Self>> {
        let spot = end.map_or(Spot::<0>::End, |end| Spot::Before(SearchKey::new(end)));
        let front = CursorEnd::at(pages, tree, &Spot::<0>::Before(SearchKey::new(from)))?;
        let back = CursorEnd::at(pages, tree, &spot)?.map(|back| (back.leaf.number(), back.slot));
        let within = |(front, back)| Self { pages, from, last: None, end, front, back, is_done: false };
        Ok(front.zip(back).map(within))
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
                let share = share(leaf, from, to)?;
                // Who removes entries between two of these keys must not come upon others.
                let is_behind = self.last.map_or(share.first >= self.from, |last| share.first > last);
                if !is_behind || self.end.is_some_and(|end| share.first >= end) {
                    return Err(leaf.fault("keys are not in order"));
                }
                self.last = Some(share.first);
                return Ok(Some(share));
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
