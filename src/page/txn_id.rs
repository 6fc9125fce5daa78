//! LMDB's ids of transactions, and of the states that they leave.

use crate::page::page_no::PageNo;

/// LMDB's id of a transaction, and of the state that it leaves. It is not mapleaf's count of commits, the `seq` of
/// `catalog::Head`: LMDB commits a group of mapleaf transactions as one transaction, and counts anew after a
/// compaction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub(crate) struct LmdbTxnId(pub u64);

impl LmdbTxnId {
    /// The id of the transaction after this one.
    #[inline]
    pub(crate) fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The id of the state that a transaction with this id is based on.
    #[inline]
    pub(crate) fn base(self) -> Self {
        Self(self.0.saturating_sub(1))
    }

    /// Which of the two meta pages the state is in.
    #[inline]
    pub(crate) fn slot(self) -> usize {
        usize::from(self.0 & 1 == 1)
    }

    /// The other slot, which the states directly before and after this one use.
    #[inline]
    pub(crate) fn other_slot(self) -> usize {
        1 - self.slot()
    }

    /// The meta page that the state is in.
    #[inline]
    pub(crate) fn page(self) -> PageNo {
        PageNo(self.0 & 1)
    }

    /// How many of LMDB's commits lie between an older state and this one.
    #[inline]
    pub(crate) fn commits_since(self, older: Self) -> u64 {
        self.0.saturating_sub(older.0)
    }
}
