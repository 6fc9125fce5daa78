//! The branch pages from a root down to the parent of a leaf, and which child was taken in each.

use std::cmp::Ordering;
use std::ops::Bound;

use smallvec::SmallVec;

use crate::error::{Error, Result};
use crate::page::format::HEADER_LINES;
use crate::page::layout::{Page, Pages};
use crate::page::meta::TreeRecord;
use crate::page::readahead::ReadAhead;
use crate::page::search::Limits;
use crate::page::search_key::SearchKey;
use crate::page::tree::branch_levels;

/// A place between the entries of a tree.
#[derive(Clone, Copy)]
pub(crate) enum Spot<'k, const W: usize = 0> {
    /// Before all entries.
    Start,
    /// Before the first entry whose key is not below this one.
    Before(SearchKey<'k, W>),
    /// Before the first entry whose key is above this one.
    After(SearchKey<'k, W>),
    /// Behind all entries.
    End,
}

impl<'k, const W: usize> Spot<'k, W> {
    /// Where entries within a lower bound begin.
    #[inline]
    pub(crate) fn lower(bound: Bound<&'k [u8]>) -> Self {
        match bound {
            Bound::Unbounded => Self::Start,
            Bound::Included(key) => Self::Before(SearchKey::new(key)),
            Bound::Excluded(key) => Self::After(SearchKey::new(key)),
        }
    }

    /// Where entries within an upper bound end.
    #[inline]
    pub(crate) fn upper(bound: Bound<&'k [u8]>) -> Self {
        match bound {
            Bound::Unbounded => Self::End,
            Bound::Included(key) => Self::After(SearchKey::new(key)),
            Bound::Excluded(key) => Self::Before(SearchKey::new(key)),
        }
    }

    /// The child of `branch` that holds the spot.
    #[inline]
    fn child<'a>(&self, branch: Page<'a>, limits: &mut Limits<'a>) -> Result<usize> {
        match self {
            Self::Start => Ok(0),
            Self::Before(target) | Self::After(target) => limits.child(branch, target),
            Self::End => Ok(branch.slots().saturating_sub(1)),
        }
    }

    /// The slot of `leaf` that the spot is before.
    #[inline]
    pub(crate) fn slot<'a>(&self, leaf: Page<'a>, limits: &Limits<'a>) -> Result<usize> {
        match self {
            Self::Start => Ok(0),
            Self::Before(target) => limits.slot::<false, W>(leaf, target),
            Self::After(target) => limits.slot::<true, W>(leaf, target),
            Self::End => Ok(leaf.slots()),
        }
    }
}

/// A branch page and the child taken in it.
#[derive(Clone, Copy)]
pub(crate) struct Step<'a> {
    pub page: Page<'a>,
    pub slot: usize,
}

impl Step<'_> {
    /// The child `distance` slots away, if there is one in this page and it can be named.
    #[inline]
    pub(crate) fn child_at(&self, distance: isize) -> Option<u64> {
        let slot = self.slot.checked_add_signed(distance)?;
        if slot < self.page.slots() { self.page.child(slot).ok() } else { None }
    }
}

/// The steps from the root to the parent of a leaf; none in a tree of one leaf.
#[derive(Clone, Default)]
pub(crate) struct CursorStack<'a> {
    steps: SmallVec<[Step<'a>; 4]>,
    /// What was asked for of a file that is not in memory.
    ahead: ReadAhead,
}

impl<'a> CursorStack<'a> {
    /// Goes down from an empty trail to the leaf that holds `to`; gives its page number and the keys it lies between, `None`
    /// for a tree without pages.
    ///
    /// # Errors
    /// `Corrupted` when a page on the way is not what its place says.
    #[inline]
    pub(crate) fn descend<const W: usize>(
        &mut self,
        pages: Pages<'a>,
        tree: &TreeRecord,
        to: &Spot<'_, W>,
    ) -> Result<Option<(u64, Limits<'a>)>> {
        let Some(levels) = branch_levels(pages, tree)? else {
            return Ok(None);
        };
        let mut limits = Limits::default();
        let mut number = tree.root;
        for _ in 0..levels {
            let page = pages.branch(number)?;
            let slot = to.child(page, &mut limits)?;
            number = page.child(slot)?;
            pages.prefetch(number, HEADER_LINES);
            self.steps.push(Step { page, slot });
        }
        Ok(Some((number, limits)))
    }

    /// The same way, for a walk that names leaves and does not read them: none are asked for.
    pub(crate) fn passing_over(self) -> Self {
        Self { ahead: ReadAhead::off(), ..self }
    }

    /// The parent of the leaf, and the leaf's slot in it.
    pub(crate) fn parent(&self) -> Option<Step<'a>> {
        self.steps.last().copied()
    }

    /// The key that all of the leaf is below; `None` for the last leaf.
    ///
    /// # Errors
    /// `Corrupted` when the key is not inside its page.
    pub(crate) fn separator_behind(&self) -> Result<Option<&'a [u8]>> {
        let step = self.steps.iter().rev().find(|step| step.slot + 1 < step.page.slots());
        step.map(|step| step.page.key(step.slot + 1)).transpose()
    }

    /// The key that none of the leaf is below; `None` for the first leaf.
    ///
    /// # Errors
    /// `Corrupted` when the key is not inside its page.
    pub(crate) fn separator_before(&self) -> Result<Option<&'a [u8]>> {
        let step = self.steps.iter().rev().find(|step| step.slot > 0);
        step.map(|step| step.page.key(step.slot)).transpose()
    }

    /// All steps, the root's first.
    pub(crate) fn steps(&self) -> &[Step<'a>] {
        &self.steps
    }

    /// Takes child `slot` of the parent instead. The page is not looked at.
    pub(crate) fn set_parent_slot(&mut self, slot: usize) {
        if let Some(parent) = self.steps.last_mut() {
            parent.slot = slot;
        }
    }

    /// Moves to the next leaf and gives its page number; `None` behind the last one, where the trail is used up.
    ///
    /// # Errors
    /// `Corrupted` when a page on the way is not what its place says.
    #[inline]
    pub(crate) fn forward(&mut self, pages: Pages<'a>) -> Result<Option<u64>> {
        // A sibling, nearly always.
        if let Some(step) = self.steps.last_mut()
            && step.slot + 1 < step.page.slots()
        {
            step.slot += 1;
            return step.page.child(step.slot).map(Some);
        }
        self.forward_by_a_parent(pages)
    }

    #[inline(never)]
    fn forward_by_a_parent(&mut self, pages: Pages<'a>) -> Result<Option<u64>> {
        let levels = self.steps.len();
        while let Some(step) = self.steps.last_mut() {
            if step.slot + 1 < step.page.slots() {
                step.slot += 1;
                return self.down(pages, levels, 1);
            }
            self.steps.pop();
        }
        Ok(None)
    }

    /// Moves to the leaf before and gives its page number; `None` before the first one, where the trail is used up.
    ///
    /// # Errors
    /// `Corrupted` when a page on the way is not what its place says.
    pub(crate) fn backward(&mut self, pages: Pages<'a>) -> Result<Option<u64>> {
        let levels = self.steps.len();
        while let Some(step) = self.steps.last_mut() {
            if step.slot > 0 {
                step.slot -= 1;
                return self.down(pages, levels, -1);
            }
            self.steps.pop();
        }
        Ok(None)
    }

    /// Goes down from the last step until the trail has `levels` steps again: with a `direction` of 1 by first children, with
    /// -1 by last ones.
    fn down(&mut self, pages: Pages<'a>, levels: usize, direction: isize) -> Result<Option<u64>> {
        while let Some(step) = self.steps.last() {
            let child = step.page.child(step.slot)?;
            if self.steps.len() >= levels {
                return Ok(Some(child));
            }
            // All of a branch page will be read, a node for each leaf, in no order of its lines.
            pages.prefetch(child, usize::MAX);
            let page = pages.branch(child)?;
            let slot = if direction > 0 { 0 } else { page.slots().saturating_sub(1) };
            self.steps.push(Step { page, slot });
            if self.steps.len() == levels {
                self.ask_ahead(pages, direction);
            }
        }
        Ok(None)
    }

    /// Asks for the leaves that come next, where they are not in memory.
    fn ask_ahead(&mut self, pages: Pages<'a>, direction: isize) {
        if let [.., above, parent] = &*self.steps {
            let beside = |distance: isize| above.child_at(direction * distance);
            self.ahead.enter(pages, parent.page, beside, |number| pages.branch(number).ok());
        }
    }

    /// Which of two leaves of one tree comes first.
    pub(crate) fn order(&self, other: &Self) -> Ordering {
        self.steps.iter().map(|step| step.slot).cmp(other.steps.iter().map(|step| step.slot))
    }

    /// Whether both lead to the same parent, by the same children.
    pub(crate) fn same_parent(&self, other: &Self) -> bool {
        match (self.steps.split_last(), other.steps.split_last()) {
            (Some((_, mine)), Some((_, theirs))) => {
                mine.iter().map(|step| step.slot).eq(theirs.iter().map(|step| step.slot))
            }
            _ => self.steps.is_empty() && other.steps.is_empty(),
        }
    }
}

/// Why a walk that cannot end before it meets its end did so.
#[cold]
pub(crate) fn ran_out(tree: &TreeRecord) -> Error {
    Error::corrupted(tree.root, "a tree ends before a leaf that it led to")
}

/// Why a walk over a tree's leaves was given up.
#[cold]
pub(crate) fn too_many_leaves(page: u64) -> Error {
    Error::corrupted(page, "a tree leads to more leaf pages than its record counts")
}
