//! Over mapleaf.

use std::ops::DerefMut;
use std::path::Path;

use mapleaf::{Dbi, Env, SavepointGuard, WriteTxn};

use super::{Database, Rows, Transaction};
use crate::Result;

/// The database.
pub struct Store {
    env: Env,
    rows: Dbi<Vec<u8>, Vec<u8>>,
}

/// A transaction, or a savepoint in one.
struct Open<'s, T> {
    txn: T,
    rows: &'s Dbi<Vec<u8>, Vec<u8>>,
    end: fn(T) -> mapleaf::Result<()>,
}

impl Database for Store {
    fn open(path: &Path) -> Result<Self> {
        let env = Env::open(path)?;
        Ok(Self { rows: env.dbi("rows")?, env })
    }

    fn begin(&self) -> Result<Box<dyn Transaction + '_>> {
        Ok(Box::new(Open { txn: self.env.begin()?, rows: &self.rows, end: |txn| txn.commit().map(drop) }))
    }
}

impl<T: DerefMut<Target = WriteTxn>> Transaction for Open<'_, T> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        Ok(self.rows.get(&*self.txn, key)?)
    }

    fn insert(&mut self, key: &[u8], value: &[u8]) -> Result<Option<Vec<u8>>> {
        Ok(self.rows.replace(&mut *self.txn, key, value)?)
    }

    fn remove(&mut self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        Ok(self.rows.take(&mut *self.txn, key)?)
    }

    fn find_by_prefix(&self, prefix: &[u8]) -> Result<Rows<'_>> {
        Ok(Box::new(self.rows.prefix(&*self.txn, prefix)?.map(|row| Ok(row?))))
    }

    fn savepoint(&mut self) -> Result<Box<dyn Transaction + '_>> {
        let end = |guard: SavepointGuard<'_>| {
            guard.keep();
            Ok(())
        };
        Ok(Box::new(Open { txn: self.txn.savepoint_guard(), rows: self.rows, end }))
    }

    fn commit(self: Box<Self>) -> Result<()> {
        Ok((self.end)(self.txn)?)
    }
}
