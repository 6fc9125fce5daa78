//! Estimates that do not read everything: counts, and keys that cut a range into parts.

use std::ops::{Bound, ControlFlow};

use crate::error::Result;
use crate::page;
use crate::read::change_range::ChangeRange;
use crate::read::gaps::look;
use crate::read::layered_tree::LayeredTree;

/// Among up to this many entries of the file, every gap is visited. There are few: a gap hides at least eight entries.
const MAX_ENTRIES_WALKED: u64 = 2000;

/// How many keys are sampled if there are more entries.
const SAMPLED_KEYS: usize = 128;

/// How many changes of a layer are sampled.
const SAMPLE: usize = 32;

impl LayeredTree<'_> {
    /// Estimates the number of entries between the bounds: those of the file from its branch pages, those of each layer
    /// from a sample of its changes, spread over the range. O(branch pages of the range), whatever is changed.
    pub(crate) fn estimate(&self, lower: Bound<&[u8]>, upper: Bound<&[u8]>) -> Result<u64> {
        if self.is_plain() {
            return page::estimate(self.pages, &self.tree, lower, upper);
        }
        let entries = self.estimate_below(lower, upper)?;
        let (mut more, mut fewer) = (0, 0);
        for (at, changes) in self.layers.iter().enumerate() {
            let range = ChangeRange::new(changes, lower, upper);
            let (mut seen, mut put, mut covered) = (0, 0, 0);
            for entry in range.spread(SAMPLE) {
                let (key, value) = changes.record(entry);
                seen += 1;
                let is_hidden = self.layers[..at].iter().any(|newer| newer.gaps().containing(key).is_some());
                if !is_hidden {
                    put += u64::from(value.is_some());
                    covered += u64::from(self.is_below(at, key)?);
                }
            }
            let all = range.len() as u64;
            let of_all = |part: u64| all.saturating_mul(part) / u64::max(seen, 1);
            more += of_all(put);
            fewer += of_all(covered);
        }
        Ok(entries.saturating_add(more).saturating_sub(fewer))
    }

    /// Estimates how many entries of the file are not in a gap. If there are many entries, samples keys that are spread
    /// over them, since the cost of visiting all gaps would grow with their number.
    fn estimate_below(&self, lower: Bound<&[u8]>, upper: Bound<&[u8]>) -> Result<u64> {
        let all = page::estimate(self.pages, &self.tree, lower, upper)?;
        if all > MAX_ENTRIES_WALKED && self.has_gaps {
            let keys = page::split(self.pages, &self.tree, lower, upper, SAMPLED_KEYS)?;
            if !keys.is_empty() {
                let seen = keys.iter().filter(|key| !self.is_hidden(key)).count() as u64;
                return Ok(all.saturating_mul(seen) / keys.len() as u64);
            }
        }
        let mut entries = 0_u64;
        let _: ControlFlow<()> = self.outside_gaps(lower, upper, |lower, upper| {
            entries = entries.saturating_add(page::estimate(self.pages, &self.tree, lower, upper)?);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(entries)
    }

    /// Whether `key` exists below a layer.
    fn is_below(&self, layer: usize, key: &[u8]) -> Result<bool> {
        if self.layers[layer].gaps().containing(key).is_some() {
            return Ok(false);
        }
        match look(self.layers[layer + 1..].iter().copied(), key) {
            Some(found) => Ok(found.is_some()),
            None => Ok(page::get::<0>(self.pages, &self.tree, key)?.is_some()),
        }
    }

    /// Ascending keys that cut the range into about `parts` equal parts. They are keys of the file, or of a layer that
    /// has more keys in the range.
    pub(crate) fn split(&self, lower: Bound<&[u8]>, upper: Bound<&[u8]>, parts: usize) -> Result<Vec<Vec<u8>>> {
        let ranges = self.layers.iter().map(|changes| ChangeRange::new(changes, lower, upper));
        let largest = ranges.max_by_key(ChangeRange::len).filter(|range| range.len() as u64 > self.tree.entries);
        let Some(range) = largest else {
            return page::split(self.pages, &self.tree, lower, upper, parts);
        };
        let cuts = range.spread(parts.max(1)).skip(1).take(parts.saturating_sub(1));
        Ok(cuts.map(|entry| range.changes().record(entry).0.to_vec()).collect())
    }
}
