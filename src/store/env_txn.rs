//! A transaction of the backend over an environment.

use std::borrow::Cow;

use crate::error::Result;
use crate::read::RawRead;
use crate::store::backend::{BackendTxn, Committed, EachRow, KeySpan, Order};
use crate::store::changes::Stamped;
use crate::store::env_backend::{self, EnvSpace};
use crate::txn::{CommitId, TxnState, Writable, WriteTxn};

/// A write transaction of an environment, beside whose plain DBIs the spaces are changed. Stamps are filled at once: the
/// commit's id is known.
pub(crate) struct EnvTxn<'t> {
    state: &'t mut TxnState,
}

impl<'t> EnvTxn<'t> {
    pub(crate) fn new(txn: &'t mut WriteTxn) -> Self {
        Self { state: txn.write_txn().open() }
    }

    /// What this transaction commits. Without changes, the state that it reads.
    pub(crate) fn committed(&self) -> Committed {
        let id = if self.state.has_changes() { self.state.raw_id() } else { self.state.raw_id().saturating_sub(1) };
        Committed { id: id.into(), incarnation: self.state.stamping.incarnation }
    }

    fn put_row(&mut self, space: &EnvSpace, key: Stamped<'_>, value: Stamped<'_>) -> Result<()> {
        self.state.check_key(key.bytes)?;
        let (id, incarnation) = (CommitId::from(self.state.raw_id()), self.state.stamping.incarnation);
        let key = key.filled(id, incarnation)?;
        if value.stamps.is_empty() {
            return self.state.raw_put(space.dbi(), &key, value.bytes);
        }
        // The value is filled where the transaction keeps it, so that it is copied once.
        self.state.raw_put_filled(space.dbi(), &key, value.bytes.len(), |filled| {
            filled.copy_from_slice(value.bytes);
            value.fill(filled, id, incarnation)
        })
    }
}

impl BackendTxn<EnvSpace> for EnvTxn<'_> {
    fn get(&self, space: &EnvSpace, key: &[u8]) -> Result<Option<Cow<'_, [u8]>>> {
        Ok(env_backend::get(&*self.state, space, key)?.map(Cow::Borrowed))
    }

    fn scan(
        &self,
        space: &EnvSpace,
        span: KeySpan<'_>,
        order: Order,
        _wanted: usize,
        each: &mut EachRow<'_>,
    ) -> Result<()> {
        env_backend::scan(&*self.state, space, span, order, each)
    }

    fn put(&mut self, space: &EnvSpace, key: Stamped<'_>, value: Stamped<'_>) -> Result<()> {
        self.put_row(space, key, value).map_err(|error| space.named(error))
    }

    fn delete(&mut self, space: &EnvSpace, key: &[u8]) -> Result<()> {
        self.state.raw_delete(space.dbi(), key).map(drop).map_err(|error| space.named(error))
    }

    fn delete_span(&mut self, space: &EnvSpace, (lower, upper): KeySpan<'_>) -> Result<()> {
        self.state.raw_delete_range(space.dbi(), lower, upper).map(drop).map_err(|error| space.named(error))
    }

    fn next_index(&mut self) -> u32 {
        self.state.stamping.next_index()
    }
}
