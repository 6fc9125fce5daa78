//! Savepoints of drafts.

use std::fmt;
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};

use crate::error::Result;
use crate::txn::draft::Draft;
use crate::txn::savepoint::Mark;

/// A savepoint of a draft that is held: from [`Draft::savepoint_guard`]. Dropping it undoes the changes made since;
/// they stay after [`keep`](Self::keep). What was read in it still counts at the commit. It is used as the draft
/// itself, and nests.
#[must_use = "a savepoint that is dropped is undone"]
pub struct DraftSavepoint<'d> {
    draft: &'d mut Draft,
    mark: Mark,
}

impl Draft {
    /// Runs `f`, and undoes its changes if it returns `Err` or panics. What it read still counts at the commit. As
    /// [`WriteTxn::savepoint`](crate::WriteTxn::savepoint) in all else.
    ///
    /// # Errors
    /// What `f` returns.
    ///
    /// ```
    /// use mapleaf::{Dbi, Env, Error, ErrorKind};
    /// # fn main() -> mapleaf::Result<()> {
    /// let env = Env::temporary()?;
    /// let ages: Dbi<&str, u32> = env.dbi("ages")?;
    /// let mut draft = env.snapshot()?.draft();
    /// ages.put(&mut draft, "ann", 42)?;
    /// let undone = draft.savepoint(|draft| {
    ///     ages.put(draft, "bob", 3)?;
    ///     Err::<(), _>(Error::new(ErrorKind::Conflict, "thought better of it"))
    /// });
    /// assert!(undone.is_err());
    /// draft.commit()?;
    /// assert_eq!(ages.len(&env.snapshot()?)?, 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn savepoint<T>(&mut self, f: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.savepoint_or(f)
    }

    /// As [`savepoint`](Self::savepoint), for closures with their own error type.
    ///
    /// # Errors
    /// What `f` returns.
    pub fn savepoint_or<T, E>(&mut self, f: impl FnOnce(&mut Self) -> Result<T, E>) -> Result<T, E> {
        let mut guard = self.savepoint_guard();
        let kept = f(&mut guard)?;
        guard.keep();
        Ok(kept)
    }

    /// Begins a savepoint that is held until its guard is kept or dropped. It may be held over an `.await`.
    ///
    /// ```
    /// # use mapleaf::{Dbi, Env};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let ages: Dbi<&str, u32> = env.dbi("ages")?;
    /// let mut draft = env.snapshot()?.draft();
    /// let mut guard = draft.savepoint_guard();
    /// ages.put(&mut *guard, "ann", 42)?;
    /// drop(guard);
    /// assert_eq!(ages.get(&draft, "ann")?, None);
    /// # Ok(())
    /// # }
    /// ```
    pub fn savepoint_guard(&mut self) -> DraftSavepoint<'_> {
        let mark = Mark::begin(self.state_mut());
        DraftSavepoint { draft: self, mark }
    }
}

impl DraftSavepoint<'_> {
    /// Keeps the changes, as a part of what is around the savepoint.
    pub fn keep(self) {
        let mut guard = ManuallyDrop::new(self);
        let Self { draft, mark } = &mut *guard;
        mark.keep(draft.state_mut());
    }

    /// Undoes the changes. The same as dropping the guard.
    #[doc(alias("rollback"))]
    pub fn undo(self) {}
}

impl Drop for DraftSavepoint<'_> {
    fn drop(&mut self) {
        self.mark.undo(self.draft.state_mut());
    }
}

impl Deref for DraftSavepoint<'_> {
    type Target = Draft;

    fn deref(&self) -> &Draft {
        self.draft
    }
}

impl DerefMut for DraftSavepoint<'_> {
    fn deref_mut(&mut self) -> &mut Draft {
        self.draft
    }
}

impl fmt::Debug for DraftSavepoint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DraftSavepoint").field("draft", &self.draft).finish_non_exhaustive()
    }
}
