//! Guarded writes of one record.

use std::time::Duration;

use crate::error::{Error, Result};
use crate::key::Key;
use crate::store::backend::Backend;
use crate::store::guarded::access::{DELETE, GET, SET};
use crate::store::guarded::handle::GuardedRecords;
use crate::store::records::{Expect, Meta, PutOptions};
use crate::value::Value;

impl<K: Key, V: Value, B: Backend> GuardedRecords<K, V, B> {
    /// As [`Records::put`](crate::store::Records::put).
    ///
    /// # Errors
    /// `PermissionDenied` without `store.key.set`; as there.
    pub fn put(&self, key: K::Arg<'_>, value: V::Arg<'_>) -> Result<Meta> {
        self.check_key("put", &[SET], &key)?;
        self.records.put(key, value)
    }

    /// As [`Records::put_with`](crate::store::Records::put_with).
    ///
    /// # Errors
    /// `PermissionDenied` without `store.key.set`; as there.
    pub fn put_with(&self, key: K::Arg<'_>, value: V::Arg<'_>, options: PutOptions) -> Result<Meta> {
        self.check_key("put_with", &[SET], &key)?;
        self.records.put_with(key, value, options)
    }

    /// As [`Records::replace`](crate::store::Records::replace).
    ///
    /// # Errors
    /// `PermissionDenied` without `store.key.set` and `store.key.get`; as there.
    pub fn replace(&self, key: K::Arg<'_>, value: V::Arg<'_>) -> Result<Option<V::Owned>> {
        self.check_key("replace", &[SET, GET], &key)?;
        self.records.replace(key, value)
    }

    /// As [`Records::update`](crate::store::Records::update).
    ///
    /// # Errors
    /// `PermissionDenied` without `store.key.set`, `store.key.get` and `store.key.delete`; as there.
    pub fn update(
        &self,
        key: K::Arg<'_>,
        f: impl FnMut(Option<V::Ref<'_>>) -> Option<V::Owned>,
    ) -> Result<Option<V::Owned>> {
        self.check_key("update", &[SET, GET, DELETE], &key)?;
        self.records.update(key, f)
    }

    /// As [`Records::try_update`](crate::store::Records::try_update).
    ///
    /// # Errors
    /// As [`update`](Self::update); what the closure returns.
    pub fn try_update<E: From<Error>>(
        &self,
        key: K::Arg<'_>,
        f: impl FnMut(Option<V::Ref<'_>>) -> Result<Option<V::Owned>, E>,
    ) -> Result<Option<V::Owned>, E> {
        self.check_key("try_update", &[SET, GET, DELETE], &key)?;
        self.records.try_update(key, f)
    }

    /// As [`Records::get_or_put`](crate::store::Records::get_or_put).
    ///
    /// # Errors
    /// `PermissionDenied` without `store.key.set` and `store.key.get`; as there.
    pub fn get_or_put(&self, key: K::Arg<'_>, f: impl FnOnce() -> V::Owned) -> Result<V::Owned> {
        self.check_key("get_or_put", &[SET, GET], &key)?;
        self.records.get_or_put(key, f)
    }

    /// As [`Records::try_get_or_put`](crate::store::Records::try_get_or_put).
    ///
    /// # Errors
    /// As [`get_or_put`](Self::get_or_put); what the closure returns.
    pub fn try_get_or_put<E: From<Error>>(
        &self,
        key: K::Arg<'_>,
        f: impl FnOnce() -> Result<V::Owned, E>,
    ) -> Result<V::Owned, E> {
        self.check_key("try_get_or_put", &[SET, GET], &key)?;
        self.records.try_get_or_put(key, f)
    }

    /// As [`Records::delete`](crate::store::Records::delete).
    ///
    /// # Errors
    /// `PermissionDenied` without `store.key.delete`; as there.
    pub fn delete(&self, key: K::Arg<'_>) -> Result<bool> {
        self.check_key("delete", &[DELETE], &key)?;
        self.records.delete(key)
    }

    /// As [`Records::delete_if`](crate::store::Records::delete_if).
    ///
    /// # Errors
    /// `PermissionDenied` without `store.key.delete`; as there.
    pub fn delete_if(&self, key: K::Arg<'_>, expect: Expect) -> Result<bool> {
        self.check_key("delete_if", &[DELETE], &key)?;
        self.records.delete_if(key, expect)
    }

    /// As [`Records::take`](crate::store::Records::take).
    ///
    /// # Errors
    /// `PermissionDenied` without `store.key.delete` and `store.key.get`; as there.
    pub fn take(&self, key: K::Arg<'_>) -> Result<Option<V::Owned>> {
        self.check_key("take", &[DELETE, GET], &key)?;
        self.records.take(key)
    }

    /// As [`Records::touch`](crate::store::Records::touch).
    ///
    /// # Errors
    /// `PermissionDenied` without `store.key.set`; as there.
    pub fn touch(&self, key: K::Arg<'_>, time: Duration) -> Result<Option<Meta>> {
        self.check_key("touch", &[SET], &key)?;
        self.records.touch(key, time)
    }

    /// As [`Records::persist`](crate::store::Records::persist).
    ///
    /// # Errors
    /// `PermissionDenied` without `store.key.set`; as there.
    pub fn persist(&self, key: K::Arg<'_>) -> Result<Option<Meta>> {
        self.check_key("persist", &[SET], &key)?;
        self.records.persist(key)
    }
}
