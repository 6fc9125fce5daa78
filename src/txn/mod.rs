//! Transactions: a snapshot to read from and, for writers, a write set laid over it.

// The modules are in the order in which rustdoc is to show their methods: see `lib.rs`.
mod transact;

mod snapshot;

mod transaction;

mod transact_forms;

mod submit;

mod txn_state;

mod savepoint;

mod batch;
mod changed;
mod commit_id;
mod counts;
mod created;
mod dbi_checks;
mod dbis;
mod dbis_of_snapshot;
mod draft;
#[cfg(feature = "store")]
mod hidden;
mod holding;
mod keys;
mod lengths;
mod logged;
mod names;
mod pending;
mod raw_dbi;
mod read;
mod reader;
mod remove;
mod renamed;
mod writable;
mod write_txn;

#[cfg(test)]
mod tests;

pub(crate) use created::{Existence, Opening};
pub(crate) use dbis::DbiOpening;
pub(crate) use keys::Keys;
pub(crate) use txn_state::TxnState;
#[cfg(feature = "store")]
pub(crate) use writable::Writable;

pub use changed::Changed;
pub use commit_id::CommitId;
pub use draft::{Draft, DraftSavepoint};
pub use read::Read;
pub use reader::Reader;
pub use savepoint::SavepointGuard;
pub use snapshot::Snapshot;
pub use submit::Commit;
pub use transaction::Transaction;
pub use writable::Write;
pub use write_txn::WriteTxn;
