//! Opening DBIs whose types are not known.

use crate::catalog::{DbiKind, Schema};
use crate::dbi::raw::handle::RawDbi;
use crate::dbi::raw::write::RawDbiMut;
use crate::env::Env;
use crate::error::{Error, ErrorKind, Result};
use crate::txn::{DbiOpening, Existence, Opening, WriteTxn};

impl Env {
    /// Opens the DBI `name` as bytes, whatever its types, to read it: a [`Dbi`](crate::Dbi), a
    /// [`MultiDbi`](crate::MultiDbi), or one that other software made. It must exist: this creates nothing and changes
    /// nothing, so it works in a read-only environment too. O(log DBIs).
    ///
    /// Names that begin with `__`, which are reserved, can be read too. `__mapleaf` is the catalogue, whose records
    /// [`file_format`](crate::file_format) describes.
    ///
    /// # Errors
    /// `NotFound`; `InvalidArgument` for a name that is empty, over 255 bytes, or contains a NUL; `Unsupported` for a
    /// DBI of other software with flags, and for a name under which it keeps a value; `Nested` inside a transaction of
    /// this thread; `Closed`, `Corrupted`, `Io`.
    ///
    /// ```
    /// use mapleaf::{Dbi, Env, ErrorKind};
    /// # fn main() -> mapleaf::Result<()> {
    /// let env = Env::temporary()?;
    /// let ages: Dbi<&str, u32> = env.dbi("ages")?;
    /// env.transact(|txn| ages.put(txn, "ann", 42))?;
    /// assert_eq!(env.raw_dbi("ages")?.get(&env.snapshot()?, b"ann")?, Some(&[0, 0, 0, 42][..]));
    /// assert_eq!(env.raw_dbi("names").unwrap_err().kind(), ErrorKind::NotFound);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("untyped", "dump", "inspect"))]
    pub fn raw_dbi(&self, name: &str) -> Result<RawDbi> {
        self.open_raw_dbi(name).map(RawDbi::new).map_err(|error| error.during("raw_dbi").in_dbi(name))
    }

    /// Opens the DBI `name` to write bytes to it, and creates it with these types if it is absent: what a program that
    /// restores a dump needs. The types are named as in [`DbiInfo`](crate::DbiInfo). Creating is a transaction of its
    /// own.
    ///
    /// [`DbiKind::Foreign`] counts as [`DbiKind::Plain`]: what is created has the types that are given, for a foreign
    /// DBI those of its `DbiInfo`, `bytes` and `bytes`. A foreign DBI that exists is opened as it is if both types are
    /// `bytes`. It is not adopted.
    ///
    /// The types need not be known to this program, and nothing checks that they exist. Whoever opens the DBI with
    /// types must use the same ones, and reads what was written here: see [`RawDbiMut`].
    ///
    /// # Errors
    /// `SchemaMismatch` when the DBI exists with other types, or is a foreign one and the types are not `bytes`;
    /// `InvalidArgument` for a type name over 600 bytes, and for a name that begins with `__`: such DBIs can be read
    /// by [`raw_dbi`](Self::raw_dbi) and not created; `Unsupported` for [`DbiKind::Unsupported`]; otherwise as
    /// [`DbiOptions::open`](crate::DbiOptions::open).
    ///
    /// ```
    /// use mapleaf::{Dbi, DbiKind, Env};
    /// # fn main() -> mapleaf::Result<()> {
    /// let env = Env::temporary()?;
    /// let raw = env.create_raw_dbi("ages", DbiKind::Plain, "str", "u32")?;
    /// env.transact(|txn| raw.put(txn, b"ann", &[0, 0, 0, 42]))?;
    ///
    /// let ages: Dbi<&str, u32> = env.dbi("ages")?;
    /// assert_eq!(ages.get(&env.snapshot()?, "ann")?, Some(42));
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("restore", "import"))]
    pub fn create_raw_dbi(&self, name: &str, kind: DbiKind, key_type: &str, value_type: &str) -> Result<RawDbiMut> {
        let create = || {
            let schema = schema(kind, key_type, value_type)?;
            let opening = DbiOpening { create: true, adopt: false, operation: "create_raw_dbi" };
            Ok(RawDbiMut { raw: RawDbi::new(self.open_dbi(name, &schema, opening)?) })
        };
        create().map_err(|error: Error| error.during("create_raw_dbi").in_dbi(name))
    }
}

impl WriteTxn {
    /// Opens the DBI `name` as bytes inside this transaction, whatever its types, as
    /// [`Env::raw_dbi`](crate::Env::raw_dbi): also one that the transaction has created or renamed. O(log of all DBIs).
    ///
    /// # Errors
    /// As [`Env::raw_dbi`](crate::Env::raw_dbi), without `Nested`.
    ///
    /// ```
    /// use mapleaf::{Dbi, Env};
    /// # fn main() -> mapleaf::Result<()> {
    /// let env = Env::temporary()?;
    /// env.transact(|txn| {
    ///     let ages: Dbi<&str, u32> = txn.dbi("ages")?;
    ///     ages.put(txn, "ann", 42)?;
    ///     let raw = txn.raw_dbi("ages")?;
    ///     assert_eq!((raw.value_type(), raw.get(txn, b"ann")?), ("u32", Some(&[0, 0, 0, 42][..])));
    ///     Ok(())
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("untyped", "dump", "inspect"))]
    pub fn raw_dbi(&self, name: &str) -> Result<RawDbi> {
        self.open_raw_dbi(name).map(RawDbi::new).map_err(|error| error.during("raw_dbi").in_dbi(name))
    }

    /// Opens the DBI `name` inside this transaction to write bytes to it, and creates it with these types if it is
    /// absent, as [`Env::create_raw_dbi`](crate::Env::create_raw_dbi) does: so a restore or a replica creates and fills
    /// any number of DBIs in one commit. O(log of all DBIs).
    ///
    /// As with [`dbi`](Self::dbi), the handle of a created DBI fails with `NotFound` once the transaction or the
    /// savepoint is undone.
    ///
    /// # Errors
    /// As [`dbi`](Self::dbi); `SchemaMismatch` also for a foreign DBI if the types are not `bytes`; `InvalidArgument` also
    /// for a type name over 600 bytes; `Unsupported` for [`DbiKind::Unsupported`].
    ///
    /// ```
    /// use mapleaf::{Dbi, DbiKind, Env};
    /// # fn main() -> mapleaf::Result<()> {
    /// let env = Env::temporary()?;
    /// env.transact(|txn| {
    ///     for (name, value_type, value) in [("ages", "u32", &[0, 0, 0, 42][..]), ("names", "str", b"Ann")] {
    ///         txn.create_raw_dbi(name, DbiKind::Plain, "str", value_type)?.put(txn, b"ann", value)?;
    ///     }
    ///     Ok(())
    /// })?;
    /// let ages: Dbi<&str, u32> = env.dbi("ages")?;
    /// assert_eq!(ages.get(&env.snapshot()?, "ann")?, Some(42));
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("restore", "import"))]
    pub fn create_raw_dbi(&mut self, name: &str, kind: DbiKind, key_type: &str, value_type: &str) -> Result<RawDbiMut> {
        let opening = Opening { existence: Existence::Any, adopt: false };
        let opened = schema(kind, key_type, value_type).and_then(|schema| self.open_dbi(name, &schema, opening));
        let named = |error: Error| error.during("create_raw_dbi").in_dbi(name);
        opened.map(|dbi| RawDbiMut { raw: RawDbi::new(dbi) }).map_err(named)
    }
}

/// The schema of a DBI that is created by the names of its types.
fn schema(kind: DbiKind, key_type: &str, value_type: &str) -> Result<Schema> {
    if kind == DbiKind::Unsupported {
        let why = "mapleaf creates no DBIs with flags of LMDB; create a plain one";
        return Err(Error::new(ErrorKind::Unsupported, why));
    }
    Ok(Schema { multi: kind == DbiKind::Multi, key: key_type.into(), value: value_type.into() })
}
