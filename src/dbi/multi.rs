//! Ordered sets of pairs: several values under a key.

use std::fmt;
use std::iter::FusedIterator;
use std::ops::{Bound, RangeBounds};
use std::sync::Arc;

use crate::catalog::DbiRef;
use crate::dbi::handle::Dbi;
use crate::error::{Error, Result};
use crate::key::{AsKey, Key, KeyBuf, Position};
use crate::read::RawCursor;
use crate::scan::{ByteBounds, Entries, KeyRange, Keys, NO_KEY};
use crate::txn::{Read, Write};

/// A named DBI that holds an ordered set of pairs: under each key of type `K` any number of values of type `V`,
/// each once, in order.
///
/// A pair is stored as a `(K, V)` key of an ordinary tree. So values are keys too and share their limit: key and
/// value together take at most 511 bytes. Errors are those of [`Dbi`].
///
/// | | |
/// |---|---|
/// | read | [`contains`](Self::contains), [`contains_key`](Self::contains_key), [`values`](Self::values), [`values_range`](Self::values_range), [`keys`](Self::keys), [`pairs`](Self::pairs), [`range`](Self::range), [`first`](Self::first), [`last`](Self::last) |
/// | count | [`count`](Self::count) of a key, [`len`](Self::len), [`is_empty`](Self::is_empty) |
/// | write | [`insert`](Self::insert), [`remove`](Self::remove), [`remove_all`](Self::remove_all), [`pop_first`](Self::pop_first), [`pop_last`](Self::pop_last), [`delete_range`](Self::delete_range), [`clear`](Self::clear) |
///
/// ```
/// use mapleaf::{Env, MultiDbi};
/// # fn main() -> mapleaf::Result<()> {
/// let env = Env::temporary()?;
/// let tags: MultiDbi<&str, u64> = env.multi_dbi("tags")?;
/// env.transact(|txn| {
///     assert!(tags.insert(txn, "red", 7)?);
///     assert!(!tags.insert(txn, "red", 7)?);
///     tags.insert(txn, "red", 3)?;
///     tags.insert(txn, "blue", 9)?;
///     Ok(())
/// })?;
/// let snap = env.snapshot()?;
/// let red: Vec<u64> = tags.values(&snap, "red")?.collect::<mapleaf::Result<_>>()?;
/// assert_eq!(red, [3, 7]);
/// assert_eq!(tags.values_range(&snap, "red", 4..)?.count(), 1);
/// assert_eq!(tags.count(&snap, "red")?, 2);
/// # Ok(())
/// # }
/// ```
#[doc(alias("multimap", "MultimapTable", "dupsort", "DUPSORT", "secondary_index"))]
pub struct MultiDbi<K, V> {
    pub(crate) pairs: Dbi<(K, V), ()>,
}

impl<K: Key, V: Key> MultiDbi<K, V> {
    /// Adds `value` under `key`, and returns whether it was new.
    ///
    /// # Errors
    /// As [`Dbi::put`].
    pub fn insert(&self, txn: &mut impl Write, key: K::Arg<'_>, value: V::Arg<'_>) -> Result<bool> {
        let txn = txn.write_txn().open();
        let mut buf = KeyBuf::new();
        let insert = |pair: &[u8]| {
            txn.check_key(pair)?;
            let absent = self.pairs.raw_get(txn, pair)?.is_none();
            if absent {
                txn.raw_put_over(&self.pairs.dbi, pair, &[], Some(false))?;
            }
            Ok(absent)
        };
        Self::pair(&key, &value, &mut buf).and_then(insert).map_err(|error| self.pairs.named(error, "insert"))
    }

    /// Removes `value` under `key`, and returns whether it was there.
    ///
    /// # Errors
    /// As [`Dbi::delete`].
    pub fn remove(&self, txn: &mut impl Write, key: K::Arg<'_>, value: V::Arg<'_>) -> Result<bool> {
        let txn = txn.write_txn().open();
        let mut buf = KeyBuf::new();
        let remove = |pair: &[u8]| txn.raw_delete(&self.pairs.dbi, pair);
        Self::sought(&key, &value, &mut buf).and_then(remove).map_err(|error| self.pairs.named(error, "remove"))
    }

    /// Removes all values under `key`, and returns how many there were. O(values).
    ///
    /// # Errors
    /// As [`Dbi::delete_range`].
    pub fn remove_all(&self, txn: &mut impl Write, key: K::Arg<'_>) -> Result<u64> {
        let txn = txn.write_txn().open();
        let removed = Self::of_key(&key).and_then(|bounds| self.pairs.delete_between(txn, &bounds));
        removed.map_err(|error| self.pairs.named(error, "remove_all"))
    }

    /// Removes and returns the least pair, as [`Dbi::pop_first`].
    ///
    /// # Errors
    /// As [`Dbi::delete`].
    ///
    /// ```
    /// # use mapleaf::{Env, MultiDbi};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let due: MultiDbi<u64, &str> = env.multi_dbi("due")?;
    /// env.transact(|txn| {
    ///     for (day, job) in [(1, "wash"), (1, "dry"), (2, "iron"), (9, "fold")] {
    ///         due.insert(txn, day, job)?;
    ///     }
    ///     assert_eq!(due.pop_first(txn)?, Some((1, "dry".to_owned())));
    ///     assert_eq!(due.pop_last(txn)?, Some((9, "fold".to_owned())));
    ///     assert_eq!(due.first(txn)?, Some((1, "wash".into())));
    ///     assert_eq!(due.last(txn)?, Some((2, "iron".into())));
    ///     assert_eq!(due.delete_range(txn, ..(2,))?, 1);
    ///     assert_eq!(due.len(txn)?, 1);
    ///     Ok(())
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn pop_first(&self, txn: &mut impl Write) -> Result<Option<(K::Owned, V::Owned)>> {
        self.pairs.pop_first(txn).map(|popped| popped.map(|(pair, ())| pair))
    }

    /// Removes and returns the greatest pair, as [`Dbi::pop_last`].
    ///
    /// # Errors
    /// As [`Dbi::delete`].
    pub fn pop_last(&self, txn: &mut impl Write) -> Result<Option<(K::Owned, V::Owned)>> {
        self.pairs.pop_last(txn).map(|popped| popped.map(|(pair, ())| pair))
    }

    /// Removes the pairs within a range, selected as by [`range`](Self::range), and returns how many it removed. Cost as
    /// [`Dbi::delete_range`].
    ///
    /// # Errors
    /// As [`Dbi::delete_range`].
    pub fn delete_range(&self, txn: &mut impl Write, range: impl KeyRange<(K, V)>) -> Result<u64> {
        self.pairs.delete_range(txn, range)
    }

    /// Removes all pairs, and returns how many there were.
    ///
    /// # Errors
    /// As [`Dbi::clear`].
    pub fn clear(&self, txn: &mut impl Write) -> Result<u64> {
        self.pairs.clear(txn)
    }

    /// Whether `value` is under `key`. O(log n).
    ///
    /// # Errors
    /// As [`Dbi`] says.
    pub fn contains(&self, state: &impl Read, key: K::Arg<'_>, value: V::Arg<'_>) -> Result<bool> {
        let mut buf = KeyBuf::new();
        let found = Self::sought(&key, &value, &mut buf).and_then(|pair| self.pairs.raw_get(state, pair));
        found.map(|found| found.is_some()).map_err(|error| self.pairs.named(error, "contains"))
    }

    /// Whether `key` has any value. O(log n).
    ///
    /// # Errors
    /// As [`Dbi`] says.
    pub fn contains_key(&self, state: &impl Read, key: K::Arg<'_>) -> Result<bool> {
        Ok(self.open(state, Self::of_key(&key), "contains_key")?.next().transpose()?.is_some())
    }

    /// The values under `key`, in order, double-ended. The first is the least, the last is the greatest.
    ///
    /// # Errors
    /// As [`Dbi`] says.
    pub fn values<'t, R: Read>(&self, state: &'t R, key: K::Arg<'_>) -> Result<MultiValues<'t, R, K, V>> {
        self.open(state, Self::of_key(&key), "values")
    }

    /// The values under `key` within a range, in order, double-ended.
    ///
    /// # Errors
    /// As [`Dbi`] says.
    pub fn values_range<'t, R: Read, X: AsKey<V>>(
        &self,
        state: &'t R,
        key: K::Arg<'_>,
        range: impl RangeBounds<X>,
    ) -> Result<MultiValues<'t, R, K, V>> {
        self.open(state, Self::between(&key, range.start_bound(), range.end_bound()), "values_range")
    }

    /// How many values `key` has. O(leaves of the values). In a transaction the count is kept as by [`Dbi::count`],
    /// so alternating inserts and counts count the values only once.
    ///
    /// # Errors
    /// As [`Dbi`] says.
    pub fn count(&self, state: &impl Read, key: K::Arg<'_>) -> Result<u64> {
        let count = Self::of_key(&key).and_then(|bounds| {
            let (lower, upper) = bounds.as_refs();
            state.raw_count(&self.pairs.dbi, lower, upper)
        });
        count.map_err(|error| self.pairs.named(error, "count"))
    }

    /// How many pairs there are. O(1) in a snapshot.
    ///
    /// # Errors
    /// As [`Dbi`] says.
    pub fn len(&self, state: &impl Read) -> Result<u64> {
        self.pairs.len(state)
    }

    /// Whether there are no pairs.
    ///
    /// # Errors
    /// As [`Dbi`] says.
    pub fn is_empty(&self, state: &impl Read) -> Result<bool> {
        self.pairs.is_empty(state)
    }

    /// The least pair: the least key with its least value. O(log n).
    ///
    /// # Errors
    /// As [`Dbi`] says.
    pub fn first<'t, R: Read>(&self, state: &'t R) -> Result<Option<(K::Part<'t>, V::Part<'t>)>> {
        self.pairs.first(state).map(|first| first.map(|(pair, ())| pair))
    }

    /// The greatest pair: the greatest key with its greatest value. O(log n).
    ///
    /// # Errors
    /// As [`Dbi`] says.
    pub fn last<'t, R: Read>(&self, state: &'t R) -> Result<Option<(K::Part<'t>, V::Part<'t>)>> {
        self.pairs.last(state).map(|last| last.map(|(pair, ())| pair))
    }

    /// All pairs, by key and then value, double-ended.
    ///
    /// # Errors
    /// As [`Dbi`] says.
    pub fn pairs<'t, R: Read>(&self, state: &'t R) -> Result<Keys<'t, R, (K, V), ()>>
    where
        (K, V): Key,
    {
        self.pairs.entries(state, Ok(ByteBounds::full()), "pairs").map(Entries::keys)
    }

    /// The pairs within a range, double-ended. An end is a pair, or a key written as `(key,)`.
    ///
    /// # Errors
    /// As [`Dbi`] says.
    pub fn range<'t, R: Read>(&self, state: &'t R, range: impl KeyRange<(K, V)>) -> Result<Keys<'t, R, (K, V), ()>> {
        self.pairs.range(state, range).map(Entries::keys)
    }

    /// The distinct keys that have values, in order. Each takes one search, O(log n).
    ///
    /// # Errors
    /// As [`Dbi`] says.
    ///
    /// ```
    /// # use mapleaf::{Env, MultiDbi};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let tags: MultiDbi<&str, u64> = env.multi_dbi("tags")?;
    /// env.transact(|txn| {
    ///     for (tag, id) in [("red", 7), ("red", 3), ("blue", 9)] {
    ///         tags.insert(txn, tag, id)?;
    ///     }
    ///     Ok(())
    /// })?;
    /// let snap = env.snapshot()?;
    /// let names = tags.keys(&snap)?.collect::<mapleaf::Result<Vec<_>>>()?;
    /// assert_eq!(names, ["blue", "red"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn keys<'t, R: Read>(
        &self,
        state: &'t R,
    ) -> Result<impl Iterator<Item = Result<K::Part<'t>>> + use<'t, R, K, V>> {
        let opened = state.raw_range(&self.pairs.dbi, Bound::Unbounded, Bound::Unbounded);
        let mut cursor = opened.map_err(|error| self.pairs.named(error, "keys"))?;
        let pairs = self.pairs.clone();
        let mut done = false;
        let mut next = move |done: &mut bool| -> Result<Option<K::Part<'t>>> {
            let Some((pair, _)) = cursor.next()? else { return Ok(None) };
            let mut rest = pair;
            let key = K::decode_part(&mut rest)?;
            let own_bytes = &pair[..pair.len() - rest.len()];
            match ByteBounds::prefix(own_bytes).as_refs() {
                (_, Bound::Excluded(end)) => cursor.seek(end)?,
                // No bytes sort after everything that begins with a key of only FF bytes. So only pairs of this key are
                // left, and the iteration ends.
                _ => *done = true,
            }
            Ok(Some(key))
        };
        Ok(std::iter::from_fn(move || {
            if done {
                return None;
            }
            let key = next(&mut done).map_err(|error| pairs.named(error, "keys")).transpose();
            done |= !matches!(key, Some(Ok(_)));
            key
        })
        .fuse())
    }

    fn open<'t, R: Read>(
        &self,
        state: &'t R,
        bounds: Result<ByteBounds>,
        operation: &'static str,
    ) -> Result<MultiValues<'t, R, K, V>> {
        let opened = bounds.and_then(|bounds| {
            let (lower, upper) = bounds.as_refs();
            state.raw_range(&self.pairs.dbi, lower, upper)
        });
        let cursor = opened.map_err(|error| self.pairs.named(error, operation))?;
        Ok(MultiValues { cursor, pairs: self.pairs.clone(), operation })
    }

    pub(crate) fn pair<'b>(key: &K::Arg<'_>, value: &V::Arg<'_>, buf: &'b mut KeyBuf) -> Result<&'b [u8]> {
        K::encode_part(key, buf)?;
        V::encode_part(value, buf)?;
        Ok(buf)
    }

    /// The bytes to search for a pair under. `NO_KEY` for a pair that cannot be stored.
    pub(super) fn sought<'b>(key: &K::Arg<'_>, value: &V::Arg<'_>, buf: &'b mut KeyBuf) -> Result<&'b [u8]> {
        Self::pair(key, value, buf).or_else(|error| Self::no_pair(key, value, error))
    }

    #[cold]
    fn no_pair(key: &K::Arg<'_>, value: &V::Arg<'_>, error: Error) -> Result<&'static [u8]> {
        let mut buf = KeyBuf::new();
        match (AsKey::<K>::encode_bound_part(key, &mut buf), AsKey::<V>::encode_bound_part(value, &mut buf)) {
            (Ok(_), Ok(_)) => Ok(NO_KEY),
            _ => Err(error),
        }
    }

    /// All pairs of `key`.
    pub(super) fn of_key(key: &K::Arg<'_>) -> Result<ByteBounds> {
        let mut buf = KeyBuf::new();
        let position = AsKey::<K>::encode_bound_part(key, &mut buf)?;
        Ok(if position == Position::At { ByteBounds::prefix(&buf) } else { ByteBounds::empty() })
    }

    /// The pairs of `key` with values between two bounds.
    fn between<X: AsKey<V>>(key: &K::Arg<'_>, start: Bound<&X>, end: Bound<&X>) -> Result<ByteBounds> {
        let mut whole = KeyBuf::new();
        let position = AsKey::<K>::encode_bound_part(key, &mut whole)?;
        let (mut start_buf, mut end_buf) = (whole.clone(), whole.clone());
        // An unbounded start or end takes in all pairs of the key on its side: they are above the position `Below`, and
        // below `Above`.
        let start = match start {
            Bound::Included(value) => Bound::Included(value.encode_bound_part(&mut start_buf)?),
            Bound::Excluded(value) => Bound::Excluded(value.encode_bound_part(&mut start_buf)?),
            Bound::Unbounded => Bound::Included(Position::Below),
        };
        let end = match end {
            Bound::Included(value) => Bound::Included(value.encode_bound_part(&mut end_buf)?),
            Bound::Excluded(value) => Bound::Excluded(value.encode_bound_part(&mut end_buf)?),
            Bound::Unbounded => Bound::Included(Position::Above),
        };
        if position != Position::At {
            return Ok(ByteBounds::empty());
        }
        Ok(ByteBounds::between(start.map(|at| (&start_buf[..], at)), end.map(|at| (&end_buf[..], at))))
    }
}

impl<K, V> MultiDbi<K, V> {
    pub(crate) fn new(dbi: Arc<DbiRef>) -> Self {
        Self { pairs: Dbi::new(dbi) }
    }

    /// The name that it was opened under. A rename since does not change it.
    #[must_use]
    pub fn name(&self) -> &str {
        self.pairs.name()
    }
}

impl<K, V> Clone for MultiDbi<K, V> {
    fn clone(&self) -> Self {
        Self { pairs: self.pairs.clone() }
    }
}

impl<K, V> fmt::Debug for MultiDbi<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let schema = &self.pairs.dbi.schema;
        write!(f, "MultiDbi<{}, {}>({:?})", schema.key, schema.value, self.name())
    }
}

/// The values under one key, in order, double-ended: what [`MultiDbi::values`] returns.
pub struct MultiValues<'t, R: Read + 't, K, V> {
    cursor: R::Cursor<'t>,
    pairs: Dbi<(K, V), ()>,
    /// The method that opened it, for errors.
    operation: &'static str,
}

impl<'t, R: Read + 't, K: Key, V: Key> MultiValues<'t, R, K, V> {
    fn decode(&self, pair: Result<Option<(&'t [u8], &'t [u8])>>) -> Option<Result<V::Part<'t>>> {
        let value = |(pair, _): (&'t [u8], &'t [u8])| {
            let mut rest = pair;
            K::decode_part(&mut rest).and_then(|_| V::decode_part(&mut rest)).map_err(|error| error.at_key(pair))
        };
        let value = pair.and_then(|pair| pair.map(value).transpose());
        value.map_err(|error| self.pairs.named(error, self.operation)).transpose()
    }
}

impl<'t, R: Read + 't, K: Key, V: Key> Iterator for MultiValues<'t, R, K, V> {
    type Item = Result<V::Part<'t>>;

    fn next(&mut self) -> Option<Self::Item> {
        let pair = self.cursor.next();
        self.decode(pair)
    }
}

impl<'t, R: Read + 't, K: Key, V: Key> DoubleEndedIterator for MultiValues<'t, R, K, V> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let pair = self.cursor.next_back();
        self.decode(pair)
    }
}

impl<'t, R: Read + 't, K: Key, V: Key> FusedIterator for MultiValues<'t, R, K, V> {}

impl<'t, R: Read + 't, K, V> fmt::Debug for MultiValues<'t, R, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MultiValues").field("dbi", &self.pairs).finish_non_exhaustive()
    }
}
