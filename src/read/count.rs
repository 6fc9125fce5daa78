//! Counts and ranks through layers: the file's count from its page headers, plus and minus the changes.

use std::ops::{Bound, ControlFlow};

use crate::error::Result;
use crate::page;
use crate::read::layered_tree::LayeredTree;
use crate::read::raw::RawEntry;

/// How many changes are passed as one group.
const GROUP: usize = 256;

impl<'t> LayeredTree<'t> {
    /// The number of entries between the bounds. O(leaves of the range), and a search for each change in it.
    pub(crate) fn count(&self, lower: Bound<&[u8]>, upper: Bound<&[u8]>) -> Result<u64> {
        if self.is_plain() {
            return page::count_range(self.pages, &self.tree, lower, upper);
        }
        let mut entries = 0_u64;
        let _: ControlFlow<()> = self.outside_gaps(lower, upper, |lower, upper| {
            entries += page::count_range(self.pages, &self.tree, lower, upper)?;
            Ok(ControlFlow::Continue(()))
        })?;
        let mut covered = 0_u64;
        let mut keys: Vec<&[u8]> = Vec::new();
        let mut changes = self.merged_changes(lower, upper);
        loop {
            let change = changes.next();
            if let Some(change) = change {
                entries += u64::from(change.value.is_some());
                if !self.tree.is_empty() && !self.is_hidden(change.key) {
                    keys.push(change.key);
                }
            }
            if keys.len() == GROUP || change.is_none() {
                page::get_many::<0>(self.pages, &self.tree, &keys, |_, value| covered += u64::from(value.is_some()))?;
                keys.clear();
            }
            if change.is_none() {
                // `covered` counts the entries of the file that changes replace or delete. A damaged record may count
                // fewer entries in all, so the subtraction is checked.
                return entries.checked_sub(covered).ok_or_else(|| page::miscounted(&self.tree));
            }
        }
    }

    /// The entry with `n` entries before it. O(leaves and changes before it).
    pub(crate) fn nth(&self, n: u64) -> Result<Option<RawEntry<'t>>> {
        if self.is_plain() {
            return page::nth(self.pages, &self.tree, n);
        }
        let mut left = n;
        let (mut from, mut changes) = (Bound::Unbounded, self.merged_changes(Bound::Unbounded, Bound::Unbounded));
        // Skip whole groups of changes first, by counting the entries up to the last change of a group: that costs one
        // search per change instead of three.
        loop {
            let mut group = changes.clone();
            let Some(last) = std::iter::from_fn(|| group.next()).take(GROUP).last() else { break };
            let entries = self.count(from, Bound::Included(last.key))?;
            if left < entries {
                break;
            }
            left -= entries;
            (from, changes) = (Bound::Excluded(last.key), group);
        }
        while let Some(change) = changes.next() {
            let entry = self.nth_between(from, Bound::Excluded(change.key), &mut left)?;
            if entry.is_some() {
                return Ok(entry);
            }
            if let Some(value) = change.value {
                if left == 0 {
                    return Ok(Some((change.key, value)));
                }
                left -= 1;
            }
            from = Bound::Excluded(change.key);
        }
        self.nth_between(from, Bound::Unbounded, &mut left)
    }

    /// In a range without changes: the entry of the file that has `left` visible entries of the range before it. If
    /// the range has fewer, `left` is reduced by their number.
    fn nth_between(&self, lower: Bound<&[u8]>, upper: Bound<&[u8]>, left: &mut u64) -> Result<Option<RawEntry<'t>>> {
        if self.tree.is_empty() {
            return Ok(None);
        }
        let found = self.outside_gaps(lower, upper, |lower, upper| {
            let entries = page::count_range(self.pages, &self.tree, lower, upper)?;
            if *left >= entries {
                *left -= entries;
                return Ok(ControlFlow::Continue(()));
            }
            let before = match lower {
                Bound::Unbounded => 0,
                Bound::Included(key) => page::rank(self.pages, &self.tree, key)?,
                Bound::Excluded(key) => {
                    page::count_range(self.pages, &self.tree, Bound::Unbounded, Bound::Included(key))?
                }
            };
            page::nth(self.pages, &self.tree, before.saturating_add(*left)).map(ControlFlow::Break)
        })?;
        Ok(found.break_value().flatten())
    }
}
