//! The result of a closure.

use crate::write_set::WriteSet;

/// What a closure returns, what it changed, and how many transactions its changes count as.
pub(crate) struct Made<T> {
    pub outcome: T,
    pub set: WriteSet,
    pub transactions: u64,
}
