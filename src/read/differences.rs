//! Whether the entries of keys are the same in two states of one file.

use crate::error::Result;
use crate::page::{self, Differences};
use crate::read::gaps::{first_gap, look};
use crate::read::layered_tree::LayeredTree;
use crate::read::raw::RawCursor;
use crate::read::read_log::bounds_of;
use crate::write_set::LEAST;

type KeyRange<'k> = (&'k [u8], Option<&'k [u8]>);

impl LayeredTree<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<&[u8]>> {
        match look(self.layers.iter().copied(), key) {
            Some(found) => Ok(found),
            None => page::get::<0>(self.pages, &self.tree, key),
        }
    }

    /// Whether `key` has another value in `other`, or exists in one of the two alone.
    pub(crate) fn differs_at(&self, other: &LayeredTree<'_>, key: &[u8]) -> Result<bool> {
        Ok(match (self.get(key)?, other.get(key)?) {
            // If both states have the value at the same place of one map, it is the same value, and its bytes are not
            // compared.
            (Some(own), Some(other)) => !std::ptr::eq(own, other) && own != other,
            (own, other) => own.is_some() != other.is_some(),
        })
    }

    /// The first key from `start` to before `end`, or to the end, that differs in `other`, another state of the same
    /// file. Both states must be kept. Costs O(log n), and O(entries of the leaves that only one state has, and changes
    /// of the layers, in the range).
    pub(crate) fn first_difference(&self, other: &LayeredTree<'_>, range: KeyRange<'_>) -> Result<Option<Vec<u8>>> {
        let first = self.first_in_pages(other, range)?;
        let first = self.first_in_layers(other, self, range, first)?;
        self.first_in_layers(other, other, range, first)
    }

    /// The first of those that the layers of one of the two decide, or else `first`.
    fn first_in_layers(
        &self,
        other: &LayeredTree<'_>,
        changed: &LayeredTree<'_>,
        range: KeyRange<'_>,
        first: Option<Vec<u8>>,
    ) -> Result<Option<Vec<u8>>> {
        if changed.is_plain() {
            return Ok(first);
        }
        // Only a key before the first difference so far can change the result. So the range of the search ends there.
        let found = self.first_in_changes(other, changed, before(range, first.as_deref()))?;
        let first = found.or(first);
        let found = self.first_in_gaps(other, changed, before(range, first.as_deref()))?;
        Ok(found.or(first))
    }

    /// The first of those whose pages differ.
    fn first_in_pages(&self, other: &LayeredTree<'_>, (start, end): KeyRange<'_>) -> Result<Option<Vec<u8>>> {
        let mut keys = Differences::between((self.pages, &self.tree), (other.pages, &other.tree), start, end)?;
        while let Some(key) = keys.next()? {
            // The pages differ at this key, but layers may overrule the pages. So compare what the two states give.
            if (self.is_plain() && other.is_plain()) || self.differs_at(other, key)? {
                return Ok(Some(key.to_vec()));
            }
        }
        Ok(None)
    }

    /// The first of those that the layers of one of the two change.
    fn first_in_changes(
        &self,
        other: &LayeredTree<'_>,
        changed: &LayeredTree<'_>,
        (start, end): KeyRange<'_>,
    ) -> Result<Option<Vec<u8>>> {
        let (lower, upper) = bounds_of(start, end);
        let mut merged = changed.merged_changes(lower, upper);
        while let Some(change) = merged.next() {
            if self.differs_at(other, change.key)? {
                return Ok(Some(change.key.to_vec()));
            }
        }
        Ok(None)
    }

    /// The first of those in the gaps of one of the two.
    fn first_in_gaps(
        &self,
        other: &LayeredTree<'_>,
        changed: &LayeredTree<'_>,
        (start, end): KeyRange<'_>,
    ) -> Result<Option<Vec<u8>>> {
        let mut from = if start.is_empty() { LEAST } else { start };
        let is_past = |key: &[u8]| end.is_some_and(|end| key >= end);
        while let Some((gap_start, gap_end)) = first_gap(&changed.layers, from).filter(|(start, _)| !is_past(start)) {
            let to = gap_end.filter(|gap_end| !is_past(gap_end)).or(end);
            let found = self.first_by_walk(other, (from.max(gap_start), to))?;
            match gap_end.filter(|gap_end| !is_past(gap_end)) {
                Some(gap_end) if found.is_none() => from = gap_end,
                _ => return Ok(found),
            }
        }
        Ok(None)
    }

    /// The first of those between two keys, by reading all entries.
    fn first_by_walk(&self, other: &LayeredTree<'_>, (start, end): KeyRange<'_>) -> Result<Option<Vec<u8>>> {
        let (lower, upper) = bounds_of(start, end);
        let (mut own, mut others) = (self.range(lower, upper)?, other.range(lower, upper)?);
        loop {
            let first = match (own.next()?, others.next()?) {
                (None, None) => return Ok(None),
                (Some(own), Some(other)) if own == other => continue,
                (Some((own, _)), Some((other, _))) => own.min(other),
                (Some((key, _)), None) | (None, Some((key, _))) => key,
            };
            return Ok(Some(first.to_vec()));
        }
    }
}

/// The part of a range before `first`, if that is known.
fn before<'k>((start, end): KeyRange<'k>, first: Option<&'k [u8]>) -> KeyRange<'k> {
    (start, first.or(end))
}
