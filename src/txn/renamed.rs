//! DBIs that are dropped and renamed inside a transaction, atomically with its other changes.

use std::sync::Arc;

use crate::catalog::{DbiRef, Schema, check_name, check_schema};
use crate::error::{Error, ErrorKind, Result};
use crate::txn::created::{Existence, Opening};
use crate::txn::dbi_checks::{absent, foreign};
use crate::txn::names::Named;
use crate::txn::write_txn::WriteTxn;

impl WriteTxn {
    /// Removes the DBI `name` with its entries and schema, whatever its types. Undone with the transaction.
    ///
    /// Its handles fail with `NotFound` in this transaction from now on, and everywhere once it is committed; snapshots
    /// and scans that began before go on reading it. The name is free at once, for any types.
    ///
    /// A transaction that drops, renames or adopts DBIs is committed by itself: it shares no commit with others, and
    /// they wait until it is committed. O(log of all DBIs), and O(pages of the DBI) at the commit.
    ///
    /// While another process has the environment open, an empty tree stays in the file: see
    /// [`Env::drop_dbi`](crate::Env::drop_dbi).
    ///
    /// # Errors
    /// `NotFound`; `InvalidArgument` for a reserved name; `Unsupported` for a name under which other software keeps a
    /// value; `TooLarge` for a transaction over `max_txn_bytes`; `Corrupted`.
    ///
    /// ```
    /// use mapleaf::{Dbi, Env, ErrorKind};
    /// # fn main() -> mapleaf::Result<()> {
    /// let env = Env::temporary()?;
    /// let ages: Dbi<&str, u32> = env.dbi("ages")?;
    /// env.transact(|txn| {
    ///     txn.drop_dbi("ages")?;
    ///     let missing = ages.get(txn, "ann");
    ///     assert_eq!(missing.map_err(|error| error.kind()), Err(ErrorKind::NotFound));
    ///     let ages: Dbi<&str, String> = txn.create_dbi("ages")?;
    ///     ages.put(txn, "ann", "forty-two")
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("drop_table", "delete_table", "remove_bucket"))]
    pub fn drop_dbi(&mut self, name: &str) -> Result<()> {
        self.drop_named(name).map_err(|error| error.during("drop_dbi").in_dbi(name))
    }

    fn drop_named(&mut self, name: &str) -> Result<()> {
        check_name(name)?;
        let dbi = self.existing(name)?;
        self.state.set.drop_dbi(&dbi, name)
    }

    /// Renames the DBI `from` to `to`, which must be free. Undone with the transaction. O(log of all DBIs): no row is
    /// touched.
    ///
    /// A handle goes by its DBI, not by the name: those that are open go on, in this transaction, in others, and in
    /// snapshots from before and after, and their [`name`](crate::Dbi::name) stays as it was. Names may be exchanged by
    /// way of a third one. A DBI renamed to its own name stays as it is. The transaction is committed by itself, as
    /// [`drop_dbi`](Self::drop_dbi) says.
    ///
    /// In the file the tree keeps its name until the environment is compacted: see `docs/format.md` for how LMDB's tools
    /// show it.
    ///
    /// # Errors
    /// `NotFound`; `AlreadyExists` if another DBI has the name `to`; `InvalidArgument` for a name that is empty, over 255
    /// bytes, contains a NUL or begins with `__`; `Unsupported` for a DBI of other software, which knows it by its name:
    /// adopt it first; `TooLarge` for a transaction over `max_txn_bytes`; `Corrupted`.
    ///
    /// ```
    /// use mapleaf::{Dbi, Env};
    /// # fn main() -> mapleaf::Result<()> {
    /// let env = Env::temporary()?;
    /// let (live, next): (Dbi<u32, &str>, Dbi<u32, &str>) = (env.dbi("live")?, env.dbi("next")?);
    /// env.transact(|txn| {
    ///     live.put(txn, 1, "old")?;
    ///     next.put(txn, 1, "new")
    /// })?;
    /// env.transact(|txn| {
    ///     txn.rename_dbi("live", "tmp")?;
    ///     txn.rename_dbi("next", "live")?;
    ///     txn.rename_dbi("tmp", "next")
    /// })?;
    /// let snap = env.snapshot()?;
    /// assert_eq!(env.dbi::<u32, &str>("live")?.get(&snap, 1)?, Some("new"));
    /// assert_eq!(live.get(&snap, 1)?, Some("old"));
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("rename_table", "alter_table"))]
    pub fn rename_dbi(&mut self, from: &str, to: &str) -> Result<()> {
        self.rename(from, to).map_err(|error| error.during("rename_dbi").in_dbi(from))
    }

    fn rename(&mut self, from: &str, to: &str) -> Result<()> {
        check_name(from)?;
        check_name(to)?;
        let dbi = match self.look_up(from)? {
            Named::Absent => return Err(absent(from)),
            Named::Ours(dbi) => dbi,
            Named::Foreign(_) => {
                let why = "other software made this DBI, and knows it by its name; adopt it first, with \
                           dbi_options().adopt(true)";
                return Err(Error::new(ErrorKind::Unsupported, why));
            }
        };
        if from == to {
            return Ok(());
        }
        if !matches!(self.look_up(to)?, Named::Absent) {
            let why = format!("there is a DBI {to:?}; choose another name, or drop or rename that one first");
            return Err(Error::new(ErrorKind::AlreadyExists, why));
        }
        let renamed = self.state.base.dbis().intern_renamed(&dbi, to);
        self.state.set.rename(from, &renamed)
    }

    /// Opens the DBI `name` with the schema `before`, and creates one with the schema `after` that is to get its name by
    /// [`end_migration`](Self::end_migration).
    pub(crate) fn begin_migration(
        &mut self,
        name: &str,
        before: &Schema,
        after: &Schema,
    ) -> Result<(Arc<DbiRef>, Arc<DbiRef>)> {
        let opening = Opening { existence: Existence::Old, adopt: false };
        let old = self.open_dbi(name, before, opening)?;
        check_schema(after)?;
        let new = self.new_dbi(name, after)?;
        self.state.set.create(Arc::clone(&new), false).inspect_err(|_| new.give_up())?;
        Ok((old, new))
    }

    /// Drops the old DBI of a migration, and gives the new one its name.
    pub(crate) fn end_migration(&mut self, name: &str, old: &Arc<DbiRef>, new: &Arc<DbiRef>) -> Result<()> {
        let is_old = match self.look_up(name)? {
            Named::Absent => false,
            Named::Ours(dbi) => dbi.identity == old.identity,
            Named::Foreign(_) => old.identity == foreign(name, &old.schema).identity,
        };
        if !is_old {
            let why = "the closure dropped or renamed the DBI that it migrates; leave that to `migrate`";
            return Err(Error::new(ErrorKind::InvalidArgument, why));
        }
        self.state.set.drop_dbi(old, name)?;
        self.state.set.name_created(new)
    }
}
