//! The path of a cursor: the branch pages from the root to the parent of a leaf, and the child taken in each.

use std::cmp::Ordering;
use std::ops::Bound;

use smallvec::SmallVec;

use crate::error::{Error, Result};
use crate::page::format::HEADER_LINES;
use crate::page::layout::{Page, Pages};
use crate::page::meta::TreeRecord;
use crate::page::page_no::PageNo;
use crate::page::readahead::ReadAhead;
use crate::page::search::Limits;
use crate::page::search_key::SearchKey;
use crate::page::tree::branch_levels;

/// A position between the entries of a tree.
#[derive(Clone, Copy)]
pub(crate) enum SeekTarget<'k, const W: usize = 0> {
    /// Before all entries.
    Start,
    /// Before the first entry whose key is not below this one.
    Before(SearchKey<'k, W>),
    /// Before the first entry whose key is above this one.
    After(SearchKey<'k, W>),
    /// After all entries.
    End,
}

impl<'k, const W: usize> SeekTarget<'k, W> {
    /// The position where a range with this lower bound begins.
    #[inline]
    pub(crate) fn lower(bound: Bound<&'k [u8]>) -> Self {
        match bound {
            Bound::Unbounded => Self::Start,
            Bound::Included(key) => Self::Before(SearchKey::new(key)),
            Bound::Excluded(key) => Self::After(SearchKey::new(key)),
        }
    }

    /// The position where a range with this upper bound ends.
    #[inline]
    pub(crate) fn upper(bound: Bound<&'k [u8]>) -> Self {
        match bound {
            Bound::Unbounded => Self::End,
            Bound::Included(key) => Self::After(SearchKey::new(key)),
            Bound::Excluded(key) => Self::Before(SearchKey::new(key)),
        }
    }

    /// The child of `branch` that contains the position.
    #[inline]
    fn child<'a>(&self, branch: Page<'a>, limits: &mut Limits<'a>) -> Result<usize> {
        match self {
            Self::Start => Ok(0),
            Self::Before(target) | Self::After(target) => limits.child(branch, target),
            Self::End => Ok(branch.slots().saturating_sub(1)),
        }
    }

    /// The slot of `leaf` that the position is before.
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

/// A branch page on the path, and the slot of the child that the path takes.
#[derive(Clone, Copy)]
pub(crate) struct Step<'a> {
    pub page: Page<'a>,
    pub slot: usize,
}

impl Step<'_> {
    /// The child `distance` slots away, if it is in this page and its node is valid.
    #[inline]
    pub(crate) fn child_at(&self, distance: isize) -> Option<PageNo> {
        let slot = self.slot.checked_add_signed(distance)?;
        if slot < self.page.slots() { self.page.child(slot).ok() } else { None }
    }
}

/// The steps from the root to the parent of a leaf; empty in a tree of one leaf.
#[derive(Clone, Default)]
pub(crate) struct CursorStack<'a> {
    steps: SmallVec<[Step<'a>; 4]>,
    /// What this walk has asked the system to read, if the file is not in memory.
    read_ahead: ReadAhead,
}

impl<'a> CursorStack<'a> {
    /// Descends from an empty stack to the leaf that contains `to`. Returns its page number and its limits; `None`
    /// for a tree without pages.
    ///
    /// # Errors
    /// `Corrupted` when a page on the path is damaged.
    #[inline]
    pub(crate) fn descend<const W: usize>(
        &mut self,
        pages: Pages<'a>,
        tree: &TreeRecord,
        to: &SeekTarget<'_, W>,
    ) -> Result<Option<(PageNo, Limits<'a>)>> {
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

    /// The same path, for a walk over branch pages that reads no leaves, and so need not request them ahead.
    pub(crate) fn without_read_ahead(self) -> Self {
        Self { read_ahead: ReadAhead::off(), ..self }
    }

    /// The parent of the leaf, with the leaf's slot in it.
    pub(crate) fn parent(&self) -> Option<Step<'a>> {
        self.steps.last().copied()
    }

    /// The separator after the current leaf, which all its keys are below; `None` for the last leaf.
    ///
    /// # Errors
    /// `Corrupted` when the key is outside its page.
    pub(crate) fn separator_after(&self) -> Result<Option<&'a [u8]>> {
        let step = self.steps.iter().rev().find(|step| step.slot + 1 < step.page.slots());
        step.map(|step| step.page.key(step.slot + 1)).transpose()
    }

    /// The separator before the current leaf, which none of its keys is below; `None` for the first leaf.
    ///
    /// # Errors
    /// `Corrupted` when the key is outside its page.
    pub(crate) fn separator_before(&self) -> Result<Option<&'a [u8]>> {
        let step = self.steps.iter().rev().find(|step| step.slot > 0);
        step.map(|step| step.page.key(step.slot)).transpose()
    }

    /// All steps, beginning at the root.
    pub(crate) fn steps(&self) -> &[Step<'a>] {
        &self.steps
    }

    /// Changes the child taken in the parent to `slot`, without reading that page.
    pub(crate) fn set_parent_slot(&mut self, slot: usize) {
        if let Some(parent) = self.steps.last_mut() {
            parent.slot = slot;
        }
    }

    /// Moves to the next leaf and returns its page number; `None` after the last one, with the stack empty.
    ///
    /// # Errors
    /// `Corrupted` when a page on the path is damaged.
    #[inline]
    pub(crate) fn forward(&mut self, pages: Pages<'a>) -> Result<Option<PageNo>> {
        // The next leaf nearly always has the same parent as this one. Only this case is inlined.
        if let Some(step) = self.steps.last_mut()
            && step.slot + 1 < step.page.slots()
        {
            step.slot += 1;
            return step.page.child(step.slot).map(Some);
        }
        self.forward_over_parent(pages)
    }

    #[inline(never)]
    fn forward_over_parent(&mut self, pages: Pages<'a>) -> Result<Option<PageNo>> {
        self.forward_beyond(pages, 0)
    }

    /// As [`forward`](Self::forward), but skips all leaves below the page that is `above` levels above the current
    /// leaf, and moves to the first leaf after them.
    pub(crate) fn forward_beyond(&mut self, pages: Pages<'a>, above: usize) -> Result<Option<PageNo>> {
        let levels = self.steps.len();
        self.steps.truncate(levels.saturating_sub(above));
        while let Some(step) = self.steps.last_mut() {
            if step.slot + 1 < step.page.slots() {
                step.slot += 1;
                return self.down(pages, levels, 1);
            }
            self.steps.pop();
        }
        Ok(None)
    }

    /// For two paths that have the same page `above` levels above their leaves. While the next child of that page's
    /// parent is the same in both trees too, passes it in both. The caller then leaves the last one by
    /// [`forward_beyond`](Self::forward_beyond).
    pub(crate) fn pass_shared(&mut self, other: &mut Self, above: usize) {
        let parent = |path: &Self| path.steps.len().checked_sub(above + 1);
        let (Some(own), Some(others)) = (parent(self), parent(other)) else { return };
        let (own, others) = (&mut self.steps[own], &mut other.steps[others]);
        while let Some(next) = own.child_at(1)
            && Some(next) == others.child_at(1)
        {
            own.slot += 1;
            others.slot += 1;
        }
    }

    /// Moves to the previous leaf and returns its page number; `None` before the first one, with the stack empty.
    ///
    /// # Errors
    /// `Corrupted` when a page on the path is damaged.
    pub(crate) fn backward(&mut self, pages: Pages<'a>) -> Result<Option<PageNo>> {
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

    /// Descends from the last step until the stack has `levels` steps again. A `direction` of 1 takes the first child
    /// of each page, -1 the last one.
    fn down(&mut self, pages: Pages<'a>, levels: usize, direction: isize) -> Result<Option<PageNo>> {
        while let Some(step) = self.steps.last() {
            let child = step.page.child(step.slot)?;
            if self.steps.len() >= levels {
                return Ok(Some(child));
            }
            // A scan reads every node of this branch page, one for each leaf below the page. The processor would not
            // prefetch the nodes by itself, because they do not lie in slot order. So prefetch the whole page.
            pages.prefetch(child, usize::MAX);
            let page = pages.branch(child)?;
            let slot = if direction > 0 { 0 } else { page.slots().saturating_sub(1) };
            self.steps.push(Step { page, slot });
            if self.steps.len() == levels {
                self.request_ahead(pages, direction);
            }
        }
        Ok(None)
    }

    /// Asks the system to read the next leaves, if they are not in memory.
    fn request_ahead(&mut self, pages: Pages<'a>, direction: isize) {
        if let [.., above, parent] = &*self.steps {
            let sibling = |distance: isize| above.child_at(direction * distance);
            self.read_ahead.enter(pages, parent.page, sibling, |number| pages.branch(number).ok());
        }
    }

    /// The order of two leaves in one tree.
    pub(crate) fn order(&self, other: &Self) -> Ordering {
        self.steps.iter().map(|step| step.slot).cmp(other.steps.iter().map(|step| step.slot))
    }

    /// Whether both paths lead to the same parent through the same children.
    pub(crate) fn same_parent(&self, other: &Self) -> bool {
        match (self.steps.split_last(), other.steps.split_last()) {
            (Some((_, mine)), Some((_, theirs))) => {
                mine.iter().map(|step| step.slot).eq(theirs.iter().map(|step| step.slot))
            }
            _ => self.steps.is_empty() && other.steps.is_empty(),
        }
    }
}

/// The error for a walk that ran out of leaves before it reached the leaf where it must end.
#[cold]
pub(crate) fn ran_out(tree: &TreeRecord) -> Error {
    tree.root.fault("a tree ends before a leaf that it led to")
}

/// The error for a walk that met more leaves than the record counts.
#[cold]
pub(crate) fn too_many_leaves(page: PageNo) -> Error {
    page.fault("a tree leads to more leaf pages than its record counts")
}
