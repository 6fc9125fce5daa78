//! Keys that cannot be stored, as reads take them: absent, and in their place in the order.
//!
//! Whatever looks for a key encodes it as it would be stored. Only where that fails it comes here, off the hot path.

use std::ops::Bound;

use crate::error::{Error, Result};
use crate::key::{AsKey, Key, KeyBuf};
use crate::read::RawCursor;
use crate::scan::bounds::byte_bounds::{ByteBounds, predecessor};

/// The bytes that no key has, under which one that has no bytes is looked for.
pub(crate) const NO_KEY: &[u8] = &[];

/// [`NO_KEY`] for a key that cannot be encoded, which `error` says, but has a place in the order.
///
/// # Errors
/// `error`, for a key without one.
#[cold]
pub(crate) fn no_key<K: Key>(key: &impl AsKey<K>, error: Error) -> Result<&'static [u8]> {
    match key.encode_bound(&mut KeyBuf::new()) {
        Ok(_) => Ok(NO_KEY),
        Err(_) => Err(error),
    }
}

/// The range that begins, or ends, or both, at a key that cannot be encoded, which `error` says.
///
/// # Errors
/// `error`, for a key without a place in the order.
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

/// Moves the front of `cursor` to where `bounds` begin.
///
/// # Errors
/// As [`RawCursor::seek`].
pub(crate) fn seek<'t>(cursor: &mut impl RawCursor<'t>, bounds: &ByteBounds) -> Result<()> {
    match bounds.as_refs() {
        (Bound::Included(start) | Bound::Excluded(start), _) => cursor.seek(start),
        (Bound::Unbounded, Bound::Unbounded) => Ok(()),
        // All keys are below the one that is sought.
        (Bound::Unbounded, _) => cursor.seek_back(NO_KEY),
    }
}

/// Moves the back of `cursor` to where `bounds` end. No key has more than `longest` bytes.
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
