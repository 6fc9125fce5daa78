//! The free list of a state: how many pages each transaction freed.

use crate::error::Result;
use crate::page::{Cursor, LmdbTxnId, free_count};
use crate::state::committed::State;

/// Pages in the free list, by the transaction that freed them, ascending.
pub(crate) struct FreePages(Vec<(LmdbTxnId, u64)>);

impl FreePages {
    /// Reads the free list: O(its pages).
    pub(crate) fn of(state: &State) -> Result<Self> {
        let root = state.meta().free.root;
        let mut cursor = Cursor::unordered(state.pages(), &state.meta().free)?;
        let (mut freed, mut all) = (Vec::new(), 0_u64);
        while let Some((key, value)) = cursor.next()? {
            let damaged = || root.fault("a record of the free list is cut short");
            let freed_by = LmdbTxnId(u64::from_ne_bytes(*key.first_chunk().ok_or_else(damaged)?));
            let count = free_count(value, value.len()).ok_or_else(damaged)?;
            // In a damaged file, several large records may claim the same pages. So the length of the file does not
            // bound the sum of the counts, which may overflow.
            all = all.checked_add(count).ok_or_else(damaged)?;
            freed.push((freed_by, count));
        }
        Ok(Self(freed))
    }

    /// The number of all free pages.
    pub(crate) fn all(&self) -> u64 {
        self.0.iter().map(|(_, count)| count).sum()
    }

    /// The number of pages that no writer may take while the state with LMDB's id `state` is read: those freed by its
    /// own transaction or later.
    pub(crate) fn held_by(&self, state: LmdbTxnId) -> u64 {
        self.0.iter().filter(|(freed_by, _)| *freed_by >= state).map(|(_, count)| count).sum()
    }
}
