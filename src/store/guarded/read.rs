//! Guarded reads.

use crate::error::Result;
use crate::key::{AsKey, Key};
use crate::scan::KeyRange;
use crate::store::backend::Backend;
use crate::store::guarded::access::{self, GET, HAS, LIST};
use crate::store::guarded::handle::GuardedRecords;
use crate::store::records::{Entry, Meta};
use crate::value::Value;

impl<K: Key, V: Value, B: Backend> GuardedRecords<K, V, B> {
    /// As [`Records::get`](crate::store::Records::get).
    ///
    /// # Errors
    /// `PermissionDenied` without `store.key.get`; as there.
    pub fn get(&self, key: K::Arg<'_>) -> Result<Option<V::Owned>> {
        self.check_key("get", &[GET], &key)?;
        self.records.get(key)
    }

    /// As [`Records::require`](crate::store::Records::require).
    ///
    /// # Errors
    /// `PermissionDenied` without `store.key.get`; as there.
    pub fn require(&self, key: K::Arg<'_>) -> Result<V::Owned> {
        self.check_key("require", &[GET], &key)?;
        self.records.require(key)
    }

    /// As [`Records::get_many`](crate::store::Records::get_many).
    ///
    /// # Errors
    /// `PermissionDenied` without `store.key.get` for each key; as there. Nothing was read then.
    pub fn get_many<A: AsKey<K>>(&self, keys: impl IntoIterator<Item = A>) -> Result<Vec<Option<V::Owned>>> {
        let keys: Vec<A> = keys.into_iter().collect();
        keys.iter().try_for_each(|key| self.check_key("get_many", &[GET], key))?;
        self.records.get_many(keys)
    }

    /// As [`Records::entry`](crate::store::Records::entry).
    ///
    /// # Errors
    /// `PermissionDenied` without `store.key.get`; as there.
    pub fn entry(&self, key: K::Arg<'_>) -> Result<Option<Entry<K::Owned, V::Owned>>> {
        self.check_key("entry", &[GET], &key)?;
        self.records.entry(key)
    }

    /// As [`Records::meta`](crate::store::Records::meta).
    ///
    /// # Errors
    /// `PermissionDenied` without `store.key.get`; as there.
    pub fn meta(&self, key: K::Arg<'_>) -> Result<Option<Meta>> {
        self.check_key("meta", &[GET], &key)?;
        self.records.meta(key)
    }

    /// As [`Records::has`](crate::store::Records::has).
    ///
    /// # Errors
    /// `PermissionDenied` without `store.key.has`; as there.
    pub fn has(&self, key: K::Arg<'_>) -> Result<bool> {
        self.check_key("has", &[HAS], &key)?;
        self.records.has(key)
    }

    /// As [`Records::len`](crate::store::Records::len).
    ///
    /// # Errors
    /// `PermissionDenied` without `store.key.list`; as there.
    pub fn len(&self) -> Result<u64> {
        self.check("len", LIST, &access::of_all())?;
        self.records.len()
    }

    /// As [`Records::is_empty`](crate::store::Records::is_empty).
    ///
    /// # Errors
    /// `PermissionDenied` without `store.key.list`; as there.
    pub fn is_empty(&self) -> Result<bool> {
        self.check("is_empty", LIST, &access::of_all())?;
        self.records.is_empty()
    }

    /// As [`Records::count`](crate::store::Records::count).
    ///
    /// # Errors
    /// `PermissionDenied` without `store.key.list` of all records, whatever the range; as there.
    pub fn count(&self, range: impl KeyRange<K>) -> Result<u64> {
        self.check("count", LIST, &access::of_all())?;
        self.records.count(range)
    }
}
