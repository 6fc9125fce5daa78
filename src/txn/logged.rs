//! What a draft reads is noted, and what it deletes row by row stays so: the state that its changes are committed on
//! has other rows, perhaps, than the one that it read.

use std::ops::Bound;
use std::sync::Arc;

use crate::catalog::DbiRef;
use crate::error::Result;
use crate::read::{LoggedCursor, RawRead, ReadLog, look};
use crate::txn::txn_state::TxnState;

/// A walk over a range. If it ends by a panic or by an error, all of the range counts as read.
pub(crate) struct Walk<'w> {
    state: &'w TxnState,
    dbi: &'w DbiRef,
    bounds: (Bound<&'w [u8]>, Bound<&'w [u8]>),
    is_noted: bool,
}

impl Walk<'_> {
    /// Notes, if reads are noted, that the range was read from its beginning up to and including `last`, or to its end
    /// without one.
    #[inline]
    pub(crate) fn end(mut self, last: Option<&[u8]>) -> Result<()> {
        self.is_noted = true;
        let (lower, upper) = self.bounds;
        self.state.log_range(self.dbi, lower, last.map_or(upper, Bound::Included))
    }
}

impl Drop for Walk<'_> {
    #[inline]
    fn drop(&mut self) {
        if !self.is_noted {
            // The error can be ignored: if the log of what was read has no room for the range, the log is marked as
            // incomplete, and the commit of the draft fails.
            let _ = self.state.log_range(self.dbi, self.bounds.0, self.bounds.1);
        }
    }
}

impl TxnState {
    /// Whether what is read is noted. Then deletions of consecutive rows must not become gaps: a gap also deletes rows
    /// that others insert between them.
    #[inline]
    pub(crate) fn is_draft(&self) -> bool {
        self.reads().is_some()
    }

    /// Whether an own change decides about a key.
    fn is_own(&self, dbi: &DbiRef, key: &[u8]) -> bool {
        look(self.set.dbi(dbi.slot).into_iter(), key).is_some()
    }

    /// Notes that these keys are read, but those that own changes decide.
    #[cold]
    #[inline(never)]
    pub(super) fn log_keys(&self, dbi: &DbiRef, keys: &[&[u8]]) -> Result<()> {
        let Some(log) = self.reads() else { return Ok(()) };
        // A key that cannot be stored is absent in every state, so no commit can conflict with reading it: it need not
        // be noted.
        let can_be = |key: &[u8]| !key.is_empty() && key.len() <= self.max_key;
        let below = keys.iter().copied().filter(|key| can_be(key) && !self.is_own(dbi, key));
        below.into_iter().try_for_each(|key| log.key(dbi, &self.set, key))
    }

    /// Notes that a range is read, if reads are noted, but not what own changes decide.
    #[inline]
    pub(super) fn log_range(&self, dbi: &DbiRef, lower: Bound<&[u8]>, upper: Bound<&[u8]>) -> Result<()> {
        if self.is_draft() { self.log_range_of(dbi, lower, upper) } else { Ok(()) }
    }

    #[cold]
    fn log_range_of(&self, dbi: &DbiRef, lower: Bound<&[u8]>, upper: Bound<&[u8]>) -> Result<()> {
        self.reads().map_or(Ok(()), |log| log.range(dbi, &self.set, lower, upper))
    }

    /// Begins to walk over a range. Cursors over this state itself note nothing: who walks says how far.
    #[inline]
    pub(crate) fn walk<'w>(&'w self, dbi: &'w DbiRef, bounds: (Bound<&'w [u8]>, Bound<&'w [u8]>)) -> Walk<'w> {
        Walk { state: self, dbi, bounds, is_noted: false }
    }

    /// A cursor that notes what it reads, of a draft.
    pub(super) fn logged_range<'t>(
        &'t self,
        dbi: &DbiRef,
        bounds: (Bound<&[u8]>, Bound<&[u8]>),
    ) -> Result<LoggedCursor<'t>> {
        let cursor = self.raw_range(dbi, bounds.0, bounds.1)?;
        Ok(LoggedCursor::new(cursor, self.log(), self.set.dbi(dbi.slot), dbi, bounds))
    }

    /// Removes `key` by a change of its own, and returns whether it existed. One search in the changes, and one in the
    /// state.
    #[cold]
    pub(super) fn remove_alone(&mut self, dbi: &Arc<DbiRef>, key: &[u8]) -> Result<bool> {
        // The deletion is recorded even if only the draft itself has put the row: the state that the draft is committed
        // on may have a row with this key.
        let is_there = self.raw_get::<0>(dbi, key)?.is_some();
        if is_there {
            self.change(dbi, key, None)?;
        }
        Ok(is_there)
    }

    /// Lets what was read count against the limit of the changes, and the other way round.
    pub(super) fn share_limit(&mut self) {
        if let Some(log) = self.reads() {
            let left = log.share(&self.set);
            self.set.set_limit(left);
        }
    }

    /// What a cursor reads is noted here, if it is, within what the changes have left.
    fn log(&self) -> Option<&ReadLog> {
        let log = self.reads()?;
        log.share(&self.set);
        Some(log)
    }
}
