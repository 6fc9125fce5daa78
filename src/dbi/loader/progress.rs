//! What a load says of itself: while it runs, at its end, and when it is stopped.

use std::fmt;
use std::ops::ControlFlow;

use crate::error::{Error, Result};

/// What a load is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LoadPhase {
    /// Taking rows; what does not fit memory is sorted and written to temporary files.
    Taking,
    /// Merging runs into longer ones, as there are more than memory allows to read at once.
    Merging,
    /// Storing rows in the environment.
    Storing,
}

/// How far a load is: the argument of [`Loader::on_progress`](crate::Loader::on_progress).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoadProgress {
    /// What it is doing.
    pub phase: LoadPhase,
    /// Rows taken.
    pub rows: u64,
    /// Their keys and values, in bytes.
    pub bytes: u64,
    /// Runs written.
    pub runs: u64,
    /// Rows gone through in this phase. While [storing](LoadPhase::Storing) at most `rows`, and less by those that a later
    /// row of the same key replaced; it falls back to what is stored when the file's map must grow.
    pub done: u64,
    /// Rows that are committed.
    pub stored: u64,
    /// Transactions that are committed.
    pub chunks: u64,
}

/// What a load came to: the result of [`Loader::finish`](crate::Loader::finish).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoadReport {
    /// Rows taken.
    pub rows: u64,
    /// Their keys and values, in bytes.
    pub bytes: u64,
    /// Rows stored: those taken, less those that a later row of the same key replaced.
    pub stored: u64,
    /// Transactions committed.
    pub chunks: u64,
    /// Runs written: none if all rows fitted memory.
    pub runs: u64,
    /// Bytes written to temporary files, again with each merge of runs.
    pub spilled: u64,
}

/// Why a load ended that its callback stopped: the cause of its error, by [`Error::downcast`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoadStopped {
    /// How far it was.
    pub progress: LoadProgress,
}

impl fmt::Display for LoadStopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LoadProgress { rows, stored, .. } = self.progress;
        write!(f, "the load was stopped by its callback: {stored} of {rows} rows are stored")
    }
}

impl std::error::Error for LoadStopped {}

/// The callback of a load.
pub(super) type Callback = Box<dyn FnMut(&LoadProgress) -> ControlFlow<()> + Send>;

/// After how many rows the callback is called again.
pub(super) const STRIDE: u64 = 1 << 14;

/// How far the load is, and who wants to know.
pub(super) struct Progress {
    pub now: LoadProgress,
    pub callback: Option<Callback>,
    stopped: bool,
}

impl Progress {
    pub(super) fn new() -> Self {
        let phase = LoadPhase::Taking;
        let now = LoadProgress { phase, rows: 0, bytes: 0, runs: 0, done: 0, stored: 0, chunks: 0 };
        Self { now, callback: None, stopped: false }
    }

    /// Begins a phase, or goes on with it.
    pub(super) fn enter(&mut self, phase: LoadPhase) {
        self.now.phase = phase;
        self.now.done = if phase == LoadPhase::Taking { self.now.rows } else { 0 };
    }

    /// Counts a row of the phase, and calls the callback now and then.
    #[inline]
    pub(super) fn step(&mut self) -> Result<()> {
        self.now.done += 1;
        if self.now.done.is_multiple_of(STRIDE) { self.report() } else { Ok(()) }
    }

    /// Calls the callback.
    ///
    /// # Errors
    /// That the load is stopped, now or before.
    pub(super) fn report(&mut self) -> Result<()> {
        if let (Some(callback), false) = (&mut self.callback, self.stopped) {
            self.stopped = callback(&self.now).is_break();
        }
        self.check()
    }

    /// Refuses to go on once the callback has stopped the load.
    #[inline]
    pub(super) fn check(&self) -> Result<()> {
        if self.stopped { Err(Error::other(LoadStopped { progress: self.now })) } else { Ok(()) }
    }
}
