//! Transactions: a snapshot to read from, and for writers a set of changes laid over it.

mod apply;
mod batch;
mod commit;
mod counts;
mod dbis;
mod keys;
mod layered;
mod lengths;
mod raw;
mod read;
mod refill;
mod remove;
mod snapshot;
mod submit;
mod transact;
mod write;
mod write_set;

#[cfg(test)]
mod tests;

pub(crate) use batch::What;
pub use batch::{Batch, Conflicts, Expect, FailedCondition};
pub(crate) use dbis::DbiOpening;
pub(crate) use keys::Keys;
pub use raw::{RawCursor, RawEntry, RawRead};
pub use read::Read;
pub use snapshot::Snapshot;
pub use submit::Commit;
pub use write::WriteTxn;
pub(crate) use write::{check_key, check_value};
pub(crate) use write_set::{Arena, Entry, nearly_all, record_len, sort};
