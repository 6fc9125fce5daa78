//! One layer's changes between two bounds, from both ends.

use std::ops::Bound;

use crate::write_set::{Blocks, DbiChanges, Entry, EntryPosition, Gap};

/// The changes of one layer that neither end has passed yet.
#[derive(Clone, Copy)]
pub(crate) struct ChangeRange<'t> {
    changes: &'t DbiChanges,
    blocks: &'t Blocks,
    front: EntryPosition,
    back: EntryPosition,
}

impl<'t> ChangeRange<'t> {
    /// The changes between the bounds; none when they are reversed.
    pub(crate) fn new(changes: &'t DbiChanges, lower: Bound<&[u8]>, upper: Bound<&[u8]>) -> Self {
        let blocks = changes.blocks();
        let range = Self { changes, blocks, front: EntryPosition::default(), back: blocks.end() };
        let front = match lower {
            Bound::Unbounded => range.front,
            Bound::Included(key) => range.position_of(key, false),
            Bound::Excluded(key) => range.position_of(key, true),
        };
        let back = match upper {
            Bound::Unbounded => range.back,
            Bound::Included(key) => range.position_of(key, true),
            Bound::Excluded(key) => range.position_of(key, false),
        };
        Self { front, back, ..range }
    }

    /// The position before `key`, or with `passed` the position after it.
    fn position_of(&self, key: &[u8], passed: bool) -> EntryPosition {
        let (position, is_there) = self.changes.lower(key);
        if passed && is_there { self.blocks.after(position) } else { position }
    }

    pub(crate) fn changes(&self) -> &'t DbiChanges {
        self.changes
    }

    /// The number of changes left. O(blocks between the ends).
    pub(crate) fn len(&self) -> usize {
        self.blocks.between(self.front, self.back)
    }

    /// About `parts` changes, spread evenly over those left; at least `parts` if there are as many.
    pub(crate) fn spread(&self, parts: usize) -> impl Iterator<Item = Entry> {
        let step = (self.len() / parts.max(1)).max(1);
        let mut range = *self;
        std::iter::from_fn(move || {
            let entry = range.peek::<true>()?;
            range.front = range.blocks.skip(range.front, step);
            Some(entry)
        })
    }

    /// The next change at an end.
    #[inline]
    pub(crate) fn peek<const FORWARD: bool>(&self) -> Option<Entry> {
        if self.front >= self.back {
            return None;
        }
        self.blocks.at(if FORWARD { self.front } else { self.blocks.before(self.back)? })
    }

    /// Passes the next change at an end, which must exist.
    #[inline]
    pub(crate) fn pass<const FORWARD: bool>(&mut self) {
        if FORWARD {
            self.changes.prefetch::<true>(self.front);
            self.front = self.blocks.after(self.front);
        } else if let Some(back) = self.blocks.before(self.back) {
            self.changes.prefetch::<false>(back);
            self.back = back;
        }
    }

    /// Passes the changes below `key` at the front.
    pub(crate) fn seek(&mut self, key: &[u8]) {
        if self.peek::<true>().is_some_and(|entry| self.changes.record(entry).0 < key) {
            self.front = self.changes.lower(key).0;
        }
    }

    /// Passes the changes above `key` at the back.
    pub(crate) fn seek_back(&mut self, key: &[u8]) {
        self.back = self.back.min(self.position_of(key, true));
    }

    /// Passes the changes inside a gap that contains the next change at an end.
    pub(crate) fn skip<const FORWARD: bool>(&mut self, (start, end): Gap<'_>) {
        match end {
            Some(end) if FORWARD => self.seek(end),
            None if FORWARD => self.front = self.back,
            _ => self.back = self.back.min(self.changes.lower(start).0),
        }
    }
}
