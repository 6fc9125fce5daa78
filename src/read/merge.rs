//! The merge cursor: the changes of layers merged with the pages of a state, read from both ends.

use std::cmp::Ordering;
use std::ops::ControlFlow;

use smallvec::SmallVec;

use crate::error::{Error, Result};
use crate::page::Cursor;
use crate::page::{compare_tail, word_at};
use crate::read::gaps::{first_gap, is_in, last_gap};
use crate::read::merged_changes::{Change, MergedChanges};
use crate::read::raw::RawEntry;
use crate::write_set::{DbiChanges, Gap};

/// A cursor over the file's entries, called the base, and the layers over them.
///
/// It reads the base in the base's own loop up to the *stop*: the next position where a layer decides what is visible.
/// An entry that the base gives at the stop or after it is kept until the cursor has decided whether to return it.
#[derive(Clone)]
pub(crate) struct MergeCursor<'t> {
    /// The file's cursor; `None` when nothing is left of it.
    base: Option<Cursor<'t>>,
    /// Entries read from the front and the back of the base, and not returned yet.
    kept: [Option<RawEntry<'t>>; 2],
    changes: MergedChanges<'t>,
    /// The layers whose gaps hide entries of the base: all layers, or none if there are no gaps.
    gaps: SmallVec<[&'t DbiChanges; 4]>,
    /// The direction for which the next fields are valid; `None` if they must be computed again.
    forward: Option<bool>,
    change: Option<Change<'t>>,
    gap: Option<Gap<'t>>,
    stop: Stop<'t>,
}

/// The position up to which entries of the base are returned without a look-up in the layers.
#[derive(Clone, Copy)]
struct Stop<'t> {
    /// The first sixteen bytes of the key, padded with zeros; most comparisons need no more. After all keys if there is
    /// no stop.
    words: [u64; 2],
    position: StopPosition<'t>,
}

#[derive(Clone, Copy)]
enum StopPosition<'t> {
    /// No stop before the end of the base.
    Nowhere,
    /// The stop is before this key.
    Before(&'t [u8]),
    /// The stop is after this key.
    At(&'t [u8]),
    /// The stop is before the next entry: none is returned.
    Here,
}

impl<'t> Stop<'t> {
    fn new(key: &'t [u8], position: StopPosition<'t>) -> Self {
        Self { words: [word_at(key, 0), word_at(key, 8)], position }
    }

    /// Whether the base's entry with this key is visible, and comes before everything in the layers.
    #[inline]
    fn is_past<const FORWARD: bool>(&self, key: &[u8]) -> bool {
        for (at, word) in [(0, self.words[0]), (8, self.words[1])] {
            let here = word_at(key, at);
            if here != word {
                return (here < word) == FORWARD;
            }
        }
        self.decide::<FORWARD>(key)
    }

    /// Whether `key` is the key of the stop.
    #[inline]
    fn is_of(&self, key: &[u8], stop: &[u8]) -> bool {
        if key.len() != stop.len() || word_at(key, 0) != self.words[0] {
            return false;
        }
        key.len() <= 8 || key == stop
    }

    /// As [`is_past`](Self::is_past), if the words are equal.
    #[cold]
    fn decide<const FORWARD: bool>(&self, key: &[u8]) -> bool {
        let past = if FORWARD { Ordering::Less } else { Ordering::Greater };
        match self.position {
            StopPosition::Nowhere => true,
            StopPosition::Here => false,
            StopPosition::Before(stop) => compare_tail(key, stop) == past,
            StopPosition::At(stop) => compare_tail(key, stop) != past.reverse(),
        }
    }
}

impl<'t> MergeCursor<'t> {
    pub(crate) fn new(base: Cursor<'t>, changes: MergedChanges<'t>, gaps: SmallVec<[&'t DbiChanges; 4]>) -> Self {
        let stop = Stop { words: [0; 2], position: StopPosition::Here };
        let base = Some(base);
        Self { base, kept: [None; 2], changes, gaps, forward: None, change: None, gap: None, stop }
    }

    /// Returns the next entry at an end.
    #[inline]
    pub(crate) fn step<const FORWARD: bool>(&mut self) -> Result<Option<RawEntry<'t>>> {
        if self.forward == Some(FORWARD)
            && self.kept[usize::from(!FORWARD)].is_none()
            && let Some((key, value)) = self.take_base::<FORWARD>()?
        {
            if self.stop.is_past::<FORWARD>(key) {
                return Ok(Some((key, value)));
            }
            self.kept[usize::from(!FORWARD)] = Some((key, value));
        }
        self.step_slowly::<FORWARD>()
    }

    /// Calls `each` with every entry left, from the front, until it breaks.
    #[inline]
    pub(crate) fn for_each<B>(
        &mut self,
        mut each: impl FnMut(&'t [u8], &'t [u8]) -> ControlFlow<B>,
    ) -> Result<ControlFlow<B>> {
        loop {
            if let Some(base) = &mut self.base
                && self.forward == Some(true)
                && self.kept[0].is_none()
            {
                let stop = self.stop;
                let mut kept = None;
                let read = base.for_each(|key, value| {
                    if stop.is_past::<true>(key) {
                        return each(key, value).map_break(Some);
                    }
                    kept = Some((key, value));
                    ControlFlow::Break(None)
                });
                match read {
                    Ok(ControlFlow::Break(Some(value))) => return Ok(ControlFlow::Break(value)),
                    Ok(_) => {}
                    Err(error) => return Err(self.end(error)),
                }
                // In most cases the base was read up to an entry that a layer changes. This case is handled here,
                // without the slower step for all cases.
                if let (Some((key, _)), Some(change), None) = (kept, self.change, self.gap) {
                    self.kept[0] = kept.filter(|_| !stop.is_of(key, change.key));
                    self.pass::<true>(&change);
                    match change.value.map(|value| each(change.key, value)) {
                        Some(ControlFlow::Break(value)) => return Ok(ControlFlow::Break(value)),
                        _ => continue,
                    }
                }
                self.kept[0] = kept;
            }
            let Some((key, value)) = self.step_slowly::<true>()? else {
                return Ok(ControlFlow::Continue(()));
            };
            if let ControlFlow::Break(value) = each(key, value) {
                return Ok(ControlFlow::Break(value));
            }
        }
    }

    /// Moves the front forward to the first entry left at or above `key`.
    pub(crate) fn seek(&mut self, key: &[u8]) -> Result<()> {
        self.forward = None;
        self.changes.seek(key);
        for kept in &mut self.kept {
            *kept = kept.filter(|(kept, _)| *kept >= key);
        }
        match &mut self.base {
            Some(base) if self.kept[0].is_none() => base.seek(key).map_err(|error| self.end(error)),
            _ => Ok(()),
        }
    }

    /// Moves the back backward to the last entry left at or below `key`.
    pub(crate) fn seek_back(&mut self, key: &[u8]) -> Result<()> {
        self.forward = None;
        self.changes.seek_back(key);
        for kept in &mut self.kept {
            *kept = kept.filter(|(kept, _)| *kept <= key);
        }
        match &mut self.base {
            Some(base) if self.kept[1].is_none() => base.seek_back(key).map_err(|error| self.end(error)),
            _ => Ok(()),
        }
    }

    /// As [`step`](Self::step), where layers decide.
    #[inline(never)]
    fn step_slowly<const FORWARD: bool>(&mut self) -> Result<Option<RawEntry<'t>>> {
        let (near, far) = (usize::from(!FORWARD), usize::from(FORWARD));
        loop {
            if self.kept[near].is_none() {
                // If the base is at its end, the entry that the other end of this cursor has taken from the base and
                // kept is the last one left.
                self.kept[near] = self.take_base::<FORWARD>()?.or_else(|| self.kept[far].take());
            }
            if self.forward != Some(FORWARD) {
                self.forward = Some(FORWARD);
                self.change = self.changes.peek::<FORWARD>();
                self.find_gap::<FORWARD>();
            }
            let below = self.kept[near];
            if let Some((key, _)) = below {
                if self.stop.is_past::<FORWARD>(key) {
                    self.kept[near] = None;
                    return Ok(below);
                }
                if let Some(gap) = self.gap.filter(|gap| is_in(key, *gap)) {
                    self.leave_gap::<FORWARD>(gap)?;
                    continue;
                }
            }
            let order = match (below, self.change) {
                (None, None) => return Ok(None),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some((key, _)), Some(change)) if FORWARD => key.cmp(change.key),
                (Some((key, _)), Some(change)) => change.key.cmp(key),
            };
            // The base's next entry is past the gap where the cursor stopped, and comes before the next change, if any.
            // So find the next gap.
            let Some(change) = self.change.filter(|_| order.is_ge()) else {
                self.find_gap::<FORWARD>();
                continue;
            };
            if order.is_eq() {
                self.kept[near] = None;
            }
            self.pass::<FORWARD>(&change);
            if let Some(value) = change.value {
                return Ok(Some((change.key, value)));
            }
        }
    }

    #[inline]
    fn take_base<const FORWARD: bool>(&mut self) -> Result<Option<RawEntry<'t>>> {
        let Some(base) = &mut self.base else { return Ok(None) };
        #[cfg(test)]
        crate::page::steps::note();
        let taken = if FORWARD { base.next() } else { base.next_back() };
        taken.map_err(|error| self.end(error))
    }

    /// Skips the base's entries inside the gap. The stop stays at the gap: the base's next entry is beyond it, so the
    /// next step searches for the next gap.
    fn leave_gap<const FORWARD: bool>(&mut self, (start, end): Gap<'t>) -> Result<()> {
        self.kept[usize::from(!FORWARD)] = None;
        let Some(base) = &mut self.base else { return Ok(()) };
        let sought = match end {
            Some(end) if FORWARD => base.seek(end),
            None if FORWARD => {
                self.base = None;
                Ok(())
            }
            // Going backward, move to `start`. An entry with the key `start` is in the gap too: it remains the base's
            // next entry, and the next step skips it.
            _ => base.seek_back(start),
        };
        sought.map_err(|error| self.end(error))
    }

    /// Finds the next gap, from the next entry of the base.
    fn find_gap<const FORWARD: bool>(&mut self) {
        self.gap = match self.kept[usize::from(!FORWARD)] {
            Some((key, _)) if FORWARD => first_gap(&self.gaps, key),
            Some((key, _)) => last_gap(&self.gaps, key),
            None => None,
        };
        self.set_stop::<FORWARD>();
    }

    /// Passes this change, and finds the next one.
    #[inline]
    fn pass<const FORWARD: bool>(&mut self, change: &Change<'t>) {
        self.changes.pass::<FORWARD>(change);
        self.change = self.changes.peek::<FORWARD>();
        self.set_stop::<FORWARD>();
    }

    #[inline]
    fn set_stop<const FORWARD: bool>(&mut self) {
        match (self.change, self.gap) {
            // Store each word by itself. If both were assigned as one array, a wide load of words that were just stored
            // separately would stall.
            (Some(change), None) => {
                self.stop.words[0] = word_at(change.key, 0);
                self.stop.words[1] = word_at(change.key, 8);
                self.stop.position = StopPosition::Before(change.key);
            }
            (change, gap) => self.set_stop_slowly::<FORWARD>(change.map(|change| change.key), gap),
        }
    }

    #[cold]
    fn set_stop_slowly<const FORWARD: bool>(&mut self, change: Option<&'t [u8]>, gap: Option<Gap<'t>>) {
        self.stop = if FORWARD { stop_before(change, gap) } else { stop_after(change, gap) };
    }

    /// Ends the cursor after damage in the base: if it went on with the changes alone, these would look like all
    /// remaining entries.
    #[cold]
    fn end(&mut self, error: Error) -> Error {
        self.base = None;
        self.kept = [None; 2];
        self.changes.clear();
        (self.change, self.gap) = (None, None);
        error
    }
}

/// Where the front of the base must stop.
fn stop_before<'t>(change: Option<&'t [u8]>, gap: Option<Gap<'t>>) -> Stop<'t> {
    let first = match (change, gap) {
        (Some(key), Some((start, _))) => key.min(start),
        (Some(key), None) | (None, Some((key, _))) => key,
        (None, None) => return Stop { words: [u64::MAX; 2], position: StopPosition::Nowhere },
    };
    Stop::new(first, StopPosition::Before(first))
}

/// Where the back of the base must stop.
fn stop_after<'t>(change: Option<&'t [u8]>, gap: Option<Gap<'t>>) -> Stop<'t> {
    match (change, gap) {
        (_, Some((_, None))) => Stop { words: [u64::MAX; 2], position: StopPosition::Here },
        (Some(key), Some((_, Some(end)))) if end > key => Stop::new(end, StopPosition::At(end)),
        (None, Some((_, Some(end)))) => Stop::new(end, StopPosition::At(end)),
        (Some(key), _) => Stop::new(key, StopPosition::Before(key)),
        (None, None) => Stop { words: [0; 2], position: StopPosition::Nowhere },
    }
}
