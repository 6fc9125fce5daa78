//! Whether an environment is usable: open, closed or out of use; and the moments when new snapshots wait.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};
use crate::os::process_mark;

const OPEN: u8 = 0;
const CLOSED: u8 = 1;
/// A commit or a flush failed on the disk.
const POISONED: u8 = 2;
/// Open, but new snapshots wait for a moment: `close` or `compact` needs a moment without snapshots.
const HELD_BACK: u8 = 3;
/// LMDB's lock file has lost its name: other programs cannot see the readers of this process.
const UNSEEN: u8 = 4;

/// The status of an environment, and the process that opened it.
pub(crate) struct Status {
    mark: u64,
    now: AtomicU8,
    /// Signalled when new snapshots may be taken again.
    passing: (Mutex<()>, Condvar),
}

/// What the status was when the environment was closed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct WasStatus(u8);

impl WasStatus {
    pub(crate) fn is_closed(self) -> bool {
        self.0 == CLOSED
    }

    /// Whether the environment was out of use, so that its files may not be marked as clean.
    pub(crate) fn is_out_of_use(self) -> bool {
        matches!(self.0, POISONED | UNSEEN)
    }
}

impl Status {
    /// The status of an environment that this process opens.
    pub(crate) fn open() -> Self {
        Self { mark: process_mark(), now: AtomicU8::new(OPEN), passing: (Mutex::new(()), Condvar::new()) }
    }

    /// Whether this process opened the environment; false in a forked child.
    pub(crate) fn is_own_process(&self) -> bool {
        process_mark() == self.mark
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.now.load(Ordering::Acquire) == CLOSED
    }

    /// Fails in a child that was forked from the process that opened the environment.
    pub(crate) fn check_not_forked(&self) -> Result<()> {
        if self.is_own_process() {
            return Ok(());
        }
        let why = "this process is a fork of the one that opened the environment; open it after the fork only, or exec";
        Err(Error::new(ErrorKind::Closed, why))
    }

    /// Fails if the environment is closed, out of use after a fatal error, or inherited by a fork; with `unseen` if
    /// other programs cannot see its readers.
    pub(crate) fn check(&self, unseen: impl FnOnce() -> Error) -> Result<()> {
        self.check_not_forked()?;
        match self.now.load(Ordering::Acquire) {
            OPEN | HELD_BACK => Ok(()),
            CLOSED => Err(Error::new(ErrorKind::Closed, "the environment was closed; open it again")),
            UNSEEN => Err(unseen()),
            _ => Err(Error::new(
                ErrorKind::CommitOutcomeUnknown,
                "a commit or a flush failed on the disk, and what was committed last may or may not be there; close and \
                 reopen the environment, which checks the file, writes it anew and shows what is there",
            )),
        }
    }

    /// Puts the environment out of use until it is reopened, unless it is out of use already.
    pub(crate) fn poison(&self) {
        self.end_as(POISONED);
    }

    /// As [`poison`](Self::poison), since other programs cannot see the readers of this process.
    pub(crate) fn end_unseen(&self) {
        self.end_as(UNSEEN);
    }

    fn end_as(&self, status: u8) {
        let open = |now| matches!(now, OPEN | HELD_BACK).then_some(status);
        let _ = self.now.fetch_update(Ordering::AcqRel, Ordering::Acquire, open);
    }

    /// Closes the environment, and returns what the status was.
    pub(crate) fn close(&self) -> WasStatus {
        WasStatus(self.now.swap(CLOSED, Ordering::AcqRel))
    }

    pub(crate) fn was(&mut self) -> WasStatus {
        WasStatus(*self.now.get_mut())
    }

    /// Returns when new snapshots may be taken: waits while they are held back, `limit` at most.
    #[inline]
    pub(crate) fn wait_to_pass(&self, limit: Duration) {
        if self.now.load(Ordering::Acquire) == HELD_BACK {
            self.wait_while_held_back(limit);
        }
    }

    #[cold]
    fn wait_while_held_back(&self, limit: Duration) {
        // A forked child does not have the thread that would end this wait, so it does not wait.
        if !self.is_own_process() {
            return;
        }
        let (passing, passed) = &self.passing;
        let held = passing.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = |(): &mut ()| self.now.load(Ordering::Acquire) == HELD_BACK;
        drop(passed.wait_timeout_while(held, limit, waiting));
    }

    /// Holds new snapshots back until the result is dropped.
    pub(crate) fn hold_back(&self) -> HeldBack<'_> {
        let _ = self.now.compare_exchange(OPEN, HELD_BACK, Ordering::AcqRel, Ordering::Acquire);
        HeldBack(self)
    }
}

/// While this lives, new snapshots wait.
pub(crate) struct HeldBack<'e>(&'e Status);

impl Drop for HeldBack<'_> {
    fn drop(&mut self) {
        let (passing, passed) = &self.0.passing;
        // The status is changed under the mutex, so that no thread misses the notification: a thread that has read the
        // old status under the mutex waits by now.
        let held = passing.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = self.0.now.compare_exchange(HELD_BACK, OPEN, Ordering::AcqRel, Ordering::Acquire);
        drop(held);
        passed.notify_all();
    }
}
