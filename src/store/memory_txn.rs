//! A transaction of the backend in memory.

use std::borrow::Cow;
use std::ops::Bound;

use crate::error::Result;
use crate::store::backend::{BackendTxn, EachRow, KeySpan, Order};
use crate::store::changes::Stamped;
use crate::store::conditions::is_empty_span;
use crate::store::memory_state::{MemorySpace, RowKey, Rows, State};
use crate::txn::CommitId;
use crate::write_set::{check_key, check_value};

/// The longest key in bytes: that of an environment.
pub(super) const MAX_KEY_LEN: usize = if cfg!(feature = "longer-keys") { 1982 } else { 511 };

/// A transaction changes a copy of the newest state, which shares all that it does not change.
pub(super) struct MemoryTxn<'s> {
    state: &'s mut State,
    /// The id of its commit.
    id: CommitId,
    indexes: u32,
    has_changes: bool,
}

impl<'s> MemoryTxn<'s> {
    /// Over a state that no other transaction changes meanwhile.
    pub(super) fn new(state: &'s mut State) -> Self {
        let id = CommitId::from(u64::from(state.id) + 1);
        Self { state, id, indexes: 0, has_changes: false }
    }

    /// Ends it, and returns the id of the state.
    pub(super) fn end(self) -> CommitId {
        if self.has_changes {
            self.state.id = self.id;
        }
        self.state.id
    }

    /// The rows of a space, to be changed.
    fn rows(&mut self, space: &MemorySpace) -> Result<&mut Rows> {
        let number = self.state.number(space)?;
        // A handle that was opened in this memory has a space in all later states.
        while self.state.spaces.len() <= number {
            self.state.spaces.push_back(Rows::new());
        }
        Ok(&mut self.state.spaces[number])
    }
}

impl BackendTxn<MemorySpace> for MemoryTxn<'_> {
    fn get(&self, space: &MemorySpace, key: &[u8]) -> Result<Option<Cow<'_, [u8]>>> {
        self.state.get(space, key)
    }

    fn scan(
        &self,
        space: &MemorySpace,
        span: KeySpan<'_>,
        order: Order,
        _wanted: usize,
        each: &mut EachRow<'_>,
    ) -> Result<()> {
        self.state.scan(space, span, order, each)
    }

    fn put(&mut self, space: &MemorySpace, key: Stamped<'_>, value: Stamped<'_>) -> Result<()> {
        check_key(key.bytes, MAX_KEY_LEN)?;
        check_value(value.bytes.len())?;
        let (id, incarnation) = (self.id, self.state.memory);
        let (key, value) = (key.filled(id, incarnation)?, value.filled(id, incarnation)?);
        self.rows(space)?.insert(RowKey::from_slice(&key), value.into());
        self.has_changes = true;
        Ok(())
    }

    fn delete(&mut self, space: &MemorySpace, key: &[u8]) -> Result<()> {
        self.has_changes |= self.rows(space)?.remove(key).is_some();
        Ok(())
    }

    fn delete_span(&mut self, space: &MemorySpace, span: KeySpan<'_>) -> Result<()> {
        let rows = self.rows(space)?;
        let before = rows.len();
        if matches!(span, (Bound::Unbounded, Bound::Unbounded)) {
            rows.clear();
        } else if !is_empty_span(span) {
            let keys: Vec<RowKey> = rows.range::<_, [u8]>(span).map(|(key, _)| key.clone()).collect();
            for key in &keys {
                rows.remove(&**key);
            }
        }
        let is_changed = rows.len() < before;
        self.has_changes |= is_changed;
        Ok(())
    }

    fn next_index(&mut self) -> u32 {
        let index = self.indexes;
        self.indexes = index.saturating_add(1);
        index
    }
}
