//! `transact`: a closure that changes any number of DBIs atomically.

use crate::commit::Held;
use crate::durability::Durability;
use crate::env::{Engine, Env};
use crate::error::{Error, Result};
use crate::state::Wait;
use crate::txn::write_txn::WriteTxn;
use crate::write_set::WriteSet;

impl Env {
    /// Runs `f` as the only writer and commits what it changed: `Ok` commits all of it, `Err` or a panic none.
    ///
    /// Serializable: closures run one at a time, across threads and processes, each on the state that its
    /// predecessor left. `f` runs once, also when the file must grow. A running thread may overtake sleeping ones,
    /// but none starves.
    ///
    /// Waits for the closures before it and, with [`Durability::Immediate`](crate::durability::Durability::Immediate),
    /// for the disk. Threads that wait for the disk at the same time share a commit, and none returns before what its
    /// closure read is as durable as its commit asked. A closure that changes nothing commits nothing. The wait for other
    /// threads and other processes has no limit; [`transact_timeout`](Self::transact_timeout) has one, and
    /// [`try_transact`](Self::try_transact) does not wait.
    ///
    /// # Errors
    /// What `f` returns; `Nested` inside another transaction of the same thread; `ReadOnly`, `Closed`; `MapFull` at
    /// `max_map_size`, `DiskFull`; `Conflict`, which can be retried, when an earlier, not yet durable commit that
    /// `f` built on failed, or when a program other than mapleaf wrote to the file in the meantime;
    /// `CommitOutcomeUnknown` when the disk failed, and for every later call until the environment is reopened;
    /// `Corrupted`; `Io`. Except for `CommitOutcomeUnknown`, nothing was changed.
    ///
    /// ```
    /// use mapleaf::{Dbi, Env};
    /// # fn main() -> mapleaf::Result<()> {
    /// let env = Env::temporary()?;
    /// let balance: Dbi<&str, i64> = env.dbi("balance")?;
    /// env.transact(|txn| {
    ///     balance.put(txn, "ann", 70)?;
    ///     balance.put(txn, "bob", 30)?;
    ///     Ok(())
    /// })?;
    /// let moved = env.transact(|txn| {
    ///     let old = balance.get(txn, "ann")?.unwrap_or(0);
    ///     balance.put(txn, "ann", old - 50)?;
    ///     Ok(50)
    /// })?;
    /// assert_eq!(moved, 50);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// A value that was read does not outlive the next change:
    ///
    /// ```compile_fail,E0502
    /// # use mapleaf::{Dbi, Env};
    /// # let env = Env::temporary().unwrap();
    /// # let names: Dbi<u32, &str> = env.dbi("names").unwrap();
    /// env.transact(|txn| {
    ///     let name = names.get(txn, 1)?;
    ///     names.put(txn, 2, "bob")?;
    ///     println!("{name:?}");
    ///     Ok(())
    /// });
    /// ```
    #[doc(alias("begin", "commit", "write_txn", "begin_write", "rw_txn"))]
    pub fn transact<T>(&self, f: impl FnOnce(&mut WriteTxn) -> Result<T>) -> Result<T> {
        self.run(Wait::Yes, "transact", f)
    }

    /// As [`transact_or`](Self::transact_or), where errors name `operation`.
    pub(crate) fn transact_named<T, E: From<Error>>(
        &self,
        operation: &'static str,
        f: impl FnOnce(&mut WriteTxn) -> Result<T, E>,
    ) -> Result<T, E> {
        self.run(Wait::Yes, operation, f)
    }

    pub(crate) fn run<T, E: From<Error>>(
        &self,
        wait: Wait,
        operation: &'static str,
        f: impl FnOnce(&mut WriteTxn) -> Result<T, E>,
    ) -> Result<T, E> {
        make(&self.engine, wait, operation, None, |txn| Ok((f(txn)?, 1)))
    }
}

/// Runs `f` on a transaction as the only writer, and commits what it changed. `f` says how many transactions its
/// changes count as. `durability` is that of the commit; `None` for that of the environment.
#[inline]
pub(crate) fn make<T, E: From<Error>>(
    engine: &Engine,
    wait: Wait,
    operation: &'static str,
    durability: Option<Durability>,
    f: impl FnOnce(&mut WriteTxn) -> Result<(T, u64), E>,
) -> Result<T, E> {
    let mut held = Held::begin(engine.writer_access(), wait, operation, durability)?;
    let (view, set) = held.view().map_err(|error| error.during(operation))?;
    let made = {
        let mut txn = WriteTxn::new(engine.core(), view, set, None);
        f(&mut txn).map(|(outcome, transactions)| (outcome, txn.take_set(), transactions))
        // `txn` is dropped here, with what it has read, also after a panic. That comes before `held` releases the locks
        // that keep what it has read unchanged.
    };
    match made {
        Ok((outcome, set, transactions)) => Ok(held.commit(operation, set, transactions).map(|()| outcome)?),
        // The closure may have failed because of transactions that it read and that are not committed yet. A commit
        // without changes waits for their outcome, and fails if they fail.
        Err(error) => {
            held.commit(operation, WriteSet::default(), 0)?;
            Err(error)
        }
    }
}
