//! A storage trait with `begin` and `commit`, as a wallet has it: the program knows trait objects alone.

use std::path::Path;

use crate::Result;

pub mod heed;
pub mod mapleaf;
#[cfg(test)]
mod tests;

/// Entries in key order.
pub type Rows<'t> = Box<dyn Iterator<Item = Result<(Vec<u8>, Vec<u8>)>> + 't>;

/// A database of bytes.
pub trait Database: Sized {
    /// Opens the database in a directory, or creates it.
    fn open(path: &Path) -> Result<Self>;

    /// Begins a transaction. It sees its own changes, and nobody else does before `commit`.
    fn begin(&self) -> Result<Box<dyn Transaction + '_>>;
}

/// A transaction. Dropped, it leaves nothing.
pub trait Transaction {
    /// The value of a key.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>>;

    /// Sets the value of a key, and returns the one before.
    fn insert(&mut self, key: &[u8], value: &[u8]) -> Result<Option<Vec<u8>>>;

    /// Removes a key, and returns its value.
    fn remove(&mut self, key: &[u8]) -> Result<Option<Vec<u8>>>;

    /// The entries whose keys begin with `prefix`.
    fn find_by_prefix(&self, prefix: &[u8]) -> Result<Rows<'_>>;

    /// A transaction inside this one. Its commit keeps its changes as a part of this one; dropped, it undoes them.
    fn savepoint(&mut self) -> Result<Box<dyn Transaction + '_>>;

    /// Commits.
    fn commit(self: Box<Self>) -> Result<()>;
}
