//! `Env`'s own creating, adopting, clearing, renaming and dropping of DBIs: each a transaction of its own.

use std::sync::Arc;

use crate::catalog::{DbiRef, Schema, check_name, check_schema};
use crate::commit::{Session, check_not_writing, commit_exclusively, write};
use crate::env::{Env, read_newest};
use crate::error::Result;
use crate::state::{Standing, State, WriteView};
use crate::txn::created::{Existence, Opening};
use crate::txn::dbi_checks::{absent, foreign, is_bytes, mismatch, not_adopted};
use crate::txn::write_txn::WriteTxn;
use crate::write_set::WriteSet;

/// How a DBI is to be opened.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DbiOpening {
    /// Whether an absent one is created.
    pub create: bool,
    /// Whether a DBI of other software gets the schema.
    pub adopt: bool,
    /// The verb that opens it, for errors.
    pub operation: &'static str,
}

impl Env {
    /// Opens the DBI `name` with `schema`, in a transaction of its own if it must be created or adopted.
    pub(crate) fn open_dbi(&self, name: &str, schema: &Schema, opening: DbiOpening) -> Result<Arc<DbiRef>> {
        check_not_writing()?;
        check_name(name)?;
        check_schema(schema)?;
        let known =
            read_newest(&self.engine, opening.operation, |newest| self.known_dbi(newest, name, schema, opening))?;
        if let Some(dbi) = known {
            return Ok(dbi);
        }
        if !opening.create && !opening.adopt {
            return Err(absent(name));
        }
        let existence = if opening.create { Existence::Any } else { Existence::Old };
        let opened = Opening { existence, adopt: opening.adopt };
        self.alone(opening.operation, |txn| txn.open_dbi(name, schema, opened))
    }

    /// The DBI, if it exists and can be opened as it is.
    pub(super) fn known_dbi(
        &self,
        state: &State,
        name: &str,
        schema: &Schema,
        opening: DbiOpening,
    ) -> Result<Option<Arc<DbiRef>>> {
        let intern = |found| Ok(Some(self.engine.dbis().intern(self.engine.identity.uuid(), name, found)));
        match state.standing(name)?.readable(name)? {
            Standing::Absent => Ok(None),
            Standing::Ours(dbi) if dbi.schema == *schema => intern(dbi.found()),
            Standing::Ours(dbi) => Err(mismatch(name, &dbi.schema, schema)),
            Standing::Foreign(_) if opening.adopt => Ok(None),
            Standing::Foreign(_) if is_bytes(schema) => intern(foreign(name, schema)),
            Standing::Foreign(_) => Err(not_adopted(name, schema)),
        }
    }

    /// Runs `f` in a transaction that changes DBIs, by a commit of its own. Trees that are left of dropped DBIs are
    /// removed, if no other process has the environment open.
    pub(super) fn alone<T>(&self, operation: &'static str, f: impl FnOnce(&mut WriteTxn) -> Result<T>) -> Result<T> {
        write(self.engine.writer_access(), operation, |session| {
            let view = WriteView::over_newest(session.base())?;
            let mut txn = WriteTxn::new(self.engine.core(), view, WriteSet::default(), None);
            txn.state.lift_limit();
            let made = f(&mut txn)?;
            let set = txn.take_set();
            // The set is committed while nothing else refers to the base.
            drop(txn);
            if !set.is_empty() {
                commit_exclusively(session, &set, 1, self.engine.config.durability)?;
            }
            Ok(made)
        })
    }

    /// Removes all entries of the DBI `name`, whatever its types; its schema stays. A transaction of its own,
    /// O(pages of the DBI).
    ///
    /// # Errors
    /// `NotFound`; `InvalidArgument` for a reserved name; else as [`transact`](Self::transact).
    pub fn clear_dbi(&self, name: &str) -> Result<()> {
        let clear = |session: &mut Session<'_>| {
            let tree = match session.base().standing(name)? {
                Standing::Absent => return Err(absent(name)),
                Standing::Ours(dbi) => dbi.tree,
                Standing::Foreign(_) => name.into(),
            };
            session.commit(0, |applier, _| {
                let tree = applier.tree(&tree)?;
                applier.clear(tree)
            })
        };
        let checked = check_name(name);
        checked
            .and_then(|()| write(self.engine.writer_access(), "clear_dbi", clear))
            .map_err(|error| error.during("clear_dbi").in_dbi(name))
    }

    /// Removes the DBI `name` with its entries and schema. Its handles fail with `NotFound` afterwards, even if the
    /// name is used again; older snapshots still read it. A transaction of its own, O(pages of the DBI).
    ///
    /// While another process has the environment open, the empty tree stays in the file until the name is used
    /// again or the environment is compacted: LMDB cannot remove a tree to which other processes have handles. Each name
    /// that was used beside another process keeps one of LMDB's handles in this process, of which there are twice
    /// `max_dbis`: use the same names again for DBIs that come and go.
    ///
    /// # Errors
    /// `NotFound`; `InvalidArgument` for a reserved name; else as [`transact`](Self::transact).
    ///
    /// ```
    /// # use mapleaf::{Dbi, Env, ErrorKind};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let ages: Dbi<&str, u32> = env.dbi("ages")?;
    /// env.transact(|txn| ages.put(txn, "ann", 42))?;
    /// let before = env.snapshot()?;
    /// env.drop_dbi("ages")?;
    /// assert_eq!(ages.get(&before, "ann")?, Some(42));
    /// assert_eq!(ages.get(&env.snapshot()?, "ann").unwrap_err().kind(), ErrorKind::NotFound);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("drop_table", "delete_table", "drop_tree"))]
    pub fn drop_dbi(&self, name: &str) -> Result<()> {
        check_name(name)
            .and_then(|()| self.alone("drop_dbi", |txn| txn.drop_dbi(name)))
            .map_err(|error| error.during("drop_dbi").in_dbi(name))
    }

    /// Renames the DBI `from` to `to`, which must be free. A transaction of its own, O(log of all DBIs): no row is
    /// touched. Handles that are open go on, as [`WriteTxn::rename_dbi`] says.
    ///
    /// # Errors
    /// As [`WriteTxn::rename_dbi`], and as [`transact`](Self::transact).
    ///
    /// ```
    /// # use mapleaf::{Dbi, Env, ErrorKind};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let ages: Dbi<&str, u32> = env.dbi("ages")?;
    /// env.transact(|txn| ages.put(txn, "ann", 42))?;
    /// env.rename_dbi("ages", "years")?;
    /// assert_eq!(ages.get(&env.snapshot()?, "ann")?, Some(42));
    /// assert_eq!(env.dbis()?[0].name, "years");
    /// # Ok(())
    /// # }
    /// ```
    pub fn rename_dbi(&self, from: &str, to: &str) -> Result<()> {
        check_name(from)
            .and_then(|()| check_name(to))
            .and_then(|()| self.alone("rename_dbi", |txn| txn.rename_dbi(from, to)))
            .map_err(|error| error.during("rename_dbi").in_dbi(from))
    }
}
