//! What a transaction stamps rows with.

use crate::txn::txn_state::TxnState;

/// The incarnation of the engine, and how many indexes were given out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stamping {
    pub incarnation: u64,
    pub indexes: u32,
}

impl TxnState {
    /// The incarnation of the engine.
    pub(crate) fn incarnation(&self) -> u64 {
        self.stamping.incarnation
    }

    /// A number that no other change of this transaction has. A savepoint that is undone does not give its numbers back:
    /// somebody may have seen them.
    pub(crate) fn next_index(&mut self) -> u32 {
        let index = self.stamping.indexes;
        self.stamping.indexes = index.saturating_add(1);
        index
    }

    /// Whether it has anything to commit. O(DBIs that it changed).
    pub(crate) fn has_changes(&self) -> bool {
        !self.set.is_empty()
    }
}
