//! The log of a Raft node, as openraft asks for one.

use std::ops::RangeBounds;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::Result;

pub mod heed;
pub mod mapleaf;
#[cfg(test)]
mod tests;

/// The place of an entry, and the term of the leader that made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogId {
    /// The term of the leader.
    pub term: u64,
    /// The place in the log.
    pub index: u64,
}

/// One entry of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its place.
    pub id: LogId,
    /// What the state machine is to do.
    pub payload: Vec<u8>,
}

/// What a node has voted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vote {
    /// In which term.
    pub term: u64,
    /// For which node.
    pub node: u64,
}

/// Called once, when what was appended is on the disk.
pub type Flushed = Box<dyn FnOnce(Result<()>) + Send>;

/// The log, and what belongs to it.
pub trait LogStore: Sized {
    /// Opens the log in a directory, or creates it.
    fn open(path: &Path) -> Result<Self>;

    /// Saves the vote. It is on the disk when this returns.
    fn save_vote(&self, vote: &Vote) -> Result<()>;

    /// The vote that was saved last.
    fn vote(&self) -> Result<Option<Vote>>;

    /// Appends entries. They can be read when this returns, and are on the disk when `flushed` is called.
    fn append(&self, entries: &[Entry], flushed: Flushed) -> Result<()>;

    /// Removes the entries from an index on.
    fn truncate(&self, from: u64) -> Result<()>;

    /// Removes the entries up to one, and notes which one that was.
    fn purge(&self, upto: LogId) -> Result<()>;

    /// The entries of a range of indexes.
    fn entries(&self, range: impl RangeBounds<u64>) -> Result<Vec<Entry>>;

    /// What was purged last, and the last entry, which may be the purged one.
    fn state(&self) -> Result<(Option<LogId>, Option<LogId>)>;
}
