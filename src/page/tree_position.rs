//! A position between two entries of a tree, with the path to its leaf. A range has one at each end.

use std::cmp::Ordering;

use crate::error::Result;
use crate::page::cursor_stack::{CursorStack, SeekTarget, too_many_leaves};
use crate::page::layout::{Page, Pages};
use crate::page::meta::TreeRecord;
use crate::page::page_no::PageNo;

/// The position before entry `slot` of `leaf`; `slot` may be one past the last entry.
#[derive(Clone)]
pub(crate) struct TreePosition<'a> {
    pub path: CursorStack<'a>,
    pub leaf: Page<'a>,
    pub slot: usize,
    /// How many more leaves may be entered before the tree is considered damaged.
    pub leaves_left: u64,
}

impl<'a> TreePosition<'a> {
    /// A position in no tree.
    #[inline]
    pub(crate) fn nowhere() -> Self {
        Self { path: CursorStack::default(), leaf: Page::EMPTY, slot: 0, leaves_left: 0 }
    }

    /// Descends to `target`; `None` for a tree without pages.
    ///
    /// # Errors
    /// `Corrupted` when a page on the path is damaged.
    pub(crate) fn at<const W: usize>(
        pages: Pages<'a>,
        tree: &TreeRecord,
        target: &SeekTarget<'_, W>,
    ) -> Result<Option<Self>> {
        if tree.is_empty() {
            return Ok(None);
        }
        let mut position = Self { leaves_left: tree.leaf_pages, ..Self::nowhere() };
        position.enter_at(pages, tree, target)?;
        Ok(Some(position))
    }

    /// Descends to `target` from [`nowhere`](Self::nowhere), in place: a `TreePosition` spans several cache lines, and
    /// most cursors are opened for a few entries. In a tree without pages nothing changes.
    ///
    /// # Errors
    /// As [`at`](Self::at).
    #[inline]
    pub(crate) fn enter_at<const W: usize>(
        &mut self,
        pages: Pages<'a>,
        tree: &TreeRecord,
        target: &SeekTarget<'_, W>,
    ) -> Result<()> {
        let Some((number, limits)) = self.path.descend(pages, tree, target)? else {
            return Ok(());
        };
        let leaf = pages.leaf(number)?;
        if leaf.slots() == 0 && tree.depth > 1 {
            return Err(leaf.fault("an empty leaf"));
        }
        self.leaf = leaf;
        self.slot = target.slot(leaf, &limits)?;
        Ok(())
    }

    /// Skips all leaves below the page that is `above` levels above the current leaf, and moves to the start of the
    /// first leaf after them. `false` when there is none.
    pub(crate) fn next_leaf_beyond(&mut self, pages: Pages<'a>, above: usize) -> Result<bool> {
        let Some(number) = self.path.forward_beyond(pages, above)? else {
            return Ok(false);
        };
        self.enter(pages, number)?;
        self.slot = 0;
        Ok(true)
    }

    /// Moves before the first entry of the next leaf. `false` when there is none.
    ///
    /// # Errors
    /// `Corrupted` when the tree is damaged here, or has more leaves than its record counts.
    #[inline]
    pub(crate) fn next_leaf(&mut self, pages: Pages<'a>) -> Result<bool> {
        let Some(number) = self.path.forward(pages)? else {
            return Ok(false);
        };
        self.enter(pages, number)?;
        self.slot = 0;
        Ok(true)
    }

    /// Moves after the last entry of the previous leaf. `false` when there is none.
    ///
    /// # Errors
    /// As [`next_leaf`](Self::next_leaf).
    pub(crate) fn previous_leaf(&mut self, pages: Pages<'a>) -> Result<bool> {
        let Some(number) = self.path.backward(pages)? else {
            return Ok(false);
        };
        self.enter(pages, number)?;
        self.slot = self.leaf.slots();
        Ok(true)
    }

    #[inline]
    fn enter(&mut self, pages: Pages<'a>, number: PageNo) -> Result<()> {
        let leaf = pages.leaf(number)?;
        if leaf.slots() == 0 {
            return Err(leaf.fault("an empty leaf"));
        }
        self.leaves_left = self.leaves_left.checked_sub(1).ok_or_else(|| too_many_leaves(number))?;
        self.leaf = leaf;
        Ok(())
    }

    /// Moves to the position of `other`, which a search found. Keeps the number of leaves that may still be entered.
    pub(crate) fn jump(&mut self, other: Self) {
        *self = Self { leaves_left: self.leaves_left, ..other };
    }

    /// The order of two positions in one tree.
    pub(crate) fn order(&self, other: &Self) -> Ordering {
        self.path.order(&other.path).then(self.slot.cmp(&other.slot))
    }
}
