//! A cursor that notes what it has read.

use std::mem;
use std::ops::Bound;

use crate::catalog::DbiRef;
use crate::error::Result;
use crate::read::cursor::LayeredCursor;
use crate::read::key_ranges::key_after;
use crate::read::raw::{RawCursor, RawEntry};
use crate::read::read_log::{ReadLog, key_range};
use crate::write_set::DbiChanges;

/// A cursor that notes in a log what decided its entries: the keys from each bound to the entry that it returned last
/// at that end, and the whole range once nothing is left. What [`seek`](RawCursor::seek) passes over was not read.
pub struct LoggedCursor<'t> {
    cursor: LayeredCursor<'t>,
    /// Where it notes that, if anywhere.
    log: Option<&'t ReadLog>,
    /// The number of the cursor in the log.
    number: u64,
    /// The own changes, which decide about their keys.
    own: Option<&'t DbiChanges>,
    /// Where the front began to read, and the key that it returned last since.
    start: Vec<u8>,
    front: Option<&'t [u8]>,
    /// Where the back began to read (exclusive), and the key that it returned last since.
    end: Option<Vec<u8>>,
    back: Option<&'t [u8]>,
    /// Whether nothing is left.
    is_at_end: bool,
}

impl<'t> LoggedCursor<'t> {
    /// Notes what `cursor`, which is over these bounds, reads. `own` are the changes that it reads first.
    pub(crate) fn new(
        cursor: LayeredCursor<'t>,
        log: Option<&'t ReadLog>,
        own: Option<&'t DbiChanges>,
        dbi: &DbiRef,
        (lower, upper): (Bound<&[u8]>, Bound<&[u8]>),
    ) -> Self {
        let (start, end) = key_range(lower, upper);
        let number = log.map_or(0, |log| log.open(dbi, (start.clone(), end.clone())));
        Self { cursor, log, number, own, start, front: None, end, back: None, is_at_end: false }
    }

    /// Notes a part of what was read.
    fn part(&self, part: (&[u8], Option<&[u8]>)) {
        if let Some(log) = self.log {
            log.part(self.number, self.own, part);
        }
    }

    /// Notes an entry at an end, or that nothing is left.
    #[inline]
    fn noted<const FORWARD: bool>(&mut self, entry: Option<RawEntry<'t>>) -> Option<RawEntry<'t>> {
        match entry {
            Some((key, _)) if FORWARD => self.front = Some(key),
            Some((key, _)) => self.back = Some(key),
            None => self.is_at_end = true,
        }
        entry
    }
}

impl<'t> RawCursor<'t> for LoggedCursor<'t> {
    fn next(&mut self) -> Result<Option<RawEntry<'t>>> {
        let entry = self.cursor.next()?;
        Ok(self.noted::<true>(entry))
    }

    fn next_back(&mut self) -> Result<Option<RawEntry<'t>>> {
        let entry = self.cursor.next_back()?;
        Ok(self.noted::<false>(entry))
    }

    fn seek(&mut self, key: &[u8]) -> Result<()> {
        if !self.is_at_end {
            if let Some(front) = self.front.take() {
                let to = key_after(front);
                self.part((&self.start, Some(&to)));
                self.start = to;
            }
            if *self.start < *key {
                self.start = key.to_vec();
            }
        }
        self.cursor.seek(key)
    }

    fn seek_back(&mut self, key: &[u8]) -> Result<()> {
        if !self.is_at_end {
            if let Some(back) = self.back.take() {
                self.part((back, self.end.as_deref()));
                self.end = Some(back.to_vec());
            }
            let end = key_after(key);
            if self.end.as_ref().is_none_or(|now| *now > end) {
                self.end = Some(end);
            }
        }
        self.cursor.seek_back(key)
    }
}

impl Clone for LoggedCursor<'_> {
    fn clone(&self) -> Self {
        let number = self.log.map_or(0, |log| log.reopen(self.number, (self.start.clone(), self.end.clone())));
        let (cursor, start, end) = (self.cursor.clone(), self.start.clone(), self.end.clone());
        Self { cursor, number, start, end, ..*self }
    }
}

impl Drop for LoggedCursor<'_> {
    fn drop(&mut self) {
        let Some(log) = self.log else { return };
        let end = mem::take(&mut self.end);
        let front = self.front.map(key_after);
        let all = self.is_at_end.then_some((&*self.start, end.as_deref()));
        let front = front.as_deref().map(|front| (&*self.start, Some(front)));
        let back = self.back.map(|back| (back, end.as_deref()));
        log.close(self.number, self.own, [all, front, back].into_iter().flatten());
    }
}
