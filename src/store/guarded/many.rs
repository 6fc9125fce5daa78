//! Guarded writes of many records.

use crate::error::Result;
use crate::key::{AsKey, Key};
use crate::store::backend::Backend;
use crate::store::guarded::access::{DELETE, SET};
use crate::store::guarded::handle::GuardedRecords;
use crate::store::records::{Expect, PutOptions, RecordConflict};
use crate::value::{AsValue, Value};

impl<K: Key, V: Value, B: Backend> GuardedRecords<K, V, B> {
    /// As [`Records::put_each`](crate::store::Records::put_each).
    ///
    /// # Errors
    /// `PermissionDenied` without `store.key.set` for each key; as there. Nothing was put then.
    pub fn put_each<A: AsKey<K>, W: AsValue<V>>(
        &self,
        records: impl IntoIterator<Item = (A, W, PutOptions)>,
    ) -> Result<Vec<RecordConflict>> {
        self.check_writable("put_each")?;
        let records: Vec<(A, W, PutOptions)> = records.into_iter().collect();
        records.iter().try_for_each(|(key, ..)| self.check_key("put_each", &[SET], key))?;
        self.records.put_each(records)
    }

    /// As [`Records::delete_each`](crate::store::Records::delete_each).
    ///
    /// # Errors
    /// `PermissionDenied` without `store.key.delete` for each key; as there. Nothing was deleted then.
    pub fn delete_each<A: AsKey<K>>(&self, keys: impl IntoIterator<Item = (A, Expect)>) -> Result<Vec<RecordConflict>> {
        self.check_writable("delete_each")?;
        let keys: Vec<(A, Expect)> = keys.into_iter().collect();
        keys.iter().try_for_each(|(key, _)| self.check_key("delete_each", &[DELETE], key))?;
        self.records.delete_each(keys)
    }
}
