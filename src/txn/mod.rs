//! Transactions: a snapshot to read from and, for writers, a write set laid over it.

mod batch;
mod counts;
mod dbis;
mod keys;
mod lengths;
mod read;
mod remove;
mod snapshot;
mod submit;
mod transact;
mod write;

#[cfg(test)]
mod tests;

pub(crate) use dbis::DbiOpening;
pub(crate) use keys::Keys;

pub use read::Read;
pub use snapshot::Snapshot;
pub use submit::Commit;
pub use write::WriteTxn;
