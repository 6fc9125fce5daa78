//! Adds typed changes to a batch.

use std::ops::Bound;
use std::sync::Arc;

use crate::dbi::handle::Dbi;
use crate::dbi::multi::MultiDbi;
use crate::env::{Batch, Expect, Since, What};
use crate::error::Result;
use crate::key::{Key, KeyBuf};
use crate::scan::{ByteBounds, KeyPrefix, KeyRange};
use crate::txn::Snapshot;
use crate::value::{Context, Value};

impl Batch {
    /// An empty batch.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a change: stores `value` under `key`.
    ///
    /// # Errors
    /// As [`Dbi::put`]. Keys and values are checked when they are added.
    pub fn put<K: Key, V: Value>(&mut self, dbi: &Dbi<K, V>, key: K::Arg<'_>, value: V::Arg<'_>) -> Result<&mut Self> {
        self.put_if(dbi, key, value, Expect::Any)
    }

    /// Adds a change: stores `value` under `key`, which must be absent.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn insert<K: Key, V: Value>(
        &mut self,
        dbi: &Dbi<K, V>,
        key: K::Arg<'_>,
        value: V::Arg<'_>,
    ) -> Result<&mut Self> {
        self.put_if(dbi, key, value, Expect::Absent)
    }

    /// Adds a change: stores `value` under `key`, which must hold the expected value.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn put_if<K: Key, V: Value>(
        &mut self,
        dbi: &Dbi<K, V>,
        key: K::Arg<'_>,
        value: V::Arg<'_>,
        expect: Expect<V::Arg<'_>>,
    ) -> Result<&mut Self> {
        let mut buf = KeyBuf::new();
        let what = dbi.keyed(Dbi::<K, V>::encode(&key, &mut buf), expect, |key, expect| {
            let value = dbi.bytes_of(&key, &value)?;
            Ok(What::Put { key, value, expect })
        });
        self.add(dbi, what, "put")
    }

    /// Adds a change: removes `key` if it exists.
    ///
    /// # Errors
    /// As [`Dbi::delete`].
    pub fn delete<K: Key, V: Value>(&mut self, dbi: &Dbi<K, V>, key: K::Arg<'_>) -> Result<&mut Self> {
        self.delete_if(dbi, key, Expect::Any)
    }

    /// Adds a change: removes `key`, which must hold the expected value. A key that cannot be stored counts as
    /// absent.
    ///
    /// # Errors
    /// As [`Dbi::delete`]; also the encoding errors of the expected value.
    pub fn delete_if<K: Key, V: Value>(
        &mut self,
        dbi: &Dbi<K, V>,
        key: K::Arg<'_>,
        expect: Expect<V::Arg<'_>>,
    ) -> Result<&mut Self> {
        let what = dbi.sought_as(&key, expect, |key, expect| What::Delete { key, expect });
        self.add(dbi, what, "delete")
    }

    /// Adds a change: removes the entries between two keys, selected as by [`Dbi::range`].
    ///
    /// # Errors
    /// As [`Dbi::delete_range`].
    pub fn delete_range<K: Key, V: Value>(&mut self, dbi: &Dbi<K, V>, range: impl KeyRange<K>) -> Result<&mut Self> {
        let what = range.byte_bounds().map(|bounds| deletion(&bounds));
        self.add(dbi, what, "delete_range")
    }

    /// Adds a change: removes the entries whose keys begin with `prefix`.
    ///
    /// # Errors
    /// As [`Dbi::delete_prefix`].
    pub fn delete_prefix<K: Key, V: Value>(&mut self, dbi: &Dbi<K, V>, prefix: impl KeyPrefix<K>) -> Result<&mut Self> {
        let what = prefix.prefix_bounds().map(|bounds| deletion(&bounds));
        self.add(dbi, what, "delete_prefix")
    }

    /// Adds a change: removes all entries.
    ///
    /// # Errors
    /// As [`Dbi::clear`].
    pub fn clear<K: Key, V: Value>(&mut self, dbi: &Dbi<K, V>) -> Result<&mut Self> {
        self.add(dbi, Ok(What::DeleteRange { lower: Bound::Unbounded, upper: Bound::Unbounded }), "clear")
    }

    /// Adds a change: adds `value` under `key`, unless it is there.
    ///
    /// # Errors
    /// As [`MultiDbi::insert`].
    ///
    /// ```
    /// # use mapleaf::{Batch, Env, MultiDbi};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let tags: MultiDbi<&str, u32> = env.multi_dbi("tags")?;
    /// let mut batch = Batch::new();
    /// batch.insert_pair(&tags, "red", 1)?.insert_pair(&tags, "red", 2)?.remove_pair(&tags, "blue", 1)?;
    /// env.apply(batch)?;
    /// assert_eq!(tags.count(&env.snapshot()?, "red")?, 2);
    /// # Ok(())
    /// # }
    /// ```
    pub fn insert_pair<K: Key, V: Key>(
        &mut self,
        multi: &MultiDbi<K, V>,
        key: K::Arg<'_>,
        value: V::Arg<'_>,
    ) -> Result<&mut Self> {
        let pair: Result<Box<[u8]>> = MultiDbi::<K, V>::pair(&key, &value, &mut KeyBuf::new()).map(Into::into);
        let what = pair.map(|key| What::Put { key, value: Box::default(), expect: Expect::Any });
        self.add(&multi.pairs, what, "insert_pair")
    }

    /// Adds a change: removes `value` under `key`, if it is there.
    ///
    /// # Errors
    /// As [`MultiDbi::remove`].
    pub fn remove_pair<K: Key, V: Key>(
        &mut self,
        multi: &MultiDbi<K, V>,
        key: K::Arg<'_>,
        value: V::Arg<'_>,
    ) -> Result<&mut Self> {
        let pair: Result<Box<[u8]>> = MultiDbi::<K, V>::sought(&key, &value, &mut KeyBuf::new()).map(Into::into);
        let what = pair.map(|key| What::Delete { key, expect: Expect::Any });
        self.add(&multi.pairs, what, "remove_pair")
    }

    /// Adds a change: removes all values under `key`.
    ///
    /// # Errors
    /// As [`MultiDbi::remove_all`].
    pub fn remove_all<K: Key, V: Key>(&mut self, multi: &MultiDbi<K, V>, key: K::Arg<'_>) -> Result<&mut Self> {
        let what = MultiDbi::<K, V>::of_key(&key).map(|bounds| deletion(&bounds));
        self.add(&multi.pairs, what, "remove_all")
    }

    /// Adds only a condition: the entries of a range must be the same as in `since`, each key with its value, none more
    /// and none fewer. So a batch that was made from a scan notices rows that came in between, which no condition on a
    /// key does.
    ///
    /// The batch holds the snapshot, and the file cannot reuse its pages, until it is applied. Costs O(entries of the
    /// range) then, less the pages that no commit has changed since. A range that changed and was changed back is the
    /// same. The key of the failed condition is the first one that differs.
    ///
    /// # Errors
    /// As [`Dbi::range`]; when it is applied, `InvalidArgument` for a snapshot of another environment.
    ///
    /// ```
    /// use mapleaf::{Batch, Dbi, Env, ErrorKind};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let booked: Dbi<(u32, u32), &str> = env.dbi("booked")?;
    /// let snap = env.snapshot()?;
    /// assert_eq!(booked.prefix(&snap, (7,))?.count(), 0);
    /// let mut batch = Batch::new();
    /// batch.check_unchanged(&booked, (7, 0)..(8, 0), &snap)?.put(&booked, (7, 10), "ann")?;
    /// env.transact(|txn| booked.put(txn, (7, 9), "bob"))?;
    /// assert_eq!(env.apply(batch).map_err(|error| error.kind()), Err(ErrorKind::Conflict));
    /// # Ok(())
    /// # }
    /// ```
    pub fn check_unchanged<K: Key, V: Value>(
        &mut self,
        dbi: &Dbi<K, V>,
        range: impl KeyRange<K>,
        since: &Snapshot,
    ) -> Result<&mut Self> {
        self.add(dbi, range.byte_bounds().map(|bounds| unchanged(&bounds, since)), "check_unchanged")
    }

    /// Adds only a condition: the pairs of a range must be the same as in `since`, none more and none fewer. The range
    /// is one of keys with their values, as for [`MultiDbi::range`].
    ///
    /// Holds the snapshot, costs and fails as [`check_unchanged`](Self::check_unchanged).
    ///
    /// # Errors
    /// As [`MultiDbi::range`]; when it is applied, `InvalidArgument` for a snapshot of another environment.
    ///
    /// ```
    /// use mapleaf::{Batch, Env, ErrorKind, MultiDbi};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let tags: MultiDbi<&str, u32> = env.multi_dbi("tags")?;
    /// let snap = env.snapshot()?;
    /// let mut batch = Batch::new();
    /// batch.check_unchanged_pairs(&tags, ("red", 10)..("red", 20), &snap)?.insert_pair(&tags, "red", 12)?;
    /// env.transact(|txn| tags.insert(txn, "red", 15))?;
    /// assert_eq!(env.apply(batch).map_err(|error| error.kind()), Err(ErrorKind::Conflict));
    /// # Ok(())
    /// # }
    /// ```
    pub fn check_unchanged_pairs<K: Key, V: Key>(
        &mut self,
        multi: &MultiDbi<K, V>,
        range: impl KeyRange<(K, V)>,
        since: &Snapshot,
    ) -> Result<&mut Self> {
        let what = range.byte_bounds().map(|bounds| unchanged(&bounds, since));
        self.add(&multi.pairs, what, "check_unchanged_pairs")
    }

    /// Adds only a condition: the values under `key` must be the same as in `since`, none more and none fewer.
    ///
    /// Holds the snapshot, costs and fails as [`check_unchanged`](Self::check_unchanged).
    ///
    /// # Errors
    /// As [`MultiDbi::values`]; when it is applied, `InvalidArgument` for a snapshot of another environment.
    ///
    /// ```
    /// use mapleaf::{Batch, Env, MultiDbi};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let tags: MultiDbi<&str, u32> = env.multi_dbi("tags")?;
    /// let snap = env.snapshot()?;
    /// let mut batch = Batch::new();
    /// batch.check_unchanged_values(&tags, "red", &snap)?.insert_pair(&tags, "red", 1)?;
    /// env.transact(|txn| tags.insert(txn, "blue", 7))?;
    /// env.apply(batch)?;
    /// assert!(tags.contains(&env.snapshot()?, "red", 1)?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn check_unchanged_values<K: Key, V: Key>(
        &mut self,
        multi: &MultiDbi<K, V>,
        key: K::Arg<'_>,
        since: &Snapshot,
    ) -> Result<&mut Self> {
        let what = MultiDbi::<K, V>::of_key(&key).map(|bounds| unchanged(&bounds, since));
        self.add(&multi.pairs, what, "check_unchanged_values")
    }

    /// Adds only a condition: `key` must hold the expected value. A key that cannot be stored counts as absent.
    ///
    /// # Errors
    /// As [`delete_if`](Self::delete_if).
    pub fn check<K: Key, V: Value>(
        &mut self,
        dbi: &Dbi<K, V>,
        key: K::Arg<'_>,
        expect: Expect<V::Arg<'_>>,
    ) -> Result<&mut Self> {
        let what = dbi.sought_as(&key, expect, |key, expect| What::Check { key, expect });
        self.add(dbi, what, "check")
    }

    pub(super) fn add<K, V>(
        &mut self,
        dbi: &Dbi<K, V>,
        what: Result<What>,
        operation: &'static str,
    ) -> Result<&mut Self> {
        what.and_then(|what| self.push(&dbi.dbi, what)).map_err(|error| dbi.named(error, operation))
    }
}

/// The deletion of what is within these bounds.
fn deletion(bounds: &ByteBounds) -> What {
    let (lower, upper) = owned(bounds);
    What::DeleteRange { lower, upper }
}

/// The condition that what is within these bounds is as in `since`.
fn unchanged(bounds: &ByteBounds, since: &Snapshot) -> What {
    let (lower, upper) = owned(bounds);
    What::Unchanged { lower, upper, since: Since(Arc::clone(since.lease())) }
}

type End = Bound<Box<[u8]>>;

fn owned(bounds: &ByteBounds) -> (End, End) {
    let (lower, upper) = bounds.as_refs();
    (lower.map(Into::into), upper.map(Into::into))
}

impl<K: Key, V: Value> Dbi<K, V> {
    /// As [`keyed`](Self::keyed), for a key that need not be one that can be stored.
    fn sought_as(
        &self,
        key: &K::Arg<'_>,
        expect: Expect<V::Arg<'_>>,
        what: impl FnOnce(Box<[u8]>, Expect<Box<[u8]>>) -> What,
    ) -> Result<What> {
        let mut buf = KeyBuf::new();
        self.keyed(Self::sought(key, &mut buf), expect, |key, expect| Ok(what(key, expect)))
    }

    /// Copies the key, and encodes the value that is expected under it.
    fn keyed(
        &self,
        key: Result<&[u8]>,
        expect: Expect<V::Arg<'_>>,
        what: impl FnOnce(Box<[u8]>, Expect<Box<[u8]>>) -> Result<What>,
    ) -> Result<What> {
        let key: Box<[u8]> = key?.into();
        let expect = expect.try_map(|value| self.bytes_of(&key, &value))?;
        what(key, expect)
    }

    fn bytes_of(&self, key: &[u8], value: &V::Arg<'_>) -> Result<Box<[u8]>> {
        let mut buf = Vec::new();
        let context = Context::new(&self.dbi.uuid, &self.dbi.origin, key);
        V::encode(value, &context, &mut buf).map(Into::into).map_err(|error| error.at_key(key))
    }
}
