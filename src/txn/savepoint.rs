//! Savepoints: parts of a transaction that can be undone.

use std::fmt;
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};

use crate::error::Result;
use crate::txn::txn_state::TxnState;
use crate::txn::write_txn::WriteTxn;

/// A savepoint that is held: from [`WriteTxn::savepoint_guard`]. Dropping it undoes the changes made since; they stay
/// after [`keep`](Self::keep).
///
/// It is used wherever a [`WriteTxn`] is, and nests. If it is leaked, its changes stay.
///
/// ```
/// use mapleaf::{Dbi, Env};
/// # fn main() -> mapleaf::Result<()> {
/// let env = Env::temporary()?;
/// let ages: Dbi<&str, u32> = env.dbi("ages")?;
/// let mut txn = env.begin()?;
/// let mut first = txn.savepoint_guard();
/// ages.put(&mut first, "ann", 42)?;
/// let mut second = first.savepoint_guard();
/// ages.put(&mut second, "bob", 3)?;
/// drop(second);
/// first.keep();
/// assert_eq!(ages.get(&txn, "ann")?, Some(42));
/// assert_eq!(ages.get(&txn, "bob")?, None);
/// # Ok(())
/// # }
/// ```
#[must_use = "a savepoint that is dropped is undone"]
pub struct SavepointGuard<'t> {
    txn: &'t mut WriteTxn,
    mark: Mark,
}

/// Where a savepoint began.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    /// How many savepoints are open with it. If more are, guards inside it were leaked.
    depth: usize,
}

impl Mark {
    /// Begins a savepoint.
    pub(super) fn begin(state: &mut TxnState) -> Self {
        state.lengths.begin_savepoint();
        state.counts.begin_savepoint();
        Self { depth: state.set.begin_savepoint() }
    }

    /// Keeps the changes since.
    pub(super) fn keep(self, state: &mut TxnState) {
        state.set.keep_savepoints(self.depth);
        state.lengths.keep_savepoints(self.depth);
        state.counts.keep_savepoints(self.depth);
    }

    /// Undoes the changes since.
    pub(super) fn undo(self, state: &mut TxnState) {
        state.set.undo_savepoints(self.depth);
        state.lengths.undo_savepoints(self.depth);
        state.counts.undo_savepoints(self.depth);
        // Rows that the savepoint removed are back, and may be above the last key that `appended` knows.
        state.appended = None;
    }
}

impl TxnState {
    /// Runs `f`, and undoes its changes if it returns `Err` or panics.
    pub(crate) fn undoing<T, E>(&mut self, f: impl FnOnce(&mut Self) -> Result<T, E>) -> Result<T, E> {
        struct Guard<'t>(&'t mut TxnState, Mark);

        impl Drop for Guard<'_> {
            fn drop(&mut self) {
                self.1.undo(self.0);
            }
        }

        let mark = Mark::begin(self);
        let guard = Guard(self, mark);
        let kept = f(guard.0)?;
        let mut guard = ManuallyDrop::new(guard);
        let Guard(state, mark) = &mut *guard;
        mark.keep(state);
        Ok(kept)
    }
}

impl WriteTxn {
    /// Runs `f`, and undoes its changes if it returns `Err` or panics. Earlier changes stay. Savepoints nest.
    ///
    /// Cost: beginning one is free; keeping or undoing it is O(changes in it), with a search for each. Reads cost
    /// the same at any depth. Its changes, and the outer values that they replace, count against `max_txn_bytes`.
    ///
    /// # Errors
    /// What `f` returns.
    ///
    /// ```
    /// use mapleaf::{Dbi, Env, Error, ErrorKind};
    /// # fn main() -> mapleaf::Result<()> {
    /// let env = Env::temporary()?;
    /// let ages: Dbi<&str, u32> = env.dbi("ages")?;
    /// env.transact(|txn| {
    ///     ages.put(txn, "ann", 42)?;
    ///     let undone = txn.savepoint(|txn| {
    ///         ages.put(txn, "bob", 3)?;
    ///         Err::<(), _>(Error::new(ErrorKind::Conflict, "thought better of it"))
    ///     });
    ///     assert!(undone.is_err());
    ///     assert_eq!(ages.get(txn, "bob")?, None);
    ///     Ok(())
    /// })?;
    /// assert_eq!(ages.get(&env.snapshot()?, "ann")?, Some(42));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// The outer transaction cannot be used inside:
    ///
    /// ```compile_fail,E0500
    /// # let env = mapleaf::Env::temporary().unwrap();
    /// # let ages: mapleaf::Dbi<&str, u32> = env.dbi("ages").unwrap();
    /// env.transact(|txn| txn.savepoint(|_| ages.put(txn, "ann", 42)));
    /// ```
    pub fn savepoint<T>(&mut self, f: impl FnOnce(&mut WriteTxn) -> Result<T>) -> Result<T> {
        self.savepoint_or(f)
    }

    /// As [`savepoint`](Self::savepoint), for closures with their own error type.
    ///
    /// # Errors
    /// What `f` returns.
    ///
    /// ```
    /// # use mapleaf::{Dbi, Env};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let ages: Dbi<&str, u32> = env.dbi("ages")?;
    /// env.transact(|txn| {
    ///     let parsed = txn.savepoint_or(|txn| {
    ///         ages.put(txn, "ann", 42)?;
    ///         Ok::<u32, Box<dyn std::error::Error>>("forty".parse()?)
    ///     });
    ///     assert!(parsed.is_err());
    ///     assert_eq!(ages.get(txn, "ann")?, None);
    ///     Ok(())
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn savepoint_or<T, E>(&mut self, f: impl FnOnce(&mut WriteTxn) -> Result<T, E>) -> Result<T, E> {
        let mut guard = self.savepoint_guard();
        let kept = f(&mut guard)?;
        guard.keep();
        Ok(kept)
    }

    /// Begins a savepoint that is held until its guard is kept or dropped. Costs as [`savepoint`](Self::savepoint).
    ///
    /// ```
    /// # use mapleaf::{Dbi, Env};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let ages: Dbi<&str, u32> = env.dbi("ages")?;
    /// env.transact(|txn| {
    ///     let mut guard = txn.savepoint_guard();
    ///     ages.put(&mut guard, "ann", 42)?;
    ///     guard.keep();
    ///     Ok(())
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn savepoint_guard(&mut self) -> SavepointGuard<'_> {
        let mark = Mark::begin(&mut self.state);
        SavepointGuard { txn: self, mark }
    }
}

impl SavepointGuard<'_> {
    /// Keeps the changes, as a part of what is around the savepoint.
    pub fn keep(self) {
        let mut guard = ManuallyDrop::new(self);
        let guard = &mut *guard;
        guard.mark.keep(&mut guard.txn.state);
    }

    /// Undoes the changes. The same as dropping the guard.
    #[doc(alias("rollback"))]
    pub fn undo(self) {}
}

impl Drop for SavepointGuard<'_> {
    fn drop(&mut self) {
        self.mark.undo(&mut self.txn.state);
    }
}

impl Deref for SavepointGuard<'_> {
    type Target = WriteTxn;

    #[inline]
    fn deref(&self) -> &WriteTxn {
        self.txn
    }
}

impl DerefMut for SavepointGuard<'_> {
    #[inline]
    fn deref_mut(&mut self) -> &mut WriteTxn {
        self.txn
    }
}

impl fmt::Debug for SavepointGuard<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SavepointGuard").field("depth", &self.mark.depth).finish_non_exhaustive()
    }
}
