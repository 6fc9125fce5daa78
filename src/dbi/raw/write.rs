//! Writes of bytes, which no type checks.

use std::fmt;
use std::ops::Deref;

use crate::catalog::is_reserved;
use crate::dbi::handle::Dbi;
use crate::dbi::raw::handle::{Bytes, RawDbi};
use crate::error::{Error, ErrorKind, Result};
use crate::scan::{KeyPrefix, KeyRange};
use crate::txn::Write;

/// A DBI of any types that bytes are written to, as they are: what [`RawDbi::unchecked_writes`] and
/// [`Env::create_raw_dbi`](crate::Env::create_raw_dbi) return, and the same inside a transaction. It reads as [`RawDbi`] does.
///
/// **Nothing checks that what it writes is of the DBI's types.** A key or a value that is not fails with `Decode` when
/// a typed handle reads it, and scans over it fail there. A value under a pair of a [`MultiDbi`](crate::MultiDbi) is
/// never read. Only the limits of keys, values and transactions hold. Write what was read from a DBI of the same types,
/// or what [`key::parse`](crate::key::parse) returns for [`stored_key_type`](RawDbi::stored_key_type).
///
/// ```
/// use mapleaf::{Dbi, Env, ErrorKind, key};
/// # fn main() -> mapleaf::Result<()> {
/// let env = Env::temporary()?;
/// let ages: Dbi<(u8, &str), u32> = env.dbi("ages")?;
/// let raw = env.raw_dbi("ages")?.unchecked_writes()?;
/// env.transact(|txn| {
///     raw.put(txn, &key::parse(&raw.stored_key_type(), r#"(7, "ann")"#)?, &[0, 0, 0, 42])?;
///     raw.put(txn, &key::parse(&raw.stored_key_type(), r#"(7, "bob")"#)?, b"not an age")
/// })?;
/// let snap = env.snapshot()?;
/// assert_eq!(ages.get(&snap, (7, "ann"))?, Some(42));
/// assert_eq!(ages.get(&snap, (7, "bob")).unwrap_err().kind(), ErrorKind::Decode);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RawDbiMut {
    pub(super) raw: RawDbi,
}

impl RawDbi {
    /// A handle that also writes. By calling this you consent to what no type checks: see [`RawDbiMut`].
    ///
    /// # Errors
    /// `InvalidArgument` for a DBI whose name begins with `__`: only mapleaf writes to those.
    pub fn unchecked_writes(self) -> Result<RawDbiMut> {
        if is_reserved(self.name()) {
            let why = "names that begin with __ are reserved: such a DBI can only be read";
            return Err(self.tree.named(Error::new(ErrorKind::InvalidArgument, why), "unchecked_writes"));
        }
        Ok(RawDbiMut { raw: self })
    }
}

impl RawDbiMut {
    fn tree(&self) -> &Dbi<Bytes, Bytes> {
        &self.raw.tree
    }

    /// Stores `value` under `key`, replacing an existing value. Cost as [`Dbi::put`].
    ///
    /// # Errors
    /// As [`Dbi::put`], without `Encode`.
    pub fn put(&self, txn: &mut impl Write, key: &[u8], value: &[u8]) -> Result<()> {
        self.tree().put(txn, key, value)
    }

    /// Removes `key`, and returns whether it was there. Cost as [`Dbi::delete`].
    ///
    /// # Errors
    /// As [`Dbi::delete`].
    pub fn delete(&self, txn: &mut impl Write, key: &[u8]) -> Result<bool> {
        self.tree().delete(txn, key)
    }

    /// Removes the entries between two keys, selected as by [`RawDbi::range`], and returns how many it removed. Cost as
    /// [`Dbi::delete_range`].
    ///
    /// # Errors
    /// As [`Dbi::delete_range`].
    pub fn delete_range(&self, txn: &mut impl Write, range: impl KeyRange<Bytes>) -> Result<u64> {
        self.tree().delete_range(txn, range)
    }

    /// Removes the entries whose keys begin with these bytes, and returns how many it removed. Cost as
    /// [`Dbi::delete_prefix`].
    ///
    /// # Errors
    /// As [`Dbi::delete_prefix`].
    pub fn delete_prefix(&self, txn: &mut impl Write, prefix: impl KeyPrefix<Bytes>) -> Result<u64> {
        self.tree().delete_prefix(txn, prefix)
    }

    /// Removes all entries and returns how many there were. Cost as [`Dbi::clear`].
    ///
    /// # Errors
    /// As [`Dbi::clear`].
    pub fn clear(&self, txn: &mut impl Write) -> Result<u64> {
        self.tree().clear(txn)
    }
}

impl Deref for RawDbiMut {
    type Target = RawDbi;

    fn deref(&self) -> &RawDbi {
        &self.raw
    }
}

impl fmt::Debug for RawDbiMut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RawDbiMut").field(&self.raw).finish()
    }
}
