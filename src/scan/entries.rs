//! `Entries`, the iterator of all borrowing scans: the entries of a range, double-ended, borrowed from the state that
//! is read.

use std::fmt;
use std::iter::FusedIterator;
use std::marker::PhantomData;
use std::ops::Bound;
use std::sync::Arc;

use crate::catalog::DbiRef;
use crate::error::{Error, Result};
use crate::key::{Key, KeyBuf};
use crate::read::{RawCursor, RawEntry};
use crate::scan::bounds::{bounds_at, seek, seek_back};
use crate::scan::halves::{Keys, Values};
use crate::txn::Read;
use crate::value::{Context, Value};

/// What decoding needs to know about the DBI that a scan reads: values are decoded in its context, and errors name it.
#[derive(Clone, Debug)]
pub(crate) struct DecodeContext<'t> {
    pub uuid: &'t [u8; 16],
    pub dbi: Arc<DbiRef>,
}

impl DecodeContext<'_> {
    pub(crate) fn decode_key<'a, K: Key>(&self, key: &'a [u8]) -> Result<K::Ref<'a>> {
        K::decode(key).map_err(|error| self.named(error, key))
    }

    pub(crate) fn decode_value<'a, V: Value>(&self, key: &[u8], value: &'a [u8]) -> Result<V::Ref<'a>> {
        let context = Context::new(self.uuid, &self.dbi.name, key);
        V::decode(value, &context).map_err(|error| self.named(error, key))
    }

    /// Decodes a key and its value.
    #[inline]
    pub(crate) fn decode_row<'a, K: Key, V: Value>(
        &self,
        key: &'a [u8],
        value: &'a [u8],
    ) -> Result<(K::Ref<'a>, V::Ref<'a>)> {
        Ok((self.decode_key::<K>(key)?, self.decode_value::<V>(key, value)?))
    }

    #[cold]
    fn named(&self, error: Error, key: &[u8]) -> Error {
        error.in_dbi(&self.dbi.name).at_key(key)
    }

    #[cold]
    fn during(&self, error: Error, operation: &'static str) -> Error {
        error.during(operation).in_dbi(&self.dbi.name)
    }
}

/// Entries in key order: what `range`, `prefix` and `iter` return.
///
/// Double-ended: each entry is returned once, from either end. Fused, also after a file error. Keys and values are
/// borrowed from the state for `'t`, not from the iterator; nothing is allocated for an entry unless decoding it
/// allocates. Dropping it early costs nothing.
///
/// ```
/// use mapleaf::{Dbi, Env};
/// # fn main() -> mapleaf::Result<()> {
/// let env = Env::temporary()?;
/// let ages: Dbi<&str, u32> = env.dbi("ages")?;
/// env.transact(|txn| {
///     for (name, age) in [("ann", 42), ("bob", 3), ("cyd", 70)] {
///         ages.put(txn, name, age)?;
///     }
///     Ok(())
/// })?;
/// let snap = env.snapshot()?;
/// let mut entries = ages.iter(&snap)?;
/// assert_eq!(entries.next_back().transpose()?, Some(("cyd", 70)));
/// entries.seek("b")?;
/// assert_eq!(entries.next().transpose()?, Some(("bob", 3)));
/// assert!(entries.next().is_none());
/// # Ok(())
/// # }
/// ```
///
/// A transaction cannot be changed while it is iterated; [`Dbi::retain`](crate::Dbi::retain) and
/// [`Dbi::extract_if`](crate::Dbi::extract_if) remove entries during a scan:
///
/// ```compile_fail,E0502
/// # use mapleaf::{Dbi, Env};
/// # let env = Env::temporary().unwrap();
/// # let ages: Dbi<&str, u32> = env.dbi("ages").unwrap();
/// env.transact(|txn| {
///     for entry in ages.iter(txn)? {
///         let (name, age) = entry?;
///         ages.put(txn, name, age + 1)?;
///     }
///     Ok(())
/// });
/// ```
#[doc(alias("cursor", "iterator", "scan"))]
pub struct Entries<'t, R: Read + 't, K, V> {
    cursor: R::Cursor<'t>,
    context: DecodeContext<'t>,
    /// The method that opened the iterator, for errors.
    operation: &'static str,
    _types: PhantomData<fn() -> (K, V)>,
}

impl<'t, R: Read + 't, K: Key, V: Value> Entries<'t, R, K, V> {
    pub(crate) fn new(cursor: R::Cursor<'t>, context: DecodeContext<'t>, operation: &'static str) -> Self {
        Self { cursor, context, operation, _types: PhantomData }
    }

    /// The keys alone; values are not decoded. Reverse it with `.keys().rev()`.
    #[must_use]
    pub fn keys(self) -> Keys<'t, R, K, V> {
        Keys(self)
    }

    /// The values alone; keys are not decoded.
    #[must_use]
    pub fn values(self) -> Values<'t, R, K, V> {
        Values(self)
    }

    /// The entries as stored bytes.
    #[must_use]
    pub fn raw(self) -> RawEntries<'t, R> {
        RawEntries { cursor: self.cursor, context: self.context, operation: self.operation, _state: PhantomData }
    }

    /// Moves the front to the first remaining entry at or above `key`; never backward. O(log n).
    ///
    /// # Errors
    /// `InvalidKey` for a key that has no position in the order (NaN); `Corrupted`.
    pub fn seek(&mut self, key: K::Arg<'_>) -> Result<()> {
        let mut buf = KeyBuf::new();
        let sought = match K::encode(&key, &mut buf) {
            Ok(key) => self.cursor.seek(key),
            Err(error) => bounds_at::<K>(&key, (Bound::Included(()), Bound::Unbounded), error)
                .and_then(|bounds| seek(&mut self.cursor, &bounds)),
        };
        sought.map_err(|error| self.context.during(error, "seek"))
    }

    /// Moves the back to the last remaining entry at or below `key`; never forward. O(log n).
    ///
    /// # Errors
    /// As [`seek`](Self::seek).
    pub fn seek_back(&mut self, key: K::Arg<'_>) -> Result<()> {
        let mut buf = KeyBuf::new();
        let sought = match K::encode(&key, &mut buf) {
            Ok(key) => self.cursor.seek_back(key),
            Err(error) => bounds_at::<K>(&key, (Bound::Unbounded, Bound::Included(())), error)
                .and_then(|bounds| seek_back(&mut self.cursor, &bounds, self.context.dbi.max_key)),
        };
        sought.map_err(|error| self.context.during(error, "seek_back"))
    }

    pub(crate) fn context(&self) -> &DecodeContext<'t> {
        &self.context
    }

    /// Adds the method and the DBI to an error.
    #[cold]
    pub(crate) fn named(&self, error: Error) -> Error {
        self.context.during(error, self.operation)
    }

    /// The next entry from the front, as stored bytes.
    #[inline]
    pub(crate) fn next_raw(&mut self) -> Option<Result<RawEntry<'t>>> {
        self.cursor.next().transpose()
    }

    /// The next entry from the back, as stored bytes.
    #[inline]
    pub(crate) fn next_back_raw(&mut self) -> Option<Result<RawEntry<'t>>> {
        self.cursor.next_back().transpose()
    }

    #[inline]
    fn decode(&self, entry: Result<RawEntry<'t>>) -> Result<(K::Ref<'t>, V::Ref<'t>)> {
        let decode = |(key, value): RawEntry<'t>| self.context.decode_row::<K, V>(key, value);
        entry.and_then(decode).map_err(|error| self.named(error))
    }
}

impl<'t, R: Read + 't, K: Key, V: Value> Iterator for Entries<'t, R, K, V> {
    type Item = Result<(K::Ref<'t>, V::Ref<'t>)>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let entry = self.next_raw()?;
        Some(self.decode(entry))
    }
}

impl<'t, R: Read + 't, K: Key, V: Value> DoubleEndedIterator for Entries<'t, R, K, V> {
    #[inline]
    fn next_back(&mut self) -> Option<Self::Item> {
        let entry = self.next_back_raw()?;
        Some(self.decode(entry))
    }
}

impl<'t, R: Read + 't, K: Key, V: Value> FusedIterator for Entries<'t, R, K, V> {}

impl<'t, R: Read + 't, K, V> fmt::Debug for Entries<'t, R, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entries").field("dbi", &self.context.dbi.name).finish_non_exhaustive()
    }
}

/// Entries as stored bytes: what [`Entries::raw`] returns.
pub struct RawEntries<'t, R: Read + 't> {
    cursor: R::Cursor<'t>,
    context: DecodeContext<'t>,
    operation: &'static str,
    _state: PhantomData<&'t R>,
}

impl<'t, R: Read + 't> Iterator for RawEntries<'t, R> {
    type Item = Result<(&'t [u8], &'t [u8])>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.cursor.next().map_err(|error| self.context.during(error, self.operation)).transpose()
    }
}

impl<'t, R: Read + 't> DoubleEndedIterator for RawEntries<'t, R> {
    #[inline]
    fn next_back(&mut self) -> Option<Self::Item> {
        self.cursor.next_back().map_err(|error| self.context.during(error, self.operation)).transpose()
    }
}

impl<'t, R: Read + 't> FusedIterator for RawEntries<'t, R> {}

impl<'t, R: Read + 't> fmt::Debug for RawEntries<'t, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawEntries").field("dbi", &self.context.dbi.name).finish_non_exhaustive()
    }
}
