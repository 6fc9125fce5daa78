//! Removes entries one by one while the caller looks at them.

use std::fmt;
use std::iter::FusedIterator;
use std::mem;
use std::ops::Bound;
use std::sync::Arc;

use crate::catalog::DbiRef;
use crate::dbi::handle::Dbi;
use crate::error::Result;
use crate::key::Key;
use crate::read::{RawCursor, RawRead};
use crate::scan::{BLOCK_BYTES, BLOCK_ROWS, ByteBounds, DecodeContext, Rows};
use crate::txn::{Keys, TxnState};
use crate::value::Value;

/// The iterator of [`Dbi::extract_if`]: it removes each entry that it yields.
///
/// Fused, also after an error. Dropping it early leaves the entries after the last one yielded. If it is never
/// dropped, as by [`std::mem::forget`], some of the last 256 entries it yielded may stay.
pub struct ExtractIf<'x, K, V, F> {
    dbi: Dbi<K, V>,
    txn: &'x mut TxnState,
    bounds: ByteBounds,
    /// Entries that were copied but not all checked yet; the scan continues after them.
    ahead: Ahead,
    /// Keys of the entries that were yielded and are still to be removed. The transaction is borrowed until all are
    /// removed.
    taken: Keys,
    /// The index in `ahead` of the last key in `taken`.
    last: Option<usize>,
    /// Whether so little of `max_txn_bytes` is left that entries are removed one at a time.
    at_once: bool,
    extract: F,
    done: bool,
}

impl<'x, K: Key, V: Value, F> ExtractIf<'x, K, V, F>
where
    F: FnMut(K::Ref<'_>, V::Ref<'_>) -> bool,
{
    pub(crate) fn new(dbi: Dbi<K, V>, txn: &'x mut TxnState, bounds: ByteBounds, extract: F) -> Self {
        Self {
            dbi,
            txn,
            bounds,
            ahead: Ahead::default(),
            taken: Keys::default(),
            last: None,
            at_once: false,
            extract,
            done: false,
        }
    }

    fn advance(&mut self) -> Result<Option<(K::Owned, V::Owned)>> {
        let uuid = *self.txn.raw_uuid();
        let context = DecodeContext { uuid: &uuid, dbi: Arc::clone(&self.dbi.dbi) };
        loop {
            let is_untouched = self.ahead.is_untouched && !self.at_once;
            while let Some((number, key, value)) = self.ahead.next() {
                if !(self.extract)(context.decode_key::<K>(key)?, context.decode_value::<V>(key, value)?) {
                    continue;
                }
                let owned = (K::own(context.decode_key::<K>(key)?), V::own(context.decode_value::<V>(key, value)?));
                if is_untouched && self.txn.make_room_to_remove(&self.taken, key).is_ok() {
                    let before = self.last.replace(number);
                    self.taken.push(key, before.is_some_and(|before| before + 1 == number));
                    return Ok(Some(owned));
                }
                // The entry is removed at once, because the transaction has changed entries of this block, or because
                // the set has no room to reserve for a later removal. In the latter case all further entries are
                // removed at once too.
                self.at_once |= is_untouched;
                remove(self.txn, &self.dbi.dbi, &mut self.taken)?;
                self.txn.raw_delete(&self.dbi.dbi, key)?;
                return Ok(Some(owned));
            }
            if !self.read_ahead()? {
                return Ok(None);
            }
        }
    }

    /// Copies the next entries, and returns whether there are any. The transaction is borrowed, so nothing else can
    /// change them.
    fn read_ahead(&mut self) -> Result<bool> {
        remove(self.txn, &self.dbi.dbi, &mut self.taken)?;
        self.last = None;
        let (lower, upper) = self.bounds.as_refs();
        let lower = self.ahead.rows.last_key().map_or(lower, Bound::Excluded);
        let walk = self.txn.walk(&self.dbi.dbi, (lower, upper));
        let mut cursor = self.txn.raw_range(&self.dbi.dbi, lower, upper)?;
        // Each block may have twice as many rows as the one before, up to `BLOCK_ROWS`, and gets memory for them. A
        // draft notes what it reads, so its blocks have one row: it reads no row that the caller may not ask for.
        let most = if self.txn.is_draft() { 1 } else { (self.ahead.most * 2).clamp(LEAST, BLOCK_ROWS) };
        let mut rows = Rows::with_capacity((self.ahead.rows.bytes() * 2).min(BLOCK_BYTES), most);
        while rows.len() < most
            && rows.bytes() < BLOCK_BYTES
            && let Some((key, value)) = cursor.next()?
        {
            rows.push(key, value);
        }
        walk.end(rows.last_key())?;
        let ends = rows.at(0).zip(rows.last_key());
        let is_untouched = ends.is_some_and(|((first, _), last)| self.txn.is_untouched(&self.dbi.dbi, first, last));
        self.ahead = Ahead { rows, passed: 0, most, is_untouched };
        Ok(!self.ahead.rows.is_empty())
    }
}

/// Removes the entries that were yielded.
fn remove(txn: &mut TxnState, dbi: &Arc<DbiRef>, taken: &mut Keys) -> Result<()> {
    if taken.is_empty() {
        return Ok(());
    }
    let taken = mem::take(taken);
    txn.raw_remove_all(dbi, &taken).or_else(|error| {
        // The caller has these entries, and must not find them again, even if a damaged neighbouring page makes the
        // removal fail. So they are recorded as deleted without reading anything.
        txn.remove_blindly(dbi, &taken)?;
        Err(error)
    })
}

impl<K, V, F> Drop for ExtractIf<'_, K, V, F> {
    fn drop(&mut self) {
        // The error can be ignored: it is about a neighbouring page, and the entries themselves are removed all the
        // same.
        let _ = remove(self.txn, &self.dbi.dbi, &mut self.taken);
    }
}

/// How many entries are copied at once: few at first, in case the caller stops early, then up to a block.
const LEAST: usize = 4;

/// Entries that were copied and are still to be checked.
#[derive(Debug, Default)]
struct Ahead {
    rows: Rows,
    /// How many of the entries were checked.
    passed: usize,
    /// The maximum number of entries.
    most: usize,
    /// Whether the transaction itself has changed none of these entries.
    is_untouched: bool,
}

impl Ahead {
    fn next(&mut self) -> Option<(usize, &[u8], &[u8])> {
        let number = self.passed;
        self.passed += 1;
        self.rows.at(number).map(|(key, value)| (number, key, value))
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
