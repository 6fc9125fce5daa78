//! Removing entries one by one while looking at them.

use std::fmt;
use std::iter::FusedIterator;
use std::ops::Bound;

use crate::dbi::handle::Dbi;
use crate::error::Result;
use crate::key::{Key, KeyBuf};
use crate::scan::ByteBounds;
use crate::txn::{RawCursor, RawRead, WriteTxn};
use crate::value::Value;

/// The entries that [`Dbi::extract_if`] removes: each is removed when it is asked for.
///
/// Fused, also after an error. Dropping it early leaves the entries behind the last one asked for.
pub struct ExtractIf<'x, K, V, F> {
    dbi: Dbi<K, V>,
    txn: &'x mut WriteTxn,
    bounds: ByteBounds,
    /// The last key that was removed: the scan goes on behind it.
    passed: Option<KeyBuf>,
    extract: F,
    done: bool,
}

impl<'x, K: Key, V: Value, F> ExtractIf<'x, K, V, F>
where
    F: FnMut(K::Ref<'_>, V::Ref<'_>) -> bool,
{
    pub(crate) fn new(dbi: Dbi<K, V>, txn: &'x mut WriteTxn, bounds: ByteBounds, extract: F) -> Self {
        Self { dbi, txn, bounds, passed: None, extract, done: false }
    }

    fn advance(&mut self) -> Result<Option<(K::Owned, V::Owned)>> {
        let (lower, upper) = self.bounds.as_refs();
        let lower = self.passed.as_deref().map_or(lower, Bound::Excluded);
        let place = self.dbi.place(self.txn);
        let mut cursor = self.txn.raw_range(&self.dbi.dbi, lower, upper)?;
        while let Some((key, value)) = cursor.next()? {
            if !(self.extract)(place.decode_key::<K>(key)?, place.decode_value::<V>(key, value)?) {
                continue;
            }
            let owned = (K::own(place.decode_key::<K>(key)?), V::own(place.decode_value::<V>(key, value)?));
            let passed = KeyBuf::from_slice(key);
            drop(cursor);
            self.txn.raw_remove(&self.dbi.dbi, &passed)?;
            self.passed = Some(passed);
            return Ok(Some(owned));
        }
        Ok(None)
    }
}

impl<K: Key, V: Value, F> Iterator for ExtractIf<'_, K, V, F>
where
    F: FnMut(K::Ref<'_>, V::Ref<'_>) -> bool,
{
    type Item = Result<(K::Owned, V::Owned)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let next = self.advance().map_err(|error| self.dbi.named(error, "extract_if")).transpose();
        self.done = !matches!(next, Some(Ok(_)));
        next
    }
}

impl<K: Key, V: Value, F> FusedIterator for ExtractIf<'_, K, V, F> where F: FnMut(K::Ref<'_>, V::Ref<'_>) -> bool {}

impl<K, V, F> fmt::Debug for ExtractIf<'_, K, V, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExtractIf").field("dbi", &self.dbi).finish_non_exhaustive()
    }
}
