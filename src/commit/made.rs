//! The result of a closure.

use crate::write_set::WriteSet;

/// A closure's return value, its changes, and the number of transactions that they count as.
pub(crate) struct Made<T> {
    pub outcome: T,
    pub set: WriteSet,
    pub transactions: u64,
}
