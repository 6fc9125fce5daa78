//! What is said of a state that is read.

use std::thread::ThreadId;
use std::time::Duration;

/// A state that is read: who keeps the file from reusing pages.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReaderInfo {
    /// The state, as [`Snapshot::id`](crate::Snapshot::id) counts; of another process's the highest that it can be.
    pub id: u64,
    /// How long ago it was pinned; of another process's how long this process has seen it, by listing readers or by its own
    /// looks at them twice a second.
    pub age: Duration,
    /// Transactions committed since. Of another process's state, and to a callback of
    /// [`on_slow_reader`](crate::EnvOptions::on_slow_reader) where another process committed, LMDB's commits are counted,
    /// which may have several transactions each.
    pub lag: u64,
    /// The thread of this process that pinned it first; others may read it too. `None` for another process's.
    pub thread: Option<ThreadId>,
    /// The id of the process that reads it.
    pub process: u32,
    /// Pages that were freed since and cannot be reused while it is read. `None` to a callback of
    /// [`on_slow_reader`](crate::EnvOptions::on_slow_reader), which must not read the file to count them.
    pub held_pages: Option<u64>,
}
