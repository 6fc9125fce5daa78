//! Changing the types of a DBI under its name.

use std::sync::Arc;

use crate::catalog::{DbiRef, Schema};
use crate::dbi::handle::Dbi;
use crate::dbi::multi::MultiDbi;
use crate::dbi::open::schema;
use crate::env::Env;
use crate::error::{Error, Result};
use crate::key::Key;
use crate::txn::WriteTxn;
use crate::value::Value;

impl Env {
    /// Changes the types of the DBI `name` in one commit: `f` gets the DBI as it is, and an empty one of the new types,
    /// which takes the name when `f` returns `Ok`. The old one is dropped with its rows then.
    ///
    /// `f` decides which rows the new DBI gets, and may read and change any other DBI in the same transaction. Until
    /// the commit, others read the old rows, and the name stands for the old DBI in `f`. The old handle is
    /// `NotFound` after the commit. If `f` fails or panics, nothing is changed. The new rows are in memory until the
    /// commit, so they are limited by [`max_txn_bytes`](crate::EnvOptions::max_txn_bytes). The commit is one of its own,
    /// as [`WriteTxn::drop_dbi`] says.
    ///
    /// [`migrate_multi`](Self::migrate_multi) is the same for a [`MultiDbi`]. Between the two kinds, a DBI is changed in a
    /// transaction by [`WriteTxn::rename_dbi`], [`multi_dbi`](WriteTxn::multi_dbi) and [`drop_dbi`](WriteTxn::drop_dbi).
    ///
    /// # Errors
    /// What `f` returns; `SchemaMismatch` if the DBI has other types than `K1` and `V1`; `NotFound` if it is absent;
    /// `InvalidArgument` for a reserved name, and if `f` drops or renames the DBI itself; `Unsupported` for a DBI of
    /// other software with flags; else as [`transact`](Self::transact).
    ///
    /// ```
    /// use mapleaf::{Dbi, Env};
    /// # fn main() -> mapleaf::Result<()> {
    /// let env = Env::temporary()?;
    /// let ages: Dbi<&str, u32> = env.dbi("ages")?;
    /// env.transact(|txn| ages.put(txn, "ann", 42))?;
    ///
    /// env.migrate::<&str, u32, &str, u64>("ages", |txn, old, new| {
    ///     let rows = old.iter(txn)?.map(|row| row.map(|(name, age)| (name.to_owned(), age)));
    ///     for (name, age) in rows.collect::<mapleaf::Result<Vec<_>>>()? {
    ///         new.put(txn, &name, u64::from(age))?;
    ///     }
    ///     Ok(())
    /// })?;
    /// let ages: Dbi<&str, u64> = env.dbi("ages")?;
    /// assert_eq!(ages.get(&env.snapshot()?, "ann")?, Some(42));
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("alter_table", "change_type", "schema_migration"))]
    pub fn migrate<K1: Key, V1: Value, K2: Key, V2: Value>(
        &self,
        name: &str,
        f: impl FnOnce(&mut WriteTxn, &Dbi<K1, V1>, &Dbi<K2, V2>) -> Result<()>,
    ) -> Result<()> {
        let (before, after) = (schema(false, K1::name, V1::name), schema(false, K2::name, V2::name));
        self.migrate_as(("migrate", name), &before, &after, |txn, old, new| f(txn, &Dbi::new(old), &Dbi::new(new)))
    }

    /// As [`migrate`](Self::migrate), for closures with a result, and with their own error type as in
    /// [`transact_or`](Self::transact_or).
    ///
    /// # Errors
    /// What `f` returns, and those of `migrate`, converted.
    ///
    /// ```
    /// # use mapleaf::{Dbi, Env};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let env = Env::temporary()?;
    /// let ages: Dbi<u32, &str> = env.dbi("ages")?;
    /// env.transact(|txn| ages.put(txn, 1, "42"))?;
    /// let sum = env.migrate_or::<u32, &str, u32, u64, u64, Box<dyn std::error::Error>>("ages", |txn, old, new| {
    ///     let age = old.get(txn, 1)?.unwrap_or_default().parse()?;
    ///     new.put(txn, 1, age)?;
    ///     Ok(age)
    /// })?;
    /// assert_eq!(sum, 42);
    /// # Ok(())
    /// # }
    /// ```
    pub fn migrate_or<K1: Key, V1: Value, K2: Key, V2: Value, T, E: From<Error>>(
        &self,
        name: &str,
        f: impl FnOnce(&mut WriteTxn, &Dbi<K1, V1>, &Dbi<K2, V2>) -> Result<T, E>,
    ) -> Result<T, E> {
        let (before, after) = (schema(false, K1::name, V1::name), schema(false, K2::name, V2::name));
        self.migrate_as(("migrate_or", name), &before, &after, |txn, old, new| f(txn, &Dbi::new(old), &Dbi::new(new)))
    }

    /// As [`migrate`](Self::migrate), for an ordered set of pairs, and for closures with a result.
    ///
    /// # Errors
    /// As [`migrate`](Self::migrate); `SchemaMismatch` also for a DBI that is no `MultiDbi`.
    ///
    /// ```
    /// use mapleaf::{Env, MultiDbi};
    /// # fn main() -> mapleaf::Result<()> {
    /// let env = Env::temporary()?;
    /// let tags: MultiDbi<&str, u32> = env.multi_dbi("tags")?;
    /// env.transact(|txn| tags.insert(txn, "red", 7))?;
    ///
    /// env.migrate_multi("tags", |txn, old: &MultiDbi<&str, u32>, new: &MultiDbi<&str, u64>| {
    ///     let pairs = old.pairs(txn)?.map(|pair| pair.map(|(tag, id)| (tag.into_owned(), id)));
    ///     for (tag, id) in pairs.collect::<mapleaf::Result<Vec<_>>>()? {
    ///         new.insert(txn, &tag, u64::from(id))?;
    ///     }
    ///     Ok(())
    /// })?;
    /// let tags: MultiDbi<&str, u64> = env.multi_dbi("tags")?;
    /// assert!(tags.contains(&env.snapshot()?, "red", 7)?);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("alter_table", "change_type", "schema_migration"))]
    pub fn migrate_multi<K1: Key, V1: Key, K2: Key, V2: Key, T>(
        &self,
        name: &str,
        f: impl FnOnce(&mut WriteTxn, &MultiDbi<K1, V1>, &MultiDbi<K2, V2>) -> Result<T>,
    ) -> Result<T> {
        let (before, after) = (schema(true, K1::name, V1::name), schema(true, K2::name, V2::name));
        self.migrate_as(("migrate_multi", name), &before, &after, |txn, old, new| {
            f(txn, &MultiDbi::new(old), &MultiDbi::new(new))
        })
    }

    fn migrate_as<T, E: From<Error>>(
        &self,
        (operation, name): (&'static str, &str),
        before: &Schema,
        after: &Schema,
        f: impl FnOnce(&mut WriteTxn, Arc<DbiRef>, Arc<DbiRef>) -> Result<T, E>,
    ) -> Result<T, E> {
        let named = |error: Error| error.during(operation).in_dbi(name);
        self.transact_named(operation, |txn| {
            let (old, new) = txn.begin_migration(name, before, after).map_err(named)?;
            let made = f(txn, Arc::clone(&old), Arc::clone(&new))?;
            txn.end_migration(name, &old, &new).map_err(named)?;
            Ok(made)
        })
    }
}
