//! The commit sequence: how many transactions were committed.

/// The number of transactions committed up to a state. It grows with every commit, across processes, reopening and
/// compaction. It is not LMDB's id of the state, which is an [`LmdbTxnId`](crate::page::LmdbTxnId).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub(crate) struct CommitSeq(pub u64);

impl CommitSeq {
    /// The number after one more transaction.
    #[inline]
    pub(crate) fn next(self) -> Self {
        self.plus(1)
    }

    /// The number after this many more transactions.
    #[inline]
    pub(crate) fn plus(self, transactions: u64) -> Self {
        Self(self.0.saturating_add(transactions))
    }

    /// The number before the last `transactions` transactions.
    #[inline]
    pub(crate) fn minus(self, transactions: u64) -> Self {
        Self(self.0.saturating_sub(transactions))
    }

    /// How many transactions were committed between an older state and this one.
    #[inline]
    pub(crate) fn transactions_since(self, older: Self) -> u64 {
        self.0.saturating_sub(older.0)
    }
}
