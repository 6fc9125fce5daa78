//! Transactions: a snapshot to read from and, for writers, a write set laid over it.

mod batch;
mod changed;
mod commit_id;
mod counts;
mod created;
mod dbis;
mod draft;
mod keys;
mod lengths;
mod logged;
mod raw_dbi;
mod read;
mod remove;
mod savepoint;
mod snapshot;
mod submit;
mod transact;
mod transaction;
mod writable;
mod write;
mod write_txn;

#[cfg(test)]
mod tests;

pub(crate) use created::Opening;
pub(crate) use dbis::DbiOpening;
pub(crate) use keys::Keys;
pub(crate) use write::TxnState;

pub use changed::Changed;
pub use commit_id::CommitId;
pub use draft::{Draft, DraftSavepoint};
pub use read::Read;
pub use savepoint::SavepointGuard;
pub use snapshot::Snapshot;
pub use submit::Commit;
pub use transaction::Transaction;
pub use writable::Write;
pub use write_txn::WriteTxn;
