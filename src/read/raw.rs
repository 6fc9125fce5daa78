//! Reading keys and values as bytes, which every reader offers: the sealed base of [`Read`](crate::Read).

use std::ops::{Bound, ControlFlow};

use crate::catalog::DbiRef;
use crate::error::Result;
use crate::page::TreeRecord;

/// A key and its value, borrowed from the state.
pub type RawEntry<'t> = (&'t [u8], &'t [u8]);

/// Reads in bytes over one state. Not nameable outside the crate.
pub trait RawRead {
    /// The cursor over a range.
    type Cursor<'t>: RawCursor<'t>
    where
        Self: 't;

    /// The environment's UUID.
    fn raw_uuid(&self) -> &[u8; 16];

    /// The number of transactions committed up to this state.
    fn raw_id(&self) -> u64;

    /// The value of `key`. `W` is the width of `key` and of all keys of the DBI if their type fixes it, else 0.
    fn raw_get<'t, const W: usize>(&'t self, dbi: &DbiRef, key: &[u8]) -> Result<Option<&'t [u8]>>;

    /// Calls `each` with the value of each key and the key's index in `keys`, in any order.
    fn raw_get_many<'t, const W: usize>(
        &'t self,
        dbi: &DbiRef,
        keys: &[&[u8]],
        each: impl FnMut(usize, Option<&'t [u8]>),
    ) -> Result<()>;

    /// The number of entries below `key`.
    fn raw_rank(&self, dbi: &DbiRef, key: &[u8]) -> Result<u64>;

    /// A cursor over the entries between the bounds; empty if the bounds are reversed.
    fn raw_range<'t>(&'t self, dbi: &DbiRef, lower: Bound<&[u8]>, upper: Bound<&[u8]>) -> Result<Self::Cursor<'t>>;

    /// As [`raw_range`](Self::raw_range), for keys of the width that their type fixes, or 0.
    #[inline]
    fn raw_range_of<'t>(
        &'t self,
        dbi: &DbiRef,
        _width: usize,
        lower: Bound<&[u8]>,
        upper: Bound<&[u8]>,
    ) -> Result<Self::Cursor<'t>> {
        self.raw_range(dbi, lower, upper)
    }

    /// The committed tree, and the size of a page in bytes.
    fn raw_tree(&self, dbi: &DbiRef) -> Result<(TreeRecord, u32)>;

    /// The number of entries.
    fn raw_len(&self, dbi: &DbiRef) -> Result<u64>;

    /// The number of entries between the bounds.
    fn raw_count(&self, dbi: &DbiRef, lower: Bound<&[u8]>, upper: Bound<&[u8]>) -> Result<u64>;

    /// An estimate of the number of entries between the bounds.
    fn raw_estimate(&self, dbi: &DbiRef, lower: Bound<&[u8]>, upper: Bound<&[u8]>) -> Result<u64>;

    /// The entry with `n` entries before it.
    fn raw_nth<'t>(&'t self, dbi: &DbiRef, n: u64) -> Result<Option<RawEntry<'t>>>;

    /// Ascending keys that cut the range into about `parts` equal parts.
    fn raw_split(&self, dbi: &DbiRef, lower: Bound<&[u8]>, upper: Bound<&[u8]>, parts: usize) -> Result<Vec<Vec<u8>>>;
}

/// A double-ended cursor: an end returns no entry that the other end has passed. Not nameable outside the crate.
pub trait RawCursor<'t> {
    /// The next entry from the front.
    fn next(&mut self) -> Result<Option<RawEntry<'t>>>;

    /// The next entry from the back.
    fn next_back(&mut self) -> Result<Option<RawEntry<'t>>>;

    /// Moves the front forward to the first remaining entry at or above `key`.
    fn seek(&mut self, key: &[u8]) -> Result<()>;

    /// Moves the back backward to the last remaining entry at or below `key`.
    fn seek_back(&mut self, key: &[u8]) -> Result<()>;

    /// Calls `each` with every remaining entry, in order, until it breaks.
    #[inline]
    fn for_each<B>(&mut self, mut each: impl FnMut(&'t [u8], &'t [u8]) -> ControlFlow<B>) -> Result<ControlFlow<B>> {
        while let Some((key, value)) = self.next()? {
            if let ControlFlow::Break(value) = each(key, value) {
                return Ok(ControlFlow::Break(value));
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}
