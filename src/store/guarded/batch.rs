//! Guarded batches.

use crate::error::Result;
use crate::key::Key;
use crate::store::backend::Backend;
use crate::store::guarded::access::{self, DELETE, HAS, SET};
use crate::store::guarded::handle::GuardedRecords;
use crate::store::records::{Meta, RecordBatch, Step};
use crate::value::Value;

impl<K: Key, V: Value, B: Backend> GuardedRecords<K, V, B> {
    /// An empty batch for this store, which needs no permission.
    #[must_use]
    pub fn batch(&self) -> RecordBatch<K, V, B> {
        self.records.batch()
    }

    /// As [`Records::commit`](crate::store::Records::commit).
    ///
    /// # Errors
    /// `PermissionDenied` if one of the steps is not allowed: puts need `store.key.set`, deletions `store.key.delete`,
    /// checks `store.key.has`. As there. Nothing was changed then.
    pub fn commit(&self, batch: RecordBatch<K, V, B>) -> Result<Vec<Meta>> {
        self.check_writable("commit")?;
        for step in batch.steps() {
            let action = match step {
                Step::Put(_) => SET,
                Step::Delete(..) => DELETE,
                Step::Check(..) => HAS,
            };
            self.check("commit", action, &access::of_bytes::<K>(step.key().0))?;
        }
        self.records.commit(batch)
    }
}
