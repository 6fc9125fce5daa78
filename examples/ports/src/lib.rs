//! Storage layers as programs have them, each written twice against one trait: over mapleaf and over heed.
//!
//! | Module | Shape | What it shows |
//! |---|---|---|
//! | [`begin_commit`] | a wallet's storage trait: trait objects with `begin` and `commit` | held transactions, nested savepoints |
//! | [`raft_log`] | the log of a Raft node | durability by the commit |
//! | [`sessions`] | web sessions in an axum service under tokio | writes from async code, a streamed response |
//! | [`subscribe`] | `watch_prefix`, as sled has it | waiting for commits, of other processes too |
//! | [`dump_restore`] | a dump of DBIs whose types the program does not know | DBIs as bytes |
//! | [`vectors`] | a graph of nearest vectors | threads that read pending changes |
//!
//! The same tests drive both sides. `each_port_is_no_longer_than_the_same_over_heed` counts their lines.
#![allow(clippy::missing_errors_doc, reason = "the errors are those of the engine below")]

use std::error;

pub mod begin_commit;
pub mod dump_restore;
mod open_heed;
pub mod raft_log;
pub mod sessions;
pub mod subscribe;
#[cfg(test)]
mod tests;
pub mod vectors;

/// What any of the engines reports.
pub type Error = Box<dyn error::Error + Send + Sync>;
/// The result of all ports.
pub type Result<T, E = Error> = std::result::Result<T, E>;
