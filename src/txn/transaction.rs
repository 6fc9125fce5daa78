//! Transactions that are held: begun by one call, and committed by another.

use std::cell::RefCell;
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::panic::UnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::commit::{Held, end_writing};
use crate::durability::Durability;
use crate::env::Env;
use crate::error::{Error, ErrorKind, Result, contained};
use crate::state::{Wait, WriteView};
use crate::txn::commit_id::CommitId;
use crate::txn::holding::{Ending, Holding};
use crate::txn::write_txn::WriteTxn;
use crate::write_set::WriteSet;

thread_local! {
    /// The locks of this thread's held transaction. They are kept here, not in the transaction, so that one that was
    /// leaked gives them back when its thread ends.
    static HELD: RefCell<Slot> = const { RefCell::new(Slot { held: None, ending: None }) };
}

struct Slot {
    held: Option<Held>,
    /// The end of the thread, for its transactions. Made by the first of them.
    ending: Option<Arc<Ending>>,
}

impl Slot {
    /// Keeps the locks of a transaction, and returns what it reads and its empty set.
    #[inline]
    fn keep(&mut self, held: Held) -> Result<(WriteView, WriteSet, Arc<Ending>)> {
        let begun = self.held.insert(held).view();
        if begun.is_err() {
            self.held = None;
        }
        let (view, set) = begun?;
        Ok((view, set, Arc::clone(self.ending.get_or_insert_default())))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let (Some(held), Some(ending)) = (self.held.take(), &self.ending) else { return };
        // The thread ends with its transaction, which must not be read any more: a thread-local variable of the program
        // still has it, or it was leaked. In that case other threads may have values that were read in it, so its pages
        // must be kept for ever.
        match contained(|| ending.end(held.unpinned_base())) {
            Ok(Ok(())) => drop(held),
            Ok(Err(_)) | Err(_) => held.keep_for_ever(),
        }
        // The program could exchange the transaction with one that is begun now, and read that one without its locks.
        end_writing();
    }
}

/// A transaction that is held: begun by [`Env::begin`], ended by [`commit`](Self::commit) or [`abort`](Self::abort).
///
/// It is used wherever a [`WriteTxn`] is. Dropping it aborts, also when a panic drops it. It owns its environment, so
/// it can be kept in a struct. It stays on its thread, and a thread can have one transaction at a time, over all
/// environments. Until it ends, all other writers wait. The thread that commits submitted batches waits too, so a
/// [`Commit`](crate::Commit) must not be awaited meanwhile. A thread that ends gives the locks of its transaction back,
/// even if the transaction was leaked. What a leaked one has read stays readable: its state is pinned from then on, as
/// by a snapshot that is never dropped, so `compact` and `close` are `Busy`. If no reader slot is free for that, the
/// locks are kept.
///
/// ```
/// use mapleaf::{Dbi, Env};
/// # fn main() -> mapleaf::Result<()> {
/// let env = Env::temporary()?;
/// let ages: Dbi<&str, u32> = env.dbi("ages")?;
/// let mut txn = env.begin()?;
/// ages.put(&mut txn, "ann", 42)?;
/// assert_eq!(ages.get(&txn, "ann")?, Some(42));
/// txn.commit()?;
/// assert_eq!(ages.get(&env.snapshot()?, "ann")?, Some(42));
/// # Ok(())
/// # }
/// ```
///
/// | | |
/// |---|---|
/// | changes | [`Dbi::put`](crate::Dbi::put), [`delete`](crate::Dbi::delete), [`update`](crate::Dbi::update) and the other verbs of [`Dbi`](crate::Dbi) and [`MultiDbi`](crate::MultiDbi) |
/// | reads | [`Dbi::get`](crate::Dbi::get), [`range`](crate::Dbi::range) and the other verbs that take a [`Read`](crate::Read); [`reader`](WriteTxn::reader) for other threads |
/// | ends | [`commit`](Self::commit), [`abort`](Self::abort), drop |
/// | savepoints | [`savepoint`](WriteTxn::savepoint), [`savepoint_or`](WriteTxn::savepoint_or), [`savepoint_guard`](WriteTxn::savepoint_guard) |
/// | DBIs | [`dbi`](WriteTxn::dbi), [`multi_dbi`](WriteTxn::multi_dbi), [`create_dbi`](WriteTxn::create_dbi), [`dbi_options`](WriteTxn::dbi_options), [`clear_dbi`](WriteTxn::clear_dbi), [`rename_dbi`](WriteTxn::rename_dbi), [`drop_dbi`](WriteTxn::drop_dbi) |
///
/// It cannot be sent to another thread:
///
/// ```compile_fail,E0277
/// # let env = mapleaf::Env::temporary().unwrap();
/// let txn = env.begin().unwrap();
/// std::thread::spawn(move || txn.commit());
/// ```
///
/// For work that goes from thread to thread or over an `.await` there is the [`Draft`](crate::Draft).
///
/// A value that was read does not outlive the next change:
///
/// ```compile_fail,E0502
/// # use mapleaf::{Dbi, Env};
/// # let env = Env::temporary().unwrap();
/// # let names: Dbi<u32, &str> = env.dbi("names").unwrap();
/// let mut txn = env.begin().unwrap();
/// let name = names.get(&txn, 1).unwrap();
/// names.put(&mut txn, 2, "bob").unwrap();
/// println!("{name:?}");
/// ```
#[must_use = "a transaction that is dropped is aborted"]
#[doc(alias("WriteTransaction", "RwTxn", "write_txn"))]
pub struct Transaction {
    // The fields are dropped in this order: what the transaction read must be gone before `_hold` gives the locks back,
    // and `env` keeps the environment open until then.
    txn: WriteTxn,
    _hold: Hold,
    env: Env,
}

// A panic drops it, which aborts it.
impl UnwindSafe for Transaction {}

/// The duty to give this thread's locks back.
struct Hold(PhantomData<*mut ()>);

impl Hold {
    /// The locks. `None` if the thread is ending and has given them back already.
    fn take() -> Option<Held> {
        let slot = HELD.try_with(|slot| slot.try_borrow_mut().ok().and_then(|mut slot| slot.held.take()));
        slot.ok().flatten()
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        drop(Self::take());
    }
}

impl Env {
    /// Begins a transaction that is held until it is committed or dropped. [`transact`](Self::transact) is the
    /// shorter way where a closure will do, with the same guarantees and costs.
    ///
    /// Waits without a limit for the transactions before it, of other threads and other processes, as `transact` does.
    /// [`begin_timeout`](Self::begin_timeout) waits no longer than it is told, [`try_begin`](Self::try_begin) not at all.
    ///
    /// # Errors
    /// `Nested` if this thread has a transaction; else as `transact`.
    ///
    /// ```
    /// # use mapleaf::{Dbi, Env, Transaction};
    /// # fn main() -> mapleaf::Result<()> {
    /// struct Import { txn: Transaction, rows: Dbi<u64, String> }
    ///
    /// impl Import {
    ///     fn add(&mut self, row: u64, text: &str) -> mapleaf::Result<()> {
    ///         self.rows.put(&mut self.txn, row, text)
    ///     }
    /// }
    ///
    /// let env = Env::temporary()?;
    /// let rows = env.dbi("rows")?;
    /// let mut import = Import { txn: env.begin()?, rows };
    /// import.add(1, "one")?;
    /// import.add(2, "two")?;
    /// import.txn.commit()?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("write_txn", "begin_write", "rw_txn", "begin_rw_txn"))]
    pub fn begin(&self) -> Result<Transaction> {
        self.begin_as(Wait::Yes, "begin", None)
    }

    /// As [`begin`](Self::begin), with a durability of its own for the commit, as
    /// [`transact_with`](Self::transact_with).
    ///
    /// # Errors
    /// `InvalidArgument` for a durability that does not mix with that of the environment; else as `begin`.
    ///
    /// ```
    /// # use mapleaf::{Dbi, Durability, Env};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let dir = tempfile::tempdir().map_err(mapleaf::Error::other)?;
    /// let env = Env::open(dir.path())?;
    /// let seen: Dbi<&str, u64> = env.dbi("seen")?;
    /// let mut txn = env.begin_with(Durability::Eventual)?;
    /// seen.put(&mut txn, "ann", 7)?;
    /// txn.commit()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn begin_with(&self, durability: Durability) -> Result<Transaction> {
        self.begin_as(Wait::Yes, "begin_with", Some(durability))
    }

    /// As [`begin`](Self::begin), but fails with `Busy` instead of waiting for another writer.
    ///
    /// # Errors
    /// `Busy` as [`try_transact`](Self::try_transact), with the process that writes and since when; else as `begin`.
    ///
    /// ```
    /// # use mapleaf::{Env, ErrorKind};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let txn = env.begin()?;
    /// let other = env.clone();
    /// let refused = std::thread::spawn(move || other.try_begin().map(drop)).join().expect("it does not panic");
    /// assert_eq!(refused.map_err(|error| error.kind()), Err(ErrorKind::Busy));
    /// # drop(txn);
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_begin(&self) -> Result<Transaction> {
        self.begin_as(Wait::No, "try_begin", None)
    }

    /// As [`begin`](Self::begin), but waits no longer than `limit` for other writers. A program other than mapleaf
    /// that writes is waited for all the same: LMDB offers nothing else.
    ///
    /// # Errors
    /// `Timeout`, which can be retried, with the process that writes and since when; else as `begin`.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use mapleaf::{Env, ErrorKind};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let txn = env.begin_timeout(Duration::from_millis(500))?;
    /// txn.abort();
    /// # Ok(())
    /// # }
    /// ```
    pub fn begin_timeout(&self, limit: Duration) -> Result<Transaction> {
        self.begin_as(until(limit), "begin_timeout", None)
    }

    fn begin_as(&self, wait: Wait, operation: &'static str, durability: Option<Durability>) -> Result<Transaction> {
        let held = Held::begin(self.engine.writer_access(), wait, operation, durability)?;
        let begun = HELD.try_with(|slot| slot.borrow_mut().keep(held)).map_err(|_| ending().during(operation))?;
        let (view, set, ending) = begun.map_err(|error| error.during(operation))?;
        let txn = WriteTxn::new(self.engine.core(), view, set, Some(Holding::new(self.engine.core(), ending)));
        Ok(Transaction { txn, _hold: Hold(PhantomData), env: self.clone() })
    }
}

/// The wait that ends after `limit`.
pub(super) fn until(limit: Duration) -> Wait {
    // A limit beyond the clock's range counts as no limit.
    Instant::now().checked_add(limit).map_or(Wait::Yes, Wait::Until)
}

#[cold]
fn ending() -> Error {
    Error::new(
        ErrorKind::Released,
        "the thread of the transaction is ending and has given its locks back; commit before",
    )
}

impl Transaction {
    /// Commits all changes, and returns when they are as durable as the environment's durability says. Savepoints
    /// whose guards were leaked are kept.
    ///
    /// Without changes nothing is committed, and the id is that of the state that was read.
    ///
    /// # Errors
    /// As [`Env::transact`]. Nothing is committed then, except perhaps with `CommitOutcomeUnknown`. `Released` when the
    /// thread is ending and has given the transaction's locks back.
    ///
    /// ```
    /// # use mapleaf::{Dbi, Env};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let ages: Dbi<&str, u32> = env.dbi("ages")?;
    /// let mut txn = env.begin()?;
    /// ages.put(&mut txn, "ann", 42)?;
    /// let first = txn.commit()?;
    /// assert_eq!(env.begin()?.commit()?, first);
    /// # Ok(())
    /// # }
    /// ```
    pub fn commit(mut self) -> Result<CommitId> {
        let (id, set) = (self.txn.id(), self.txn.take_set());
        // What the transaction read must be gone before the commit releases the locks. `self.env` keeps the environment
        // open until the commit has ended.
        drop(self.txn);
        let held = Hold::take().ok_or_else(|| ending().during("commit"))?;
        let is_changed = !set.is_empty();
        held.commit("commit", set, 1)?;
        Ok(CommitId::left_by(id, is_changed))
    }

    /// Ends the transaction without a change. The same as dropping it. Does not wait until what was read is durable, as
    /// [`commit`](Self::commit) does.
    ///
    /// ```
    /// # use mapleaf::{Dbi, Env};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let ages: Dbi<&str, u32> = env.dbi("ages")?;
    /// let mut txn = env.begin()?;
    /// ages.put(&mut txn, "ann", 42)?;
    /// txn.abort();
    /// assert_eq!(ages.get(&env.snapshot()?, "ann")?, None);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("rollback"))]
    pub fn abort(self) {}

    /// The environment that it changes.
    #[must_use]
    pub fn env(&self) -> &Env {
        &self.env
    }
}

impl Deref for Transaction {
    type Target = WriteTxn;

    #[inline]
    fn deref(&self) -> &WriteTxn {
        &self.txn
    }
}

impl DerefMut for Transaction {
    #[inline]
    fn deref_mut(&mut self) -> &mut WriteTxn {
        &mut self.txn
    }
}

impl fmt::Debug for Transaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction").field("id", &self.txn.id()).finish_non_exhaustive()
    }
}
