//! Keys that cannot be stored. Reads treat them as absent, at their position in the order.
//!
//! A search encodes its key as if to store it. Only if that fails does the search use these functions, so the usual
//! path does not pay for them.

use std::ops::Bound;

use crate::error::{Error, Result};
use crate::key::{AsKey, Key, KeyBuf};
use crate::read::RawCursor;
use crate::scan::bounds::byte_bounds::{ByteBounds, predecessor};

/// Bytes that no key has. A search for a key that cannot be encoded searches for these bytes.
pub(crate) const NO_KEY: &[u8] = &[];

/// Returns [`NO_KEY`] for a key that has a position in the order but cannot be encoded. `error` is the encoding
/// error.
///
/// # Errors
/// `error`, for a key without a position in the order.
#[cold]
pub(crate) fn no_key<K: Key>(key: &impl AsKey<K>, error: Error) -> Result<&'static [u8]> {
    match key.encode_bound(&mut KeyBuf::new()) {
        Ok(_) => Ok(NO_KEY),
        Err(_) => Err(error),
    }
}

/// The range that starts or ends, or both, at a key that cannot be encoded. `error` is the encoding error.
///
/// # Errors
/// `error`, for a key without a position in the order.
#[cold]
pub(crate) fn bounds_at<K: Key>(
    key: &impl AsKey<K>,
    (start, end): (Bound<()>, Bound<()>),
    error: Error,
) -> Result<ByteBounds> {
    let mut buf = KeyBuf::new();
    let sought = key.encode_bound(&mut buf).map_err(|_| error)?;
    Ok(ByteBounds::between(start.map(|()| sought), end.map(|()| sought)))
}

/// Moves the front of `cursor` to the start of `bounds`.
///
/// # Errors
/// As [`RawCursor::seek`].
pub(crate) fn seek<'t>(cursor: &mut impl RawCursor<'t>, bounds: &ByteBounds) -> Result<()> {
    match bounds.as_refs() {
        (Bound::Included(start) | Bound::Excluded(start), _) => cursor.seek(start),
        (Bound::Unbounded, Bound::Unbounded) => Ok(()),
        // These bounds mean that the sought key is above all keys, so the cursor must return nothing. Moving its back
        // before all keys does that.
        (Bound::Unbounded, _) => cursor.seek_back(NO_KEY),
    }
}

/// Moves the back of `cursor` to the end of `bounds`. No key has more than `longest` bytes.
///
/// # Errors
/// As [`RawCursor::seek_back`].
pub(crate) fn seek_back<'t>(cursor: &mut impl RawCursor<'t>, bounds: &ByteBounds, longest: usize) -> Result<()> {
    match bounds.as_refs().1 {
        Bound::Included(end) => cursor.seek_back(end),
        Bound::Excluded(end) => cursor.seek_back(&predecessor(end, longest)),
        Bound::Unbounded => Ok(()),
    }
}
