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
        Committed { id: id.into(), incarnation: self.state.incarnation }
    }

    fn put_row(&mut self, space: &EnvSpace, key: Stamped<'_>, value: Stamped<'_>) -> Result<()> {
        self.state.check_key(key.bytes)?;
        let (id, incarnation) = (CommitId::from(self.state.raw_id()), self.state.incarnation);
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
        self.state.next_index()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::Env;
    use crate::error::Error;
    use crate::store::backend::Backend;

    #[test]
    fn no_two_changes_of_a_transaction_share_an_index() -> Result<()> {
        let env = Env::temporary()?;
        let space = env.open_space("__store/users/records", "bytes", "bytes")?;
        env.transact(|txn| {
            assert_eq!(EnvTxn::new(txn).next_index(), 0);
            assert_eq!(EnvTxn::new(txn).next_index(), 1);
            let undone = txn.savepoint(|txn| {
                assert_eq!(EnvTxn::new(txn).next_index(), 2);
                EnvTxn::new(txn).put(&space, b"key"[..].into(), b"1"[..].into())?;
                Err::<(), _>(Error::other("undone"))
            });
            assert!(undone.is_err());
            let mut after = EnvTxn::new(txn);
            assert_eq!(after.next_index(), 3);
            assert_eq!(after.get(&space, b"key")?, None);
            Ok(())
        })?;
        // Nothing was committed, so the next transaction has the same number: its indexes go on.
        env.transact(|txn| {
            assert_eq!(EnvTxn::new(txn).next_index(), 4);
            EnvTxn::new(txn).put(&space, b"key"[..].into(), b"1"[..].into())
        })?;
        env.transact(|txn| {
            assert_eq!(EnvTxn::new(txn).next_index(), 0);
            Ok(())
        })
    }

    #[test]
    fn changes_of_a_space_are_part_of_the_transaction_around_them() -> Result<()> {
        let env = Env::temporary()?;
        let space = env.open_space("__store/users/records", "bytes", "bytes")?;
        let plain: crate::dbi::Dbi<u32, u32> = env.dbi("plain")?;
        let put = |txn: &mut WriteTxn| {
            plain.put(txn, 1, 1)?;
            EnvTxn::new(txn).put(&space, b"key"[..].into(), b"1"[..].into())
        };
        let failed = env.transact(|txn| put(txn).and_then(|()| Err::<(), _>(Error::other("failed"))));
        assert!(failed.is_err());
        let read = |env: &Env| -> Result<_> {
            let snap = env.snapshot()?;
            Ok((plain.get(&snap, 1)?, env_backend::get(&snap, &space, b"key")?.map(<[u8]>::to_vec)))
        };
        assert_eq!(read(&env)?, (None, None));
        env.transact(put)?;
        assert_eq!(read(&env)?, (Some(1), Some(b"1".to_vec())));
        Ok(())
    }
}
