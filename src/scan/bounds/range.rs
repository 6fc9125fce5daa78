//! Ranges of keys, in every form that Rust has for them.

use std::ops::{Bound, Range, RangeBounds, RangeFrom, RangeFull, RangeInclusive, RangeTo, RangeToInclusive};

use crate::error::Result;
use crate::key::{Key, KeyBuf, Position};
use crate::scan::bounds::byte_bounds::{ByteBounds, Sought};
use crate::scan::bounds::end::RangeEnd;

/// A range of `K` keys: `..`, `a..b`, `a..=b`, `a..`, `..b`, `..=b` or `(Bound, Bound)`. The ends are keys or, for
/// tuples, leading elements. [`KeyBounds`](crate::scan::KeyBounds) builds one whose ends have different lengths.
///
/// An end of leading elements represents all keys that begin with them. An included end contains them all, an
/// excluded start comes after all of them, and an excluded end comes before all of them. Both ends have the same
/// number of elements. A range whose start is above its end is empty. An end need not be a storable key: empty text
/// and bytes come before all keys, keys that are too long sort by their bytes, and times outside the range of
/// `Timestamp` come before or after all times.
///
/// Sealed: implemented for the range types of the standard library and for [`KeyBounds`](crate::scan::KeyBounds).
///
/// ```
/// use mapleaf::scan::KeyRange;
///
/// fn range<K: mapleaf::key::Key>(keys: impl KeyRange<K>) -> mapleaf::Result<bool> {
///     Ok(keys.byte_bounds()?.is_empty())
/// }
/// assert!(!range::<u64>(..)?);
/// assert!(!range::<u64>(1..=9)?);
/// assert!(range::<&str>("b".."a")?);
/// assert!(!range::<(&str, i64, u32)>(("nc", -7)..=("nc", 7))?);
/// # Ok::<(), mapleaf::Error>(())
/// ```
///
/// A function that is generic over the standard library's `RangeBounds` passes its two ends on, as a pair:
///
/// ```
/// use mapleaf::{Dbi, Env, Read, Result};
/// use std::ops::RangeBounds;
///
/// fn sum(ages: &Dbi<u64, u64>, state: &impl Read, keys: impl RangeBounds<u64>) -> Result<u64> {
///     let ends = (keys.start_bound().cloned(), keys.end_bound().cloned());
///     ages.range(state, ends)?.map(|entry| entry.map(|(_, age)| age)).sum()
/// }
///
/// # fn main() -> Result<()> {
/// let env = Env::temporary()?;
/// let ages: Dbi<u64, u64> = env.dbi("ages")?;
/// env.transact(|txn| (0..10).try_for_each(|n| ages.put(txn, n, n)))?;
/// let snap = env.snapshot()?;
/// assert_eq!((sum(&ages, &snap, 3..=4)?, sum(&ages, &snap, ..)?), (7, 45));
/// # Ok(())
/// # }
/// ```
///
/// A key of another type does not compile:
///
/// ```compile_fail,E0277
/// # fn range<K: mapleaf::key::Key>(keys: impl mapleaf::scan::KeyRange<K>) {}
/// range::<u64>("a".."b");
/// ```
///
/// Nor do ends of different lengths; write `KeyBounds::new().at_least(("nc",)).below(("nc", 7))`:
///
/// ```compile_fail,E0308
/// # fn range<K: mapleaf::key::Key>(keys: impl mapleaf::scan::KeyRange<K>) {}
/// range::<(&str, i64, u32)>(("nc",)..("nc", 7));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a range of `{K}` keys",
    label = "not a range of `{K}` keys",
    note = "a range is `..`, `a..b`, `a..=b`, `a..`, `..b`, `..=b` or `(Bound, Bound)`; for one key use `key..=key`, for ends of different lengths `KeyBounds`"
)]
pub trait KeyRange<K: Key>: sealed::Sealed {
    /// The range of encoded keys. Ends of up to 64 bytes allocate nothing.
    ///
    /// # Errors
    /// `InvalidKey` for an end that has no position in the order (NaN).
    fn byte_bounds(&self) -> Result<ByteBounds>;
}

/// Encodes the start of a range. A key excludes the keys that continue its bytes; leading elements include them.
pub(super) fn encode_start<'b, K: Key, P: RangeEnd<K>>(
    start: Bound<&'b P>,
    buf: &'b mut KeyBuf,
) -> Result<Bound<Sought<'b>>> {
    Ok(match start {
        Bound::Included(start) => Bound::Included(encode(start, buf, Position::Below)?),
        Bound::Excluded(start) => Bound::Excluded(encode(start, buf, Position::Above)?),
        Bound::Unbounded => Bound::Unbounded,
    })
}

/// Encodes the end of a range, as [`encode_start`] its start.
pub(super) fn encode_end<'b, K: Key, P: RangeEnd<K>>(
    end: Bound<&'b P>,
    buf: &'b mut KeyBuf,
) -> Result<Bound<Sought<'b>>> {
    Ok(match end {
        Bound::Included(end) => Bound::Included(encode(end, buf, Position::Above)?),
        Bound::Excluded(end) => Bound::Excluded(encode(end, buf, Position::Below)?),
        Bound::Unbounded => Bound::Unbounded,
    })
}

/// The bytes between two ends.
fn between<K: Key, P: RangeEnd<K>>(start: Bound<&P>, end: Bound<&P>) -> Result<ByteBounds> {
    let (mut start_buf, mut end_buf) = (KeyBuf::new(), KeyBuf::new());
    Ok(ByteBounds::between(encode_start(start, &mut start_buf)?, encode_end(end, &mut end_buf)?))
}

/// Encodes an end. An end of leading elements gets the position `beside`: before or after all keys that begin with
/// them.
#[inline]
fn encode<'b, K: Key, P: RangeEnd<K>>(end: &'b P, buf: &'b mut KeyBuf, beside: Position) -> Result<Sought<'b>> {
    let (bytes, position) = end.encode_end(buf)?;
    Ok((bytes, if P::WHOLE || position != Position::At { position } else { beside }))
}

impl sealed::Sealed for RangeFull {}

impl<K: Key> KeyRange<K> for RangeFull {
    fn byte_bounds(&self) -> Result<ByteBounds> {
        Ok(ByteBounds::full())
    }
}

macro_rules! key_range {
    ($($range:ty),+) => {$(
        impl<P> sealed::Sealed for $range {}

        impl<K: Key, P: RangeEnd<K>> KeyRange<K> for $range {
            fn byte_bounds(&self) -> Result<ByteBounds> {
                between(RangeBounds::<P>::start_bound(self), RangeBounds::<P>::end_bound(self))
            }
        }
    )+};
}

key_range!(Range<P>, RangeInclusive<P>, RangeFrom<P>, RangeTo<P>, RangeToInclusive<P>, (Bound<P>, Bound<P>));

pub(super) mod sealed {
    pub trait Sealed {}
}
