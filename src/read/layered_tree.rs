//! One DBI, seen through layers of changes.

use std::ops::{Bound, ControlFlow};

use smallvec::SmallVec;

use crate::error::Result;
use crate::page::{self, Cursor, Pages, TreeRecord};
use crate::read::cursor::LayeredCursor;
use crate::read::gaps::{first_gap, is_within, look};
use crate::read::merge::MergeCursor;
use crate::read::merged_changes::MergedChanges;
use crate::write_set::{DbiChanges, LEAST};

/// A tree of the file, with the changes of its DBI over it.
pub(crate) struct LayeredTree<'t> {
    pub(crate) pages: Pages<'t>,
    /// The tree of the file; an empty one if a layer hides all entries.
    pub(crate) tree: TreeRecord,
    /// The changes of each layer, newest first, down to the first layer that hides everything below it.
    pub(crate) layers: SmallVec<[&'t DbiChanges; 4]>,
    pub(super) has_gaps: bool,
}

impl<'t> LayeredTree<'t> {
    /// `layers` come newest first.
    pub(crate) fn new(pages: Pages<'t>, tree: TreeRecord, layers: impl Iterator<Item = &'t DbiChanges>) -> Self {
        let mut view = Self { pages, tree, layers: SmallVec::new(), has_gaps: false };
        for changes in layers.filter(|changes| !changes.is_empty()) {
            view.layers.push(changes);
            if changes.gaps().is_full() {
                view.tree = TreeRecord::EMPTY;
                break;
            }
        }
        view.has_gaps = !view.tree.is_empty() && view.layers.iter().any(|changes| !changes.gaps().is_empty());
        view
    }

    /// Whether there are no changes: then the page reader does everything itself.
    #[inline]
    pub(crate) fn is_plain(&self) -> bool {
        self.layers.is_empty()
    }

    /// A cursor over the entries between the bounds.
    pub(crate) fn range(&self, lower: Bound<&[u8]>, upper: Bound<&[u8]>) -> Result<LayeredCursor<'t>> {
        if self.is_plain() {
            return Ok(LayeredCursor::plain(Cursor::range(self.pages, &self.tree, lower, upper)?));
        }
        let (from, to) = self.outside_ends(lower, upper);
        let base = Cursor::range(self.pages, &self.tree, from, to)?;
        let gaps = if self.has_gaps { self.layers.clone() } else { SmallVec::new() };
        Ok(LayeredCursor::merged(MergeCursor::new(base, self.merged_changes(lower, upper), gaps)))
    }

    /// The bounds without the parts at either end that gaps hide.
    fn outside_ends<'k>(&self, lower: Bound<&'k [u8]>, upper: Bound<&'k [u8]>) -> (Bound<&'k [u8]>, Bound<&'k [u8]>)
    where
        't: 'k,
    {
        if !self.has_gaps {
            return (lower, upper);
        }
        let (mut from, mut to) = (lower, upper);
        for changes in &self.layers {
            let key = match from {
                Bound::Unbounded => LEAST,
                Bound::Included(key) | Bound::Excluded(key) => key,
            };
            // If the gap has no end, nothing remains after its start, and `from` is left as it is. The upper bound
            // moves to the gap's start below, which makes the range empty.
            if let Some((_, Some(end))) = changes.gaps().containing(key) {
                from = Bound::Included(end);
            }
            let gap = match to {
                Bound::Unbounded => changes.gaps().last().filter(|(_, end)| end.is_none()),
                Bound::Included(key) | Bound::Excluded(key) => changes.gaps().containing(key),
            };
            if let Some((start, _)) = gap {
                to = Bound::Excluded(start);
            }
        }
        (from, to)
    }

    /// Calls `each` with the value of each key and the key's index in `keys`. The keys that the layers do not decide
    /// are looked up in the file together.
    pub(crate) fn get_many<const W: usize>(
        &self,
        keys: &[&[u8]],
        mut each: impl FnMut(usize, Option<&'t [u8]>),
    ) -> Result<()> {
        if self.is_plain() {
            return page::get_many::<W>(self.pages, &self.tree, keys, each);
        }
        let (mut missed, mut indexes) = (Vec::new(), Vec::new());
        for (index, key) in keys.iter().enumerate() {
            if let Some(found) = look(self.layers.iter().copied(), key) {
                each(index, found);
            } else {
                missed.push(*key);
                indexes.push(index);
            }
        }
        page::get_many::<W>(self.pages, &self.tree, &missed, |at, value| {
            if let Some(index) = indexes.get(at) {
                each(*index, value);
            }
        })
    }

    /// The changes between the bounds.
    pub(crate) fn merged_changes(&self, lower: Bound<&[u8]>, upper: Bound<&[u8]>) -> MergedChanges<'t> {
        MergedChanges::new(&self.layers, lower, upper)
    }

    /// Whether a gap of any layer hides the file's entry for `key`.
    pub(crate) fn is_hidden(&self, key: &[u8]) -> bool {
        self.has_gaps && self.layers.iter().any(|changes| changes.gaps().containing(key).is_some())
    }

    /// Calls `each` with the parts of a range that no gap hides, ascending, until it breaks.
    pub(crate) fn outside_gaps<'k, B>(
        &self,
        lower: Bound<&'k [u8]>,
        upper: Bound<&'k [u8]>,
        mut each: impl FnMut(Bound<&[u8]>, Bound<&[u8]>) -> Result<ControlFlow<B>>,
    ) -> Result<ControlFlow<B>>
    where
        't: 'k,
    {
        if !self.has_gaps {
            return each(lower, upper);
        }
        let mut from = lower;
        loop {
            let key = match from {
                Bound::Unbounded => LEAST,
                Bound::Included(key) | Bound::Excluded(key) => key,
            };
            let Some((start, end)) = first_gap(&self.layers, key).filter(|(start, _)| is_within(start, upper)) else {
                return each(from, upper);
            };
            if start > key
                && let ControlFlow::Break(value) = each(from, Bound::Excluded(start))?
            {
                return Ok(ControlFlow::Break(value));
            }
            match end {
                Some(end) if is_within(end, upper) => from = Bound::Included(end),
                _ => return Ok(ControlFlow::Continue(())),
            }
        }
    }
}
