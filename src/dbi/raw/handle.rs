//! The handle of a DBI whose types are not known.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::catalog::{DbiIdentity, DbiKind, DbiRef, is_reserved};
use crate::dbi::handle::Dbi;
use crate::env::DbiInfo;
use crate::error::{Error, ErrorKind, Result};
use crate::key::split_part;
use crate::txn::Read;

/// Bytes, as both keys and values.
pub(super) type Bytes = &'static [u8];

/// A DBI of any types, read as bytes: for inspectors, dumps and bindings, which do not know the types when they
/// are compiled. [`Env::raw_dbi`](crate::Env::raw_dbi) opens it, and
/// [`WriteTxn::raw_dbi`](crate::WriteTxn::raw_dbi) inside a transaction.
///
/// The reads are those of [`Dbi<&[u8], &[u8]>`](Dbi), at the same cost. Keys are the encoded ones, in the order of
/// their bytes, which is that of the typed keys. [`key::display`](crate::key::display) and
/// [`value::display`](crate::value::display) show them as text.
///
/// A [`MultiDbi`](crate::MultiDbi) is a tree whose keys are its pairs and whose values are empty. The bytes of a pair
/// are those of the tuple `(key, value)`; [`split_pair`](Self::split_pair) splits them, and
/// [`stored_key_type`](Self::stored_key_type) is the name of the tuple's type.
///
/// Errors are those of [`Dbi`], except that no bytes fail to decode. A handle is a cheap clone, `Send` and `Sync`, and
/// valid until its DBI is dropped.
///
/// ```
/// use mapleaf::{Dbi, Env, key, value};
/// # fn main() -> mapleaf::Result<()> {
/// let env = Env::temporary()?;
/// let visits: Dbi<(u32, &str), u64> = env.dbi("visits")?;
/// env.transact(|txn| visits.put(txn, (1, "home"), 7))?;
///
/// let raw = env.raw_dbi("visits")?;
/// let snap = env.snapshot()?;
/// for entry in raw.iter(&snap)? {
///     let (key, value) = entry?;
///     assert_eq!(key, b"\0\0\0\x01home\0\x01");
///     assert_eq!(key::display(raw.key_type(), key)?, r#"(1, "home")"#);
///     assert_eq!(value::display(raw.value_type(), value)?, "7");
/// }
/// # Ok(())
/// # }
/// ```
///
/// It cannot write; [`unchecked_writes`](Self::unchecked_writes) makes a handle that can:
///
/// ```compile_fail,E0599
/// # fn main() -> mapleaf::Result<()> {
/// # let env = mapleaf::Env::temporary()?;
/// let raw = env.raw_dbi("visits")?;
/// env.transact(|txn| raw.put(txn, b"key", b"value"))?;
/// # Ok(())
/// # }
/// ```
///
/// Entries are borrowed from the state that was read, and cannot outlive it:
///
/// ```compile_fail,E0505
/// # fn main() -> mapleaf::Result<()> {
/// # let env = mapleaf::Env::temporary()?;
/// # let raw = env.raw_dbi("visits")?;
/// let snap = env.snapshot()?;
/// let first = raw.first(&snap)?;
/// drop(snap);
/// println!("{first:?}");
/// # Ok(())
/// # }
/// ```
#[doc(alias("untyped", "dump", "inspect", "dynamic"))]
#[derive(Clone)]
pub struct RawDbi {
    /// The tree. Its schema is that of the DBI, which bytes need not have.
    pub(super) tree: Dbi<Bytes, Bytes>,
}

impl RawDbi {
    pub(super) fn new(dbi: Arc<DbiRef>) -> Self {
        Self { tree: Dbi::new(dbi) }
    }

    /// The name that it was opened under. A rename since does not change it.
    #[must_use]
    pub fn name(&self) -> &str {
        self.tree.name()
    }

    /// How the entries are arranged. Never [`Unsupported`](DbiKind::Unsupported): such a DBI does not open.
    #[must_use]
    pub fn kind(&self) -> DbiKind {
        let dbi = &self.tree.dbi;
        match dbi.identity {
            DbiIdentity::Foreign if !is_reserved(&dbi.name) => DbiKind::Foreign,
            _ => dbi.schema.kind(),
        }
    }

    /// The name of the key encoding, as in [`DbiInfo::key_type`]; `bytes` for a foreign DBI.
    #[must_use]
    pub fn key_type(&self) -> &str {
        &self.tree.dbi.schema.key
    }

    /// The name of the value encoding, as in [`DbiInfo::value_type`]; `bytes` for a foreign DBI.
    #[must_use]
    pub fn value_type(&self) -> &str {
        &self.tree.dbi.schema.value
    }

    /// The name of the encoding of the stored keys: that of a `MultiDbi` is the tuple of its two types, for others it
    /// is the [`key_type`](Self::key_type). With [`stored_value_type`](Self::stored_value_type) it names the types of
    /// the bytes that reads return.
    ///
    /// ```
    /// # use mapleaf::{Env, MultiDbi, key};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let tags: MultiDbi<&str, u64> = env.multi_dbi("tags")?;
    /// env.transact(|txn| tags.insert(txn, "red", 7))?;
    /// let (raw, snap) = (env.raw_dbi("tags")?, env.snapshot()?);
    /// assert_eq!(raw.stored_key_type(), "(str,u64)");
    /// for pair in raw.keys(&snap)? {
    ///     assert_eq!(key::display(&raw.stored_key_type(), pair?)?, r#"("red", 7)"#);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn stored_key_type(&self) -> Cow<'_, str> {
        match self.kind() {
            DbiKind::Multi => format!("({},{})", self.key_type(), self.value_type()).into(),
            _ => self.key_type().into(),
        }
    }

    /// The name of the encoding of the stored values: `unit` for a `MultiDbi`, for others the
    /// [`value_type`](Self::value_type).
    #[must_use]
    pub fn stored_value_type(&self) -> &str {
        if self.kind() == DbiKind::Multi { "unit" } else { self.value_type() }
    }

    /// Splits a stored pair of a [`MultiDbi`](crate::MultiDbi) into its key and its value, each as an element of a
    /// tuple: text in them is escaped and ended. As text they are keys of the types `(K)` and `(V)`. O(length).
    ///
    /// # Errors
    /// `InvalidArgument` for a DBI that is not a `MultiDbi`; `Unsupported` if its key type is not built in; `Decode`
    /// for bytes that do not begin with a key of that type.
    ///
    /// ```
    /// # use mapleaf::{Env, MultiDbi};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let tags: MultiDbi<&str, u16> = env.multi_dbi("tags")?;
    /// assert_eq!(env.raw_dbi("tags")?.split_pair(b"red\0\x01\0\x07")?, (&b"red\0\x01"[..], &b"\0\x07"[..]));
    /// # Ok(())
    /// # }
    /// ```
    pub fn split_pair<'a>(&self, pair: &'a [u8]) -> Result<(&'a [u8], &'a [u8])> {
        let split = if self.kind() == DbiKind::Multi {
            split_part(self.key_type(), pair).map_err(|error| error.at_key(pair))
        } else {
            Err(Error::new(
                ErrorKind::InvalidArgument,
                "this DBI is no MultiDbi, so its keys are not pairs; use them whole",
            ))
        };
        split.map_err(|error| self.tree.named(error, "split_pair"))
    }

    /// The description of the DBI as of a state, as [`Env::dbis`](crate::Env::dbis) gives it. O(1) in a snapshot.
    ///
    /// # Errors
    /// As [`Dbi`] says.
    pub fn info(&self, state: &impl Read) -> Result<DbiInfo> {
        let entries = state.raw_len(&self.tree.dbi).map_err(|error| self.tree.named(error, "info"))?;
        Ok(DbiInfo {
            name: self.name().into(),
            key_type: self.key_type().into(),
            value_type: self.value_type().into(),
            kind: self.kind(),
            entries,
        })
    }
}

impl fmt::Debug for RawDbi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.kind() == DbiKind::Multi { "MultiDbi" } else { "Dbi" };
        write!(f, "RawDbi({kind}<{}, {}>, {:?})", self.key_type(), self.value_type(), self.name())
    }
}
