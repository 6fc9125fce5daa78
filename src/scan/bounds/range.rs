//! Ranges of keys, in every form that Rust writes them.

use std::ops::{Bound, Range, RangeBounds, RangeFrom, RangeFull, RangeInclusive, RangeTo, RangeToInclusive};

use crate::error::Result;
use crate::key::{Key, KeyBuf};
use crate::scan::bounds::byte_bounds::ByteBounds;
use crate::scan::bounds::end::RangeEnd;

/// A range of `K` keys: `..`, `a..b`, `a..=b`, `a..`, `..b`, `..=b` or `(Bound, Bound)`, between keys or, for tuples,
/// leading elements.
///
/// An end of leading elements stands for all keys that begin with them: included, it takes them all; an excluded start
/// begins behind all of them; an excluded end stops before all of them. Both ends have the same number of elements.
/// A range whose start lies above its end is empty. Empty text and bytes come before all keys.
///
/// Sealed: implemented for the range types of the standard library.
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
/// A key of another type does not compile:
///
/// ```compile_fail,E0277
/// # fn range<K: mapleaf::key::Key>(keys: impl mapleaf::scan::KeyRange<K>) {}
/// range::<u64>("a".."b");
/// ```
///
/// Nor do ends of different lengths; write `("nc", i64::MIN)..` for the shorter one:
///
/// ```compile_fail,E0308
/// # fn range<K: mapleaf::key::Key>(keys: impl mapleaf::scan::KeyRange<K>) {}
/// range::<(&str, i64, u32)>(("nc",)..("nc", 7));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a range of `{K}` keys",
    label = "not a range of `{K}` keys",
    note = "a range is `..`, `a..b`, `a..=b`, `a..`, `..b`, `..=b` or `(Bound, Bound)`; for one key use `key..=key`"
)]
pub trait KeyRange<K: Key>: sealed::Sealed {
    /// The range of encoded keys. Ends of up to 64 bytes allocate nothing.
    ///
    /// # Errors
    /// `InvalidKey` for an end that has no place in the order (NaN).
    fn byte_bounds(&self) -> Result<ByteBounds>;
}

/// The bytes between two ends.
fn between<K: Key, P: RangeEnd<K>>(start: Bound<&P>, end: Bound<&P>) -> Result<ByteBounds> {
    let (mut start_buf, mut end_buf) = (KeyBuf::new(), KeyBuf::new());
    let start = encode(start, &mut start_buf)?;
    let end = encode(end, &mut end_buf)?;
    let bounds = ByteBounds::new(start, end);
    if P::WHOLE {
        return Ok(bounds);
    }
    // Bytes alone end a range before the keys that continue them; leading elements mean these too. The start comes
    // last: behind everything, it leaves nothing, whatever the end.
    let bounds = if let Bound::Included(end) = end { bounds.ending_behind(end) } else { bounds };
    Ok(if let Bound::Excluded(start) = start { bounds.starting_behind(start) } else { bounds })
}

fn encode<'b, K: Key, P: RangeEnd<K>>(end: Bound<&'b P>, buf: &'b mut KeyBuf) -> Result<Bound<&'b [u8]>> {
    Ok(match end {
        Bound::Included(end) => Bound::Included(end.encode_end(buf)?),
        Bound::Excluded(end) => Bound::Excluded(end.encode_end(buf)?),
        Bound::Unbounded => Bound::Unbounded,
    })
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

mod sealed {
    pub trait Sealed {}
}
