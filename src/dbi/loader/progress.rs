//! What a load reports: while it runs, at its end, and when it is stopped.

use std::fmt;
use std::ops::ControlFlow;

use crate::error::{Error, Result};

/// The phase that a load is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LoadPhase {
    /// Taking rows; those that do not fit in memory are sorted and written to temporary files.
    Taking,
    /// Merging runs into longer ones, because there are more than memory allows to read at once.
    Merging,
    /// Storing rows in the environment.
    Storing,
}

/// How far a load has come: the argument of [`Loader::on_progress`](crate::Loader::on_progress).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoadProgress {
    /// The current phase.
    pub phase: LoadPhase,
    /// Rows taken.
    pub rows: u64,
    /// Keys and values of these rows, in bytes.
    pub bytes: u64,
    /// Runs written.
    pub runs: u64,
    /// Rows processed in this phase. While [storing](LoadPhase::Storing) it reaches at most `rows`, less the rows
    /// that a later row of the same key replaced. It falls back to `stored` when the file's map must grow.
    pub done: u64,
    /// Rows committed.
    pub stored: u64,
    /// Transactions committed.
    pub chunks: u64,
}

/// The result of [`Loader::finish`](crate::Loader::finish).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoadReport {
    /// Rows taken.
    pub rows: u64,
    /// Keys and values of these rows, in bytes.
    pub bytes: u64,
    /// Rows stored: the rows taken, less those that a later row of the same key replaced.
    pub stored: u64,
    /// Transactions committed.
    pub chunks: u64,
    /// Runs written; 0 if all rows fit in memory.
    pub runs: u64,
    /// Bytes written to temporary files. Each merge of runs counts again.
    pub spilled: u64,
}

/// The cause of the error of a load that was stopped by its progress callback: see [`Error::downcast`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoadStopped {
    /// How far the load had come.
    pub progress: LoadProgress,
}

impl fmt::Display for LoadStopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LoadProgress { rows, stored, .. } = self.progress;
        write!(f, "the load was stopped by its callback: {stored} of {rows} rows are stored")
    }
}

impl std::error::Error for LoadStopped {}

/// The progress callback of a load.
pub(super) type Callback = Box<dyn FnMut(&LoadProgress) -> ControlFlow<()> + Send>;

/// The callback is called once in so many rows.
pub(super) const STRIDE: u64 = 1 << 14;

/// The progress of a load, and its callback.
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

    /// Starts a phase, or resumes it.
    pub(super) fn enter(&mut self, phase: LoadPhase) {
        self.now.phase = phase;
        self.now.done = if phase == LoadPhase::Taking { self.now.rows } else { 0 };
    }

    /// Counts a row of the phase, and calls the callback every [`STRIDE`] rows.
    #[inline]
    pub(super) fn step(&mut self) -> Result<()> {
        self.now.done += 1;
        if self.now.done.is_multiple_of(STRIDE) { self.report() } else { Ok(()) }
    }

    /// Calls the callback.
    ///
    /// # Errors
    /// `Other` if the callback stops the load, or has stopped it before.
    pub(super) fn report(&mut self) -> Result<()> {
        if let (Some(callback), false) = (&mut self.callback, self.stopped) {
            self.stopped = callback(&self.now).is_break();
        }
        self.check()
    }

    /// Fails once the callback has stopped the load.
    #[inline]
    pub(super) fn check(&self) -> Result<()> {
        if self.stopped { Err(Error::other(LoadStopped { progress: self.now })) } else { Ok(()) }
    }
}
