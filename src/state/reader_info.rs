//! The description of a state that is read.

use std::thread::ThreadId;
use std::time::Duration;

/// A state that is read, and its reader: while the state is read, the file cannot reuse some pages.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReaderInfo {
    /// The state, as [`Snapshot::id`](crate::Snapshot::id) counts. For another process's state, the highest id that
    /// it can have.
    pub id: u64,
    /// How long ago it was pinned. For another process's state, how long this process has seen it, by listing readers
    /// or by its own checks twice a second.
    pub age: Duration,
    /// Transactions committed since. For another process's state, LMDB's commits are counted, which may hold several
    /// transactions each. The same holds in a callback of [`on_slow_reader`](crate::EnvOptions::on_slow_reader) if
    /// another process committed.
    pub lag: u64,
    /// The thread of this process that pinned it first; others may read it too. `None` for another process.
    pub thread: Option<ThreadId>,
    /// The id of the process that reads it.
    pub process: u32,
    /// Pages that were freed since and cannot be reused while it is read. `None` for a callback of
    /// [`on_slow_reader`](crate::EnvOptions::on_slow_reader), which must not read the file to count them.
    pub held_pages: Option<u64>,
}
