//! Opening DBIs by name and type.

use std::sync::Arc;

use crate::catalog::{DbiRef, Schema};
use crate::dbi::handle::Dbi;
use crate::dbi::multi::MultiDbi;
use crate::env::Env;
use crate::error::Result;
use crate::key::Key;
use crate::txn::{DbiOpening, Existence, Opening, WriteTxn};
use crate::value::Value;

/// Options to open a DBI, created by [`Env::dbi_options`].
///
/// ```
/// use mapleaf::{Dbi, Env, ErrorKind};
/// # fn main() -> mapleaf::Result<()> {
/// let env = Env::temporary()?;
/// let missing = env.dbi_options().create(false).open::<&str, u32>("ages");
/// assert_eq!(missing.map_err(|error| error.kind()).err(), Some(ErrorKind::NotFound));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "options do nothing until `open` or `open_multi`"]
pub struct DbiOptions {
    env: Env,
    opening: DbiOpening,
}

impl DbiOptions {
    /// Sets whether an absent DBI is created. If not, opening it fails with `NotFound`. Default true.
    pub fn create(mut self, create: bool) -> Self {
        self.opening.create = create;
        self
    }

    /// Sets whether a DBI that other software created, and that has no schema, gets the types it is opened with. Its
    /// entries are not checked: those that do not fit fail with `Decode` when they are read. Handles that opened it
    /// as bytes fail with `SchemaMismatch` from then on. In a snapshot from before the adoption the new handle reads no
    /// entries; those that opened it as bytes read all of them there. Default false.
    pub fn adopt(mut self, adopt: bool) -> Self {
        self.opening.adopt = adopt;
        self
    }

    /// Opens the DBI `name`.
    ///
    /// # Errors
    /// `SchemaMismatch` when the DBI was created with other types; `NotFound` when it is absent and
    /// [`create`](Self::create) is false; `InvalidArgument` for a name that is empty, over 255 bytes, contains a NUL
    /// or begins with `__`; `DbisFull`; `Unsupported` for a DBI of other software with flags; `Nested` inside a
    /// transaction of this thread; `ReadOnly` when it would have to be created; otherwise as [`Env::transact`].
    pub fn open<K: Key, V: Value>(&self, name: &str) -> Result<Dbi<K, V>> {
        let schema = schema(false, K::name, V::name);
        let opened = self.env.open_dbi(name, &schema, self.opening);
        opened.map(Dbi::new).map_err(|error| error.during("dbi").in_dbi(name))
    }

    /// Opens the ordered set of pairs `name`: see [`MultiDbi`].
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_multi<K: Key, V: Key>(&self, name: &str) -> Result<MultiDbi<K, V>> {
        let schema = schema(true, K::name, V::name);
        let opened = self.env.open_dbi(name, &schema, DbiOpening { operation: "multi_dbi", ..self.opening });
        opened.map(MultiDbi::new).map_err(|error| error.during("multi_dbi").in_dbi(name))
    }
}

/// Options to open a DBI inside a transaction, created by [`WriteTxn::dbi_options`].
#[derive(Debug)]
#[must_use = "options do nothing until `open` or `open_multi`"]
pub struct TxnDbiOptions<'t> {
    txn: &'t mut WriteTxn,
    opening: Opening,
}

impl TxnDbiOptions<'_> {
    /// Sets whether an absent DBI is created. If not, opening it fails with `NotFound`. Default true.
    pub fn create(mut self, create: bool) -> Self {
        self.opening.existence = if create { Existence::Any } else { Existence::Old };
        self
    }

    /// Sets whether a DBI that other software created gets the types it is opened with, as
    /// [`DbiOptions::adopt`] does, atomically with the other changes. What the transaction changed in it before stays.
    /// The transaction is committed by itself then, as [`WriteTxn::drop_dbi`] says. Default false.
    ///
    /// ```
    /// # use mapleaf::{Dbi, Env};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// env.transact(|txn| {
    ///     let ages: Dbi<&str, u32> = txn.dbi_options().adopt(true).open("ages")?;
    ///     ages.put(txn, "ann", 42)
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn adopt(mut self, adopt: bool) -> Self {
        self.opening.adopt = adopt;
        self
    }

    /// Opens the DBI `name`.
    ///
    /// # Errors
    /// `NotFound` when it is absent and [`create`](Self::create) is false; else as [`WriteTxn::dbi`].
    pub fn open<K: Key, V: Value>(self, name: &str) -> Result<Dbi<K, V>> {
        self.txn.open_as(name, &schema(false, K::name, V::name), self.opening, "dbi").map(Dbi::new)
    }

    /// Opens the ordered set of pairs `name`: see [`MultiDbi`].
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_multi<K: Key, V: Key>(self, name: &str) -> Result<MultiDbi<K, V>> {
        self.txn.open_as(name, &schema(true, K::name, V::name), self.opening, "multi_dbi").map(MultiDbi::new)
    }
}

impl WriteTxn {
    /// Opens the DBI `name` inside this transaction, and creates it if it is absent, atomically with the other
    /// changes.
    ///
    /// The handle of a created DBI can be used in this transaction at once, and everywhere once that is committed. If
    /// it is not committed, or the savepoint is undone, the handle fails with `NotFound` from then on. Any number can
    /// be created in one commit. O(log of all DBIs) for each.
    ///
    /// # Errors
    /// `SchemaMismatch` when the DBI was created with other types; `InvalidArgument` for a name that is empty, over 255
    /// bytes, contains a NUL or begins with `__`; `DbisFull`; `TooLarge` for a transaction over `max_txn_bytes`;
    /// `Unsupported` for a DBI of other software with flags; `Corrupted`.
    ///
    /// ```
    /// use mapleaf::{Dbi, Env};
    /// # fn main() -> mapleaf::Result<()> {
    /// let env = Env::temporary()?;
    /// let ages: Dbi<&str, u32> = env.transact(|txn| {
    ///     let ages = txn.dbi("ages")?;
    ///     ages.put(txn, "ann", 42)?;
    ///     Ok(ages)
    /// })?;
    /// assert_eq!(ages.get(&env.snapshot()?, "ann")?, Some(42));
    /// # Ok(())
    /// # }
    /// ```
    pub fn dbi<K: Key, V: Value>(&mut self, name: &str) -> Result<Dbi<K, V>> {
        self.open_as(name, &schema(false, K::name, V::name), ANY, "dbi").map(Dbi::new)
    }

    /// As [`dbi`](Self::dbi), for an ordered set of pairs: see [`MultiDbi`].
    ///
    /// # Errors
    /// As [`dbi`](Self::dbi).
    pub fn multi_dbi<K: Key, V: Key>(&mut self, name: &str) -> Result<MultiDbi<K, V>> {
        self.open_as(name, &schema(true, K::name, V::name), ANY, "multi_dbi").map(MultiDbi::new)
    }

    /// As [`dbi`](Self::dbi), for a DBI that must be absent.
    ///
    /// # Errors
    /// `AlreadyExists`; else as [`dbi`](Self::dbi).
    ///
    /// ```
    /// # use mapleaf::{Env, ErrorKind};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// env.transact(|txn| {
    ///     txn.create_dbi::<&str, u32>("ages")?;
    ///     let again = txn.create_dbi::<&str, u32>("ages");
    ///     assert_eq!(again.map_err(|error| error.kind()).err(), Some(ErrorKind::AlreadyExists));
    ///     Ok(())
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("create_table", "create_database", "create_bucket"))]
    pub fn create_dbi<K: Key, V: Value>(&mut self, name: &str) -> Result<Dbi<K, V>> {
        self.open_as(
            name,
            &schema(false, K::name, V::name),
            Opening { existence: Existence::New, adopt: false },
            "create_dbi",
        )
        .map(Dbi::new)
    }

    /// Returns the options to open a DBI inside this transaction, at their defaults.
    ///
    /// ```
    /// # use mapleaf::{Env, ErrorKind};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// env.transact(|txn| {
    ///     let missing = txn.dbi_options().create(false).open::<&str, u32>("ages");
    ///     assert_eq!(missing.map_err(|error| error.kind()).err(), Some(ErrorKind::NotFound));
    ///     Ok(())
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn dbi_options(&mut self) -> TxnDbiOptions<'_> {
        TxnDbiOptions { txn: self, opening: ANY }
    }

    fn open_as(
        &mut self,
        name: &str,
        schema: &Schema,
        opening: Opening,
        operation: &'static str,
    ) -> Result<Arc<DbiRef>> {
        self.open_dbi(name, schema, opening).map_err(|error| error.during(operation).in_dbi(name))
    }
}

/// Opens a DBI, or creates it.
const ANY: Opening = Opening { existence: Existence::Any, adopt: false };

pub(super) fn schema(multi: bool, key: fn(&mut String), value: fn(&mut String)) -> Schema {
    let named = |name: fn(&mut String)| {
        let mut out = String::new();
        name(&mut out);
        out.into_boxed_str()
    };
    Schema { multi, key: named(key), value: named(value) }
}

impl Env {
    /// Opens the DBI `name`, and creates it if it is absent, in its own transaction. Its types are stored with it,
    /// and every later opening must use the same ones.
    ///
    /// Open a DBI once and keep the handle. An existing DBI costs two searches in the catalogue, a new one a commit.
    ///
    /// # Errors
    /// As [`DbiOptions::open`].
    ///
    /// ```
    /// use mapleaf::{Dbi, Env, ErrorKind};
    /// # fn main() -> mapleaf::Result<()> {
    /// let env = Env::temporary()?;
    /// let ages: Dbi<&str, u32> = env.dbi("ages")?;
    /// let wrong = env.dbi::<&str, u64>("ages");
    /// assert_eq!(wrong.map_err(|error| error.kind()).err(), Some(ErrorKind::SchemaMismatch));
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias(
        "open_table",
        "open_database",
        "create_database",
        "open_tree",
        "table",
        "tree",
        "bucket",
        "column_family"
    ))]
    pub fn dbi<K: Key, V: Value>(&self, name: &str) -> Result<Dbi<K, V>> {
        self.dbi_options().open(name)
    }

    /// Opens the ordered set of pairs `name`, and creates it if it is absent: see [`MultiDbi`].
    ///
    /// # Errors
    /// As [`DbiOptions::open`].
    #[doc(alias("open_multimap_table", "dupsort"))]
    pub fn multi_dbi<K: Key, V: Key>(&self, name: &str) -> Result<MultiDbi<K, V>> {
        self.dbi_options().open_multi(name)
    }

    /// Returns the options to open a DBI, at their defaults.
    pub fn dbi_options(&self) -> DbiOptions {
        DbiOptions { env: self.clone(), opening: DbiOpening { create: true, adopt: false, operation: "dbi" } }
    }
}
