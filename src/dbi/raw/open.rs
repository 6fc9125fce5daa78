//! Opening DBIs whose types are not known.

use crate::catalog::{DbiKind, Schema};
use crate::dbi::raw::handle::RawDbi;
use crate::dbi::raw::write::RawDbiMut;
use crate::env::Env;
use crate::error::{Error, ErrorKind, Result};
use crate::txn::DbiOpening;

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
            if kind == DbiKind::Unsupported {
                let why = "mapleaf creates no DBIs with flags of LMDB; create a plain one";
                return Err(Error::new(ErrorKind::Unsupported, why));
            }
            let schema = Schema { multi: kind == DbiKind::Multi, key: key_type.into(), value: value_type.into() };
            let opening = DbiOpening { create: true, adopt: false, operation: "create_raw_dbi" };
            Ok(RawDbiMut { raw: RawDbi::new(self.open_dbi(name, &schema, opening)?) })
        };
        create().map_err(|error: Error| error.during("create_raw_dbi").in_dbi(name))
    }
}
