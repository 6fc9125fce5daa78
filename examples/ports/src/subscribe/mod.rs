//! Subscriptions to the changes under a prefix, as sled's `watch_prefix`.
//!
//! Each change is noted in a log, in its own transaction. So a subscriber misses none and sees them in order, and also
//! those that other processes commit. The log keeps the last [`KEPT`] changes.

use std::path::Path;
use std::time::Duration;

use futures_util::Stream;
use futures_util::stream::try_unfold;
use serde::{Deserialize, Serialize};

use crate::Result;

pub mod heed;
pub mod mapleaf;
#[cfg(test)]
mod tests;

/// How many changes the log keeps for slow subscribers.
pub const KEPT: u64 = 100;

/// A change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// A key got a value.
    Insert {
        /// The key.
        key: Vec<u8>,
        /// Its new value.
        value: Vec<u8>,
    },
    /// A key was removed.
    Remove {
        /// The key.
        key: Vec<u8>,
    },
}

impl Event {
    /// The key that changed.
    #[must_use]
    pub fn key(&self) -> &[u8] {
        match self {
            Self::Insert { key, .. } | Self::Remove { key } => key,
        }
    }
}

/// A tree of bytes whose changes can be followed.
pub trait Tree: Sized + Sync {
    /// What follows them.
    type Subscriber: Subscriber + 'static;

    /// Opens the tree in a directory, or creates it.
    fn open(path: &Path) -> Result<Self>;

    /// Sets the value of a key.
    fn insert(&self, key: &[u8], value: &[u8]) -> Result<()>;

    /// Removes a key. Without it, nothing changes.
    fn remove(&self, key: &[u8]) -> Result<()>;

    /// The changes from now on of the keys that begin with `prefix`, by any process.
    fn watch_prefix(&self, prefix: &[u8]) -> Result<Self::Subscriber>;
}

/// Changes in the order of their commits. One that waits for too long, while more than [`KEPT`] others were made, gets
/// an error.
pub trait Subscriber: Sized + Send {
    /// The next change; `None` if there is none within `limit`.
    fn next_timeout(&mut self, limit: Duration) -> Result<Option<Event>>;

    /// The next change.
    fn next(&mut self) -> impl Future<Output = Result<Event>> + Send;

    /// The changes as a stream.
    fn into_stream(self) -> impl Stream<Item = Result<Event>> + Send {
        try_unfold(self, async |mut changes| Ok(Some((changes.next().await?, changes))))
    }
}
