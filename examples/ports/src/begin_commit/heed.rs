//! Over heed.

use std::path::Path;

use heed::types::Bytes;
use heed::{CommitOrAbort, Env, EnvFlags, RwTxn};

use super::{Database, Rows, Transaction};
use crate::Result;
use crate::open_heed::open_heed;

/// The database.
pub struct Store {
    env: Env,
    rows: heed::Database<'static, Bytes, Bytes>,
}

/// A transaction, or one nested in another.
struct Open<'s> {
    txn: RwTxn<'s>,
    store: &'s Store,
}

impl Database for Store {
    fn open(path: &Path) -> Result<Self> {
        let env = open_heed(path, EnvFlags::empty())?;
        let rows = env.create_databases_and_commit(env.write_txn()?, |opener, txn| {
            opener.create_database(txn, Some("rows")).map(CommitOrAbort::<_, ()>::Commit)
        })?;
        Ok(Self { rows: rows.unwrap_commit(), env })
    }

    fn begin(&self) -> Result<Box<dyn Transaction + '_>> {
        Ok(Box::new(Open { txn: self.env.write_txn()?, store: self }))
    }
}

impl Transaction for Open<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        Ok(self.store.rows.get(&self.txn, key)?.map(<[u8]>::to_vec))
    }

    fn insert(&mut self, key: &[u8], value: &[u8]) -> Result<Option<Vec<u8>>> {
        let old = self.get(key)?;
        self.store.rows.put(&mut self.txn, key, value)?;
        Ok(old)
    }

    fn remove(&mut self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        let old = self.get(key)?;
        self.store.rows.delete(&mut self.txn, key)?;
        Ok(old)
    }

    fn find_by_prefix(&self, prefix: &[u8]) -> Result<Rows<'_>> {
        let rows = self.store.rows.prefix_iter(&self.txn, prefix)?;
        Ok(Box::new(rows.map(|row| row.map(|(key, value)| (key.to_vec(), value.to_vec())).map_err(Into::into))))
    }

    fn savepoint(&mut self) -> Result<Box<dyn Transaction + '_>> {
        Ok(Box::new(Open { txn: self.store.env.nested_write_txn(&mut self.txn)?, store: self.store }))
    }

    fn commit(self: Box<Self>) -> Result<()> {
        Ok(self.txn.commit()?)
    }
}
