//! The description of a writer.

use std::time::Duration;

/// Who holds the writer's lock of an environment, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WriterInfo {
    /// The id of the process.
    pub process: u32,
    /// How long it has held the lock, in steps of a few milliseconds.
    pub held_for: Duration,
}
