//! Gaps: ranges of keys whose entries in older layers and in the file are deleted.

use std::collections::BTreeMap;
use std::ops::Bound;

/// The bytes counted for a gap besides its keys: for its node in the map, and for two allocations.
const GAP_BYTES: usize = 96;

/// The least possible key, where a gap from the beginning of all keys starts. Not the empty key: comparing with an
/// empty slice, whose pointer dangles, can take hundreds of cycles with masked loads.
pub(crate) const LEAST: &[u8] = &[0];

/// The first key of a gap, and the first key after it; `None` if the gap extends to the end.
pub(crate) type Gap<'g> = (&'g [u8], Option<&'g [u8]>);

/// A gap with owned keys.
type OwnGap = (Box<[u8]>, Option<Box<[u8]>>);

/// The deleted ranges of keys, disjoint and not adjacent.
#[derive(Debug, Default)]
pub(crate) struct Gaps {
    /// The end of each gap, by its first key.
    ends: BTreeMap<Box<[u8]>, Option<Box<[u8]>>>,
    bytes: usize,
    /// While a savepoint is open: the gaps that were added, each with those that it replaced.
    log: Option<Vec<AddedGap>>,
}

/// An added gap: its first key, and the gaps that it replaced.
#[derive(Debug)]
struct AddedGap {
    start: Box<[u8]>,
    replaced: Vec<OwnGap>,
}

impl Gaps {
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Whether one gap covers all keys.
    pub(crate) fn is_full(&self) -> bool {
        self.ends.first_key_value().is_some_and(|(start, end)| **start <= *LEAST && end.is_none())
    }

    /// About how many bytes of memory the gaps take.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// All gaps, ascending.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = Gap<'_>> {
        self.ends.iter().map(|(start, end)| (&**start, end.as_deref()))
    }

    /// Adds a gap from `start` to before `end`.
    pub(crate) fn add(&mut self, start: &[u8], end: Option<&[u8]>) {
        let start = if start.is_empty() { LEAST } else { start };
        if end.is_some_and(|end| end <= start) {
            return;
        }
        if self.extend(start, end) || self.extend_back(start, end) {
            return;
        }
        let (mut low, mut high): (Box<[u8]>, Option<Box<[u8]>>) = (start.into(), end.map(Into::into));
        let mut replaced = Vec::new();
        // Gaps that overlap or touch the new one are merged into it; the first of them may begin before it.
        while let Some((from, to)) = self.touching(&low, high.as_deref()) {
            let (from, to): (Box<[u8]>, Option<Box<[u8]>>) = (from.into(), to.map(Into::into));
            self.ends.remove(&from);
            self.bytes -= size(&from, to.as_deref());
            if self.log.is_some() {
                replaced.push((from.clone(), to.clone()));
            }
            high = if is_after(to.as_deref(), high.as_deref()) { to } else { high };
            low = low.min(from);
        }
        self.bytes += size(&low, high.as_deref());
        if let Some(log) = &mut self.log {
            log.push(AddedGap { start: low.clone(), replaced });
        }
        self.ends.insert(low, high);
    }

    /// Starts the log, if there is none. Returns its length.
    pub(super) fn begin_log(&mut self) -> usize {
        self.log.get_or_insert_default().len()
    }

    pub(super) fn end_log(&mut self) {
        self.log = None;
    }

    /// Undoes what was added since the log had the length `noted`.
    pub(super) fn undo(&mut self, noted: usize) {
        while let Some(AddedGap { start, replaced }) =
            self.log.as_mut().filter(|log| log.len() > noted).and_then(Vec::pop)
        {
            if let Some(end) = self.ends.remove(&start) {
                self.bytes -= size(&start, end.as_deref());
            }
            for (start, end) in replaced {
                self.bytes += size(&start, end.as_deref());
                self.ends.insert(start, end);
            }
        }
    }

    /// If it suffices to move the end of the gap that contains or touches `start`, does that, and returns true. This is
    /// the case each time when rows are deleted one after the other.
    fn extend(&mut self, start: &[u8], end: Option<&[u8]>) -> bool {
        // A single gap, as at the front of a queue, is checked by itself, which costs less than a search.
        let found = if self.ends.len() == 1 {
            self.ends.iter_mut().next().filter(|(from, _)| ***from <= *start)
        } else {
            let next = self.ends.range::<[u8], _>((Bound::Excluded(start), Bound::Unbounded)).next();
            if next.is_some_and(|(next, _)| end.is_none_or(|end| end >= &**next)) {
                return false;
            }
            self.ends.range_mut::<[u8], _>((Bound::Unbounded, Bound::Included(start))).next_back()
        };
        let Some((from, to)) = found else { return false };
        if to.as_deref().is_some_and(|to| to < start) {
            return false;
        }
        if is_after(end, to.as_deref()) {
            let len = |end: Option<&[u8]>| end.map_or(0, <[u8]>::len);
            self.bytes = self.bytes + len(end) - len(to.as_deref());
            if let (None, Some(to), Some(end)) = (&self.log, &mut *to, end)
                && to.len() == end.len()
            {
                to.copy_from_slice(end);
                return true;
            }
            let old = std::mem::replace(to, end.map(Into::into));
            if let Some(log) = &mut self.log {
                log.push(AddedGap { start: from.clone(), replaced: vec![(from.clone(), old)] });
            }
        }
        true
    }

    /// If it suffices to move the start of the only gap back to `start`, does that, and returns true. This is the case
    /// each time when the last rows are deleted one after the other.
    fn extend_back(&mut self, start: &[u8], end: Option<&[u8]>) -> bool {
        if self.ends.len() != 1 || self.log.is_some() {
            return false;
        }
        let Some((mut from, to)) = self.ends.pop_first() else { return false };
        let is_all = *start < *from && end.is_none_or(|end| end >= &*from) && !is_after(end, to.as_deref());
        if is_all && from.len() == start.len() {
            from.copy_from_slice(start);
        } else if is_all {
            self.bytes = self.bytes + start.len() - from.len();
            from = start.into();
        }
        self.ends.insert(from, to);
        is_all
    }

    /// The last gap that begins at or before `end` and ends at or after `start`.
    fn touching(&self, start: &[u8], end: Option<&[u8]>) -> Option<Gap<'_>> {
        let upper = end.map_or(Bound::Unbounded, Bound::Included);
        let (from, to) = self.ends.range::<[u8], _>((Bound::Unbounded, upper)).next_back()?;
        to.as_deref().is_none_or(|to| to >= start).then_some((&**from, to.as_deref()))
    }

    /// The gap that contains `key`.
    #[inline]
    pub(crate) fn containing(&self, key: &[u8]) -> Option<Gap<'_>> {
        #[cfg(test)]
        crate::page::steps::note();
        if self.ends.is_empty() {
            return None;
        }
        let (start, end) = self.ends.range::<[u8], _>((Bound::Unbounded, Bound::Included(key))).next_back()?;
        end.as_deref().is_none_or(|end| key < end).then_some((&**start, end.as_deref()))
    }

    /// The first gap that ends after `key`: the one that contains it, or the next one.
    pub(crate) fn first_ending_after(&self, key: &[u8]) -> Option<Gap<'_>> {
        self.containing(key).or_else(|| self.first_after(key))
    }

    /// The first gap that begins after `key`.
    pub(crate) fn first_after(&self, key: &[u8]) -> Option<Gap<'_>> {
        let (start, end) = self.ends.range::<[u8], _>((Bound::Excluded(key), Bound::Unbounded)).next()?;
        Some((&**start, end.as_deref()))
    }

    /// The number of gaps.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The gap that reaches beyond the last possible key, or, without `LAST`, down to the first one.
    pub(crate) fn at_end<const LAST: bool>(&self) -> Option<Gap<'_>> {
        if LAST {
            return self.last().filter(|(_, end)| end.is_none());
        }
        let first = self.ends.first_key_value().filter(|(start, _)| ***start <= *LEAST);
        first.map(|(start, end)| (&**start, end.as_deref()))
    }

    /// The last gap.
    pub(crate) fn last(&self) -> Option<Gap<'_>> {
        self.ends.last_key_value().map(|(start, end)| (&**start, end.as_deref()))
    }

    /// The last gap that begins at or before `key`.
    pub(crate) fn last_starting_up_to(&self, key: &[u8]) -> Option<Gap<'_>> {
        let (start, end) = self.ends.range::<[u8], _>((Bound::Unbounded, Bound::Included(key))).next_back()?;
        Some((&**start, end.as_deref()))
    }
}

/// Whether one end is after another.
fn is_after(end: Option<&[u8]>, other: Option<&[u8]>) -> bool {
    other.is_some_and(|other| end.is_none_or(|end| end > other))
}

/// The bytes counted for a gap.
pub(crate) fn size(start: &[u8], end: Option<&[u8]>) -> usize {
    GAP_BYTES + start.len() + end.map_or(0, <[u8]>::len)
}
