//! Values that are moved out of a write set while it is committed.

use std::sync::Arc;

use crate::catalog::DbiRef;
use crate::write_set::arena::HEADER;
use crate::write_set::schema_changes::SchemaChanges;
use crate::write_set::set::WriteSet;

/// A put with a value that has a chunk of the arena to itself. While it is copied to LMDB's page from its end, the
/// chunk is freed from its end, so that the value is in memory once.
#[derive(Debug)]
pub(crate) struct LargeValue {
    pub dbi: Arc<DbiRef>,
    pub key: Box<[u8]>,
    /// The chunk: a record's header, the key, and the value.
    chunk: Vec<u8>,
    len: usize,
}

impl LargeValue {
    pub(super) fn new(dbi: Arc<DbiRef>, key: Box<[u8]>, chunk: Vec<u8>) -> Self {
        let len = chunk.len() - HEADER - key.len();
        Self { dbi, key, chunk, len }
    }

    /// The length of the value.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The chunk, which ends with the value, to be shortened while the value is copied. `None` if a part of the value
    /// was copied already.
    pub(crate) fn bytes_to_move(&mut self) -> Option<&mut Vec<u8>> {
        let is_whole = self.chunk.len() == HEADER + self.key.len() + self.len;
        is_whole.then_some(&mut self.chunk)
    }
}

impl WriteSet {
    /// Whether some value is so large that it should be in memory only once. Not if DBIs are created, renamed or
    /// dropped too: that takes another way of committing.
    #[inline]
    pub(crate) fn has_large(&self) -> bool {
        self.schema().is_none_or(SchemaChanges::is_empty) && self.dbis().any(|of| of.changes.has_large())
    }

    /// Takes the large values out of the set, which is about to be committed.
    pub(crate) fn take_large(&mut self) -> Vec<LargeValue> {
        let mut taken = Vec::new();
        for of in self.in_use() {
            let values = of.changes.take_large();
            taken.extend(values.into_iter().map(|(key, chunk)| LargeValue::new(Arc::clone(&of.dbi), key, chunk)));
        }
        taken
    }
}
