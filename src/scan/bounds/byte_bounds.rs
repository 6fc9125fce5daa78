//! A range of encoded keys, in plain byte order.

use std::ops::Bound;

use smallvec::SmallVec;

use crate::key::{KeyBuf, Position};

/// An end of a range: encoded bytes, and the position of the end's key relative to them.
pub(crate) type Sought<'k> = (&'k [u8], Position);

type BoundBytes = SmallVec<[u8; 64]>;

/// The least key: LMDB has no empty key.
const LEAST_KEY: &[u8] = &[0x00];

/// A range of encoded keys in byte order: by the first byte that differs, then the shorter first.
///
/// The lower bound may be above the upper one; the range is then empty, see [`is_empty`](Self::is_empty). The bytes
/// of a bound are never empty. Bounds of up to 64 bytes are kept inline.
///
/// ```
/// use mapleaf::scan::ByteBounds;
/// let bounds = ByteBounds::prefix(b"user:");
/// assert!(bounds.contains(b"user:1") && !bounds.contains(b"user;"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ByteBounds {
    pub(crate) lower: Bound<BoundBytes>,
    pub(crate) upper: Bound<BoundBytes>,
}

impl ByteBounds {
    /// The range from `lower` to `upper`. Empty bytes sort before every key.
    #[must_use]
    pub fn new(lower: Bound<&[u8]>, upper: Bound<&[u8]>) -> Self {
        let lower = match lower {
            Bound::Included([]) | Bound::Excluded([]) => Bound::Unbounded,
            lower => lower.map(BoundBytes::from_slice),
        };
        let upper = match upper {
            Bound::Included([]) | Bound::Excluded([]) => Bound::Excluded(LEAST_KEY),
            upper => upper,
        };
        Self { lower, upper: upper.map(BoundBytes::from_slice) }
    }

    /// The range from `start` to `end`, whose keys need not be storable.
    pub(crate) fn between(start: Bound<Sought<'_>>, end: Bound<Sought<'_>>) -> Self {
        // A sought key of position `Below` sorts before all keys that begin with its bytes. So a start takes these keys
        // in, and an end leaves them out, whether the bound includes the sought key or not.
        let lower = match start {
            Bound::Excluded((bytes, Position::Below)) => Bound::Included(bytes),
            start => start.map(|(bytes, _)| bytes),
        };
        let upper = match end {
            Bound::Included((bytes, Position::Below)) => Bound::Excluded(bytes),
            end => end.map(|(bytes, _)| bytes),
        };
        let mut bounds = Self::new(lower, upper);
        if let Bound::Included((bytes, Position::Above)) | Bound::Excluded((bytes, Position::Above)) = end {
            bounds = bounds.ending_after(bytes);
        }
        // The start is applied last: a start after all keys must leave the range empty, whatever the end is.
        if let Bound::Included((bytes, Position::Above)) | Bound::Excluded((bytes, Position::Above)) = start {
            bounds = bounds.starting_after(bytes);
        }
        bounds
    }

    /// All keys.
    #[must_use]
    pub fn full() -> Self {
        Self { lower: Bound::Unbounded, upper: Bound::Unbounded }
    }

    /// No key.
    #[must_use]
    pub fn empty() -> Self {
        Self::new(Bound::Unbounded, Bound::Excluded(LEAST_KEY))
    }

    /// The key `key` alone.
    #[must_use]
    pub fn exact(key: &[u8]) -> Self {
        Self::new(Bound::Included(key), Bound::Included(key))
    }

    /// The keys that begin with `prefix`; all keys when it is empty.
    #[must_use]
    pub fn prefix(prefix: &[u8]) -> Self {
        let bounds = Self::new(Bound::Included(prefix), Bound::Unbounded);
        match end_of_prefix(prefix) {
            Some(end) => Self { upper: Bound::Excluded(end), ..bounds },
            None => bounds,
        }
    }

    /// Splits the range into the keys below `cut` and those from `cut` on.
    #[cfg(feature = "rayon")]
    pub(crate) fn cut_at(&self, cut: &[u8]) -> (Self, Self) {
        let below = Self { lower: self.lower.clone(), upper: Bound::Excluded(BoundBytes::from_slice(cut)) };
        let above = Self { lower: Bound::Included(BoundBytes::from_slice(cut)), upper: self.upper.clone() };
        (below, above)
    }

    /// Moves the lower bound after all keys that begin with `prefix`.
    fn starting_after(self, prefix: &[u8]) -> Self {
        match end_of_prefix(prefix) {
            Some(end) => Self { lower: Bound::Included(end), ..self },
            None => Self::empty(),
        }
    }

    /// Moves the upper bound after all keys that begin with `prefix`.
    fn ending_after(self, prefix: &[u8]) -> Self {
        Self { upper: end_of_prefix(prefix).map_or(Bound::Unbounded, Bound::Excluded), ..self }
    }

    /// The lower and the upper bound.
    #[must_use]
    pub fn as_refs(&self) -> (Bound<&[u8]>, Bound<&[u8]>) {
        (self.lower.as_ref().map(|bytes| &bytes[..]), self.upper.as_ref().map(|bytes| &bytes[..]))
    }

    /// Whether the encoded key `key` is within the bounds.
    #[must_use]
    pub fn contains(&self, key: &[u8]) -> bool {
        let above = match &self.lower {
            Bound::Included(lower) => key >= &lower[..],
            Bound::Excluded(lower) => key > &lower[..],
            Bound::Unbounded => true,
        };
        let below = match &self.upper {
            Bound::Included(upper) => key <= &upper[..],
            Bound::Excluded(upper) => key < &upper[..],
            Bound::Unbounded => true,
        };
        above && below
    }

    /// Whether no key can be between the bounds, because they are reversed or meet.
    ///
    /// When `false`, the bounds are in order, as `BTreeMap::range` requires.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self.as_refs() {
            (Bound::Included(lower), Bound::Included(upper)) => lower > upper,
            (Bound::Included(lower) | Bound::Excluded(lower), Bound::Included(upper) | Bound::Excluded(upper)) => {
                lower >= upper
            }
            (Bound::Unbounded, Bound::Excluded(upper)) => upper <= LEAST_KEY,
            (Bound::Unbounded, Bound::Included(_) | Bound::Unbounded) | (_, Bound::Unbounded) => false,
        }
    }
}

/// The least bytes above everything that begins with `prefix`, if there are any: `prefix` without its trailing `FF`s,
/// and its last byte incremented. No byte is appended: the end of `61 FF` is `62`, not `62 00`.
fn end_of_prefix(prefix: &[u8]) -> Option<BoundBytes> {
    let last = prefix.iter().rposition(|byte| *byte != 0xFF)?;
    let mut bytes = BoundBytes::from_slice(prefix.get(..=last)?);
    *bytes.last_mut()? += 1;
    Some(bytes)
}

/// The greatest key of at most `longest` bytes below `bytes`; empty if there is none. A key of at most `longest` bytes
/// is below `bytes` exactly if it is not above the result.
pub(super) fn predecessor(bytes: &[u8], longest: usize) -> KeyBuf {
    let Some((last, before)) = bytes.split_last() else {
        return KeyBuf::new();
    };
    let mut greatest = KeyBuf::from_slice(before);
    if let Some(lower) = last.checked_sub(1) {
        greatest.push(lower);
        greatest.resize(longest.max(bytes.len()), 0xFF);
    }
    greatest
}
