//! Opening databases by name and type.

use crate::catalog::Schema;
use crate::dbi::handle::Dbi;
use crate::dbi::multi::MultiDbi;
use crate::env::Env;
use crate::error::Result;
use crate::key::Key;
use crate::txn::DbiOpening;
use crate::value::Value;

/// How a DBI is opened: [`Env::dbi_options`].
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
    /// Whether a DBI that is absent is created; if not it is `NotFound`. Default true.
    pub fn create(mut self, create: bool) -> Self {
        self.opening.create = create;
        self
    }

    /// Whether a DBI that other software made, and so has no schema, is given the types it is opened with. Its entries
    /// are not looked at: those that do not fit are `Decode` errors when they are read. Handles on it as bytes are
    /// `SchemaMismatch` from then on. Default false.
    pub fn adopt(mut self, adopt: bool) -> Self {
        self.opening.adopt = adopt;
        self
    }

    /// Opens the DBI `name`.
    ///
    /// # Errors
    /// `SchemaMismatch` when it was created with other types; `NotFound` as [`create`](Self::create) says;
    /// `InvalidArgument` for a name that is empty, over 255 bytes, holds a NUL or begins with `__`; `DbisFull`;
    /// `Unsupported` for one of other software with flags; `Nested` inside a transaction of this thread; `ReadOnly` when
    /// it would have to be created; else as [`Env::transact`].
    pub fn open<K: Key, V: Value>(&self, name: &str) -> Result<Dbi<K, V>> {
        let schema = schema(false, K::name, V::name);
        let opened = self.env.open_dbi(name, &schema, self.opening);
        opened.map(Dbi::new).map_err(|error| error.during("dbi").in_dbi(name))
    }

    /// Opens the ordered set of pairs `name`.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_multi<K: Key, V: Key>(&self, name: &str) -> Result<MultiDbi<K, V>> {
        let schema = schema(true, K::name, V::name);
        let opened = self.env.open_dbi(name, &schema, DbiOpening { operation: "multi_dbi", ..self.opening });
        opened.map(MultiDbi::new).map_err(|error| error.during("multi_dbi").in_dbi(name))
    }
}

fn schema(multi: bool, key: fn(&mut String), value: fn(&mut String)) -> Schema {
    let named = |name: fn(&mut String)| {
        let mut out = String::new();
        name(&mut out);
        out.into_boxed_str()
    };
    Schema { multi, key: named(key), value: named(value) }
}

impl Env {
    /// Opens the DBI `name`, and creates it if it is absent, in a transaction of its own. The types are kept with it, and
    /// another opening must name the same.
    ///
    /// Do it once and keep the handle. If it exists: two searches in the catalogue. If not: a commit.
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
    pub fn dbi<K: Key, V: Value>(&self, name: &str) -> Result<Dbi<K, V>> {
        self.dbi_options().open(name)
    }

    /// Opens the ordered set of pairs `name`, and creates it if it is absent: see [`MultiDbi`].
    ///
    /// # Errors
    /// As [`DbiOptions::open`].
    pub fn multi_dbi<K: Key, V: Key>(&self, name: &str) -> Result<MultiDbi<K, V>> {
        self.dbi_options().open_multi(name)
    }

    /// The ways to open a DBI, at their defaults.
    pub fn dbi_options(&self) -> DbiOptions {
        DbiOptions { env: self.clone(), opening: DbiOpening { create: true, adopt: false, operation: "dbi" } }
    }
}
