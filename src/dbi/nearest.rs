//! Ends and neighbours: the entry at an end of the DBI or next to a key.

use std::ops::Bound::{self, Excluded, Included, Unbounded};

use crate::dbi::handle::Dbi;
use crate::error::Result;
use crate::key::{Key, KeyBuf};
use crate::txn::{RawCursor, Read};
use crate::value::Value;

/// An entry, borrowed from its state.
type Entry<'t, K, V> = (<K as Key>::Ref<'t>, <V as Value>::Ref<'t>);

impl<K: Key, V: Value> Dbi<K, V> {
    /// The entry with the least key. O(log n).
    ///
    /// # Errors
    /// As [`Dbi`] says.
    ///
    /// ```
    /// # use mapleaf::{Dbi, Env};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let squares: Dbi<i32, i32> = env.dbi("squares")?;
    /// env.transact(|txn| { for n in [-2, 3, 5] { squares.put(txn, n, n * n)?; } Ok(()) })?;
    /// let snap = env.snapshot()?;
    /// assert_eq!(squares.first(&snap)?, Some((-2, 4)));
    /// assert_eq!(squares.last(&snap)?, Some((5, 25)));
    /// assert_eq!(squares.floor(&snap, 3)?, Some((3, 9)));
    /// assert_eq!(squares.lower(&snap, 3)?, Some((-2, 4)));
    /// assert_eq!(squares.ceiling(&snap, 4)?, Some((5, 25)));
    /// assert_eq!(squares.higher(&snap, 5)?, None);
    /// # Ok(())
    /// # }
    /// ```
    pub fn first<'t, R: Read>(&self, state: &'t R) -> Result<Option<Entry<'t, K, V>>> {
        self.end(state, Unbounded, Unbounded, false).map_err(|error| self.named(error, "first"))
    }

    /// The entry with the greatest key. O(log n).
    ///
    /// # Errors
    /// As [`Dbi`] says.
    pub fn last<'t, R: Read>(&self, state: &'t R) -> Result<Option<Entry<'t, K, V>>> {
        self.end(state, Unbounded, Unbounded, true).map_err(|error| self.named(error, "last"))
    }

    /// The entry of `key` or, if it is absent, the one before. O(log n).
    ///
    /// # Errors
    /// As [`Dbi`] says.
    pub fn floor<'t, R: Read>(&self, state: &'t R, key: K::Arg<'_>) -> Result<Option<Entry<'t, K, V>>> {
        self.beside(key, |key| self.end(state, Unbounded, Included(key), true), "floor")
    }

    /// The entry of `key` or, if it is absent, the one behind. O(log n).
    ///
    /// # Errors
    /// As [`Dbi`] says.
    pub fn ceiling<'t, R: Read>(&self, state: &'t R, key: K::Arg<'_>) -> Result<Option<Entry<'t, K, V>>> {
        self.beside(key, |key| self.end(state, Included(key), Unbounded, false), "ceiling")
    }

    /// The entry before `key`. O(log n).
    ///
    /// # Errors
    /// As [`Dbi`] says.
    pub fn lower<'t, R: Read>(&self, state: &'t R, key: K::Arg<'_>) -> Result<Option<Entry<'t, K, V>>> {
        self.beside(key, |key| self.end(state, Unbounded, Excluded(key), true), "lower")
    }

    /// The entry behind `key`. O(log n).
    ///
    /// # Errors
    /// As [`Dbi`] says.
    pub fn higher<'t, R: Read>(&self, state: &'t R, key: K::Arg<'_>) -> Result<Option<Entry<'t, K, V>>> {
        self.beside(key, |key| self.end(state, Excluded(key), Unbounded, false), "higher")
    }

    fn beside<T>(&self, key: K::Arg<'_>, find: impl FnOnce(&[u8]) -> Result<T>, operation: &'static str) -> Result<T> {
        let mut buf = KeyBuf::new();
        Self::encode(&key, &mut buf).and_then(find).map_err(|error| self.named(error, operation))
    }

    fn end<'t, R: Read>(
        &self,
        state: &'t R,
        lower: Bound<&[u8]>,
        upper: Bound<&[u8]>,
        last: bool,
    ) -> Result<Option<Entry<'t, K, V>>> {
        let mut cursor = state.raw_range(&self.dbi, lower, upper)?;
        let entry = if last { cursor.next_back()? } else { cursor.next()? };
        let Some((key, value)) = entry else {
            return Ok(None);
        };
        let place = self.place(state);
        Ok(Some((place.decode_key::<K>(key)?, place.decode_value::<V>(key, value)?)))
    }
}
