//! Entries at an end of the DBI, and entries next to a key.

use std::ops::Bound::{self, Excluded, Included, Unbounded};

use crate::dbi::handle::Dbi;
use crate::error::Result;
use crate::key::{Key, KeyBuf};
use crate::read::RawCursor;
use crate::scan::bounds_at;
use crate::txn::Read;
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

    /// The entry of `key` or, if it is absent, the last one before it. O(log n).
    ///
    /// # Errors
    /// As [`Dbi`] says.
    pub fn floor<'t, R: Read>(&self, state: &'t R, key: K::Arg<'_>) -> Result<Option<Entry<'t, K, V>>> {
        self.beside(state, key, (Unbounded, Included(())), true, "floor")
    }

    /// The entry of `key` or, if it is absent, the first one after it. O(log n).
    ///
    /// # Errors
    /// As [`Dbi`] says.
    pub fn ceiling<'t, R: Read>(&self, state: &'t R, key: K::Arg<'_>) -> Result<Option<Entry<'t, K, V>>> {
        self.beside(state, key, (Included(()), Unbounded), false, "ceiling")
    }

    /// The last entry before `key`. O(log n).
    ///
    /// # Errors
    /// As [`Dbi`] says.
    pub fn lower<'t, R: Read>(&self, state: &'t R, key: K::Arg<'_>) -> Result<Option<Entry<'t, K, V>>> {
        self.beside(state, key, (Unbounded, Excluded(())), true, "lower")
    }

    /// The first entry after `key`. O(log n).
    ///
    /// # Errors
    /// As [`Dbi`] says.
    pub fn higher<'t, R: Read>(&self, state: &'t R, key: K::Arg<'_>) -> Result<Option<Entry<'t, K, V>>> {
        self.beside(state, key, (Excluded(()), Unbounded), false, "higher")
    }

    /// The first or the last entry of a range that begins or ends at `key`.
    fn beside<'t, R: Read>(
        &self,
        state: &'t R,
        key: K::Arg<'_>,
        (lower, upper): (Bound<()>, Bound<()>),
        last: bool,
        operation: &'static str,
    ) -> Result<Option<Entry<'t, K, V>>> {
        let mut buf = KeyBuf::new();
        let found = match Self::encode(&key, &mut buf) {
            Ok(key) => self.end(state, lower.map(|()| key), upper.map(|()| key), last),
            Err(error) => bounds_at::<K>(&key, (lower, upper), error).and_then(|bounds| {
                let (lower, upper) = bounds.as_refs();
                self.end(state, lower, upper, last)
            }),
        };
        found.map_err(|error| self.named(error, operation))
    }

    fn end<'t, R: Read>(
        &self,
        state: &'t R,
        lower: Bound<&[u8]>,
        upper: Bound<&[u8]>,
        last: bool,
    ) -> Result<Option<Entry<'t, K, V>>> {
        let mut cursor = state.raw_range_of(&self.dbi, K::WIDTH.unwrap_or(0), lower, upper)?;
        let entry = if last { cursor.next_back()? } else { cursor.next()? };
        let Some((key, value)) = entry else {
            return Ok(None);
        };
        let context = self.decode_context(state);
        Ok(Some((context.decode_key::<K>(key)?, context.decode_value::<V>(key, value)?)))
    }
}
