//! The other forms of `transact`: with a durability, with an error type, without a wait, and with a limited one.

use std::time::Duration;

use crate::durability::Durability;
use crate::env::Env;
use crate::error::{Error, Result};
use crate::state::Wait;
use crate::txn::transact::make;
use crate::txn::transaction::until;
use crate::txn::write_txn::WriteTxn;

impl Env {
    /// As [`transact`](Self::transact), with a durability of its own for this commit.
    ///
    /// [`Immediate`](Durability::Immediate) and [`Eventual`](Durability::Eventual) mix: a flushed commit makes all
    /// commits before it durable too, and so does [`sync`](Self::sync). Closing the environment does not. Transactions
    /// that share a commit get the strongest durability that one of them requests. An environment of
    /// [`Process`](Durability::Process) takes commits of `Process` alone, and no other one takes those.
    ///
    /// # Errors
    /// `InvalidArgument` for a durability that does not mix with that of the environment; else as `transact`.
    ///
    /// ```
    /// use mapleaf::{Dbi, Durability, Env};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let dir = tempfile::tempdir().map_err(mapleaf::Error::other)?;
    /// let env = Env::open(dir.path())?;
    /// let seen: Dbi<&str, u64> = env.dbi("seen")?;
    /// let orders: Dbi<u64, &str> = env.dbi("orders")?;
    /// // A power failure may undo this one, until the next flushed commit.
    /// env.transact_with(Durability::Eventual, |txn| seen.put(txn, "ann", 7))?;
    /// env.transact(|txn| orders.put(txn, 1, "tea"))?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn transact_with<T>(&self, durability: Durability, f: impl FnOnce(&mut WriteTxn) -> Result<T>) -> Result<T> {
        make(&self.engine, Wait::Yes, "transact_with", Some(durability), |txn| Ok((f(txn)?, 1)))
    }

    /// As [`transact`](Self::transact), for closures with their own error type.
    ///
    /// Where `?` converts the result once more, the compiler cannot infer that type. Name it, as the second example
    /// does; the first needs no name, since the function returns what the closure returns.
    ///
    /// # Errors
    /// What `f` returns, and those of `transact`, converted.
    ///
    /// With an enum, as `thiserror` derives it:
    ///
    /// ```
    /// # use mapleaf::{Dbi, Env};
    /// #[derive(Debug)]
    /// enum Failed { Poor, Store(mapleaf::Error) }
    /// // With thiserror: `Store(#[from] mapleaf::Error)`.
    /// impl From<mapleaf::Error> for Failed {
    ///     fn from(error: mapleaf::Error) -> Self { Self::Store(error) }
    /// }
    ///
    /// fn spend(env: &Env, balance: &Dbi<&str, i64>, sum: i64) -> Result<(), Failed> {
    ///     env.transact_or(|txn| match balance.get(txn, "ann")? {
    ///         Some(have) if have >= sum => Ok(balance.put(txn, "ann", have - sum)?),
    ///         _ => Err(Failed::Poor),
    ///     })
    /// }
    /// # fn main() -> Result<(), Failed> {
    /// # let env = Env::temporary()?;
    /// # let balance: Dbi<&str, i64> = env.dbi("balance")?;
    /// assert!(matches!(spend(&env, &balance, 50), Err(Failed::Poor)));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// With `anyhow::Error`, or another type that `?` makes of any error:
    ///
    /// ```
    /// # use mapleaf::{Dbi, Env};
    /// # mod anyhow { pub type Error = Box<dyn std::error::Error + Send + Sync>; }
    /// # fn main() -> Result<(), anyhow::Error> {
    /// # let env = Env::temporary()?;
    /// # let balance: Dbi<&str, i64> = env.dbi("balance")?;
    /// let sum = env.transact_or::<_, anyhow::Error>(|txn| {
    ///     let sum = "50".parse()?;
    ///     balance.put(txn, "ann", sum)?;
    ///     Ok(sum)
    /// })?;
    /// assert_eq!(sum, 50);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Without the name:
    ///
    /// ```compile_fail,E0283
    /// # mod anyhow { pub type Error = Box<dyn std::error::Error + Send + Sync>; }
    /// # fn main() -> Result<(), anyhow::Error> {
    /// # let env = mapleaf::Env::temporary()?;
    /// # let balance: mapleaf::Dbi<&str, i64> = env.dbi("balance")?;
    /// env.transact_or(|txn| Ok(balance.put(txn, "ann", "50".parse()?)?))?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn transact_or<T, E: From<Error>>(&self, f: impl FnOnce(&mut WriteTxn) -> Result<T, E>) -> Result<T, E> {
        self.run(Wait::Yes, "transact_or", f)
    }

    /// As [`transact`](Self::transact), but fails with `Busy` instead of waiting for another writer: while another
    /// closure runs or waits, or a commit is under way.
    ///
    /// It still waits for programs other than mapleaf, and for another process in the moment in which that begins a
    /// transaction: LMDB offers nothing else.
    ///
    /// # Errors
    /// `Busy` when another transaction is running, in this process or in another one that uses mapleaf; else as
    /// `transact`.
    ///
    /// ```
    /// # use mapleaf::{Dbi, Env, ErrorKind};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// # let ages: Dbi<&str, u32> = env.dbi("ages")?;
    /// match env.try_transact(|txn| ages.put(txn, "ann", 42)) {
    ///     Err(error) if error.kind() == ErrorKind::Busy => println!("later, then"),
    ///     outcome => outcome?,
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_transact<T>(&self, f: impl FnOnce(&mut WriteTxn) -> Result<T>) -> Result<T> {
        self.run(Wait::No, "try_transact", f)
    }

    /// As [`try_transact`](Self::try_transact), for closures with their own error type, as in
    /// [`transact_or`](Self::transact_or).
    ///
    /// # Errors
    /// What `f` returns, and those of `try_transact`, converted.
    ///
    /// ```
    /// # use mapleaf::{Dbi, Env};
    /// # mod anyhow { pub type Error = Box<dyn std::error::Error + Send + Sync>; }
    /// # fn main() -> Result<(), anyhow::Error> {
    /// # let env = Env::temporary()?;
    /// # let ages: Dbi<&str, u32> = env.dbi("ages")?;
    /// env.try_transact_or::<_, anyhow::Error>(|txn| Ok(ages.put(txn, "ann", "42".parse()?)?))?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_transact_or<T, E: From<Error>>(&self, f: impl FnOnce(&mut WriteTxn) -> Result<T, E>) -> Result<T, E> {
        self.run(Wait::No, "try_transact_or", f)
    }

    /// As [`transact`](Self::transact), but waits no longer than `limit` for other writers. `f` itself and the commit
    /// have no limit, nor has a flush that is under way when the wait ends. It keeps its turn among the threads of this
    /// process while it waits for the transaction lock; for another process it only checks every millisecond, so one
    /// that writes without a pause may keep it waiting until the limit. A program other than mapleaf that writes is
    /// waited for all the same: LMDB offers nothing else.
    ///
    /// # Errors
    /// `Timeout`, which can be retried, with the process that writes and since when; else as `transact`.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use mapleaf::{Dbi, Env, ErrorKind};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let ages: Dbi<&str, u32> = env.dbi("ages")?;
    /// let txn = env.begin()?;
    /// let put = || env.transact_timeout(Duration::from_millis(10), |txn| ages.put(txn, "ann", 42));
    /// let refused = std::thread::scope(|scope| scope.spawn(put).join().expect("it does not panic"));
    /// assert_eq!(refused.map_err(|error| error.kind()), Err(ErrorKind::Timeout));
    /// txn.abort();
    /// put()?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("busy_timeout", "lock_timeout"))]
    pub fn transact_timeout<T>(&self, limit: Duration, f: impl FnOnce(&mut WriteTxn) -> Result<T>) -> Result<T> {
        self.run(until(limit), "transact_timeout", f)
    }
}
