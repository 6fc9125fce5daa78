//! Ranges whose ends differ in kind: a whole key, more or fewer leading elements of one, or none.

use std::ops::Bound;

use crate::error::Result;
use crate::key::{Key, KeyBuf};
use crate::scan::bounds::byte_bounds::{ByteBounds, Sought};
use crate::scan::bounds::end::RangeEnd;
use crate::scan::bounds::range::{KeyRange, encode_end, encode_start, sealed};

/// The end of [`KeyBounds`] that is not set: the range has no limit there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct NoEnd;

/// A [`KeyRange`] that is built end by end, so that its ends may have different lengths.
///
/// The two ends of `a..b` have one type: both are whole keys, or both have the same number of leading elements. Here,
/// each end is a whole key or any number of leading elements. Leading elements represent all keys that begin with them,
/// as in a `KeyRange`: [`at_least`](Self::at_least) and [`at_most`](Self::at_most) contain these keys,
/// [`above`](Self::above) and [`below`](Self::below) do not. Each end is set at most once; setting it again does not
/// compile. A range whose start is above its end is empty.
///
/// ```
/// use mapleaf::scan::KeyBounds;
/// use mapleaf::{Dbi, Env, Result};
///
/// # fn main() -> Result<()> {
/// let env = Env::temporary()?;
/// let readings: Dbi<(&str, u32, u8), i64> = env.dbi("readings")?;
/// env.transact(|txn| {
///     for (n, key) in [("nc", 1, 0), ("nc", 5, 0), ("nc", 5, 9), ("nd", 2, 0), ("ne", 1, 0)].into_iter().enumerate() {
///         readings.put(txn, key, n as i64)?;
///     }
///     Ok(())
/// })?;
///
/// let snap = env.snapshot()?;
/// // From a time of one station to the end of the next station.
/// let range = KeyBounds::new().at_least(("nc", 5)).at_most(("nd",));
/// assert_eq!(readings.range(&snap, range)?.values().collect::<Result<Vec<_>>>()?, [1, 2, 3]);
/// // From after a whole key to before a station.
/// assert_eq!(readings.count(&snap, KeyBounds::new().above(("nc", 5, 0)).below(("ne",)))?, 2);
/// # Ok(())
/// # }
/// ```
///
/// A second start does not compile:
///
/// ```compile_fail,E0599
/// mapleaf::scan::KeyBounds::new().at_least((1,)).above((1, 2));
/// ```
#[must_use = "a range does nothing until it is passed to a method such as `Dbi::range`"]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeyBounds<S = NoEnd, E = NoEnd> {
    start: S,
    end: E,
}

impl KeyBounds {
    /// All keys, until an end is set. O(1).
    ///
    /// ```
    /// use mapleaf::scan::{ByteBounds, KeyBounds, KeyRange};
    /// assert_eq!(KeyRange::<u64>::byte_bounds(&KeyBounds::new())?, ByteBounds::full());
    /// # Ok::<(), mapleaf::Error>(())
    /// ```
    pub const fn new() -> Self {
        Self { start: NoEnd, end: NoEnd }
    }
}

impl Default for KeyBounds {
    fn default() -> Self {
        Self::new()
    }
}

impl<E> KeyBounds<NoEnd, E> {
    /// Begins the range at `start`: the key, or the first key that begins with these elements. O(1).
    ///
    /// ```
    /// use mapleaf::scan::{KeyBounds, KeyRange};
    /// let bounds = KeyRange::<(u8, u8)>::byte_bounds(&KeyBounds::new().at_least((7,)))?;
    /// assert!(bounds.contains(&[7, 0]) && !bounds.contains(&[6, 255]));
    /// # Ok::<(), mapleaf::Error>(())
    /// ```
    pub fn at_least<P>(self, start: P) -> KeyBounds<Bound<P>, E> {
        self.start(Bound::Included(start))
    }

    /// Begins the range after `start`: after the key, or after all keys that begin with these elements. O(1).
    ///
    /// ```
    /// use mapleaf::scan::{KeyBounds, KeyRange};
    /// let bounds = KeyRange::<(u8, u8)>::byte_bounds(&KeyBounds::new().above((7,)))?;
    /// assert!(bounds.contains(&[8, 0]) && !bounds.contains(&[7, 255]));
    /// # Ok::<(), mapleaf::Error>(())
    /// ```
    pub fn above<P>(self, start: P) -> KeyBounds<Bound<P>, E> {
        self.start(Bound::Excluded(start))
    }

    /// Sets the start to a bound whose kind is known only when the program runs. O(1).
    ///
    /// ```
    /// use std::ops::Bound;
    /// use mapleaf::scan::{KeyBounds, KeyRange};
    ///
    /// fn page(after: Option<(u8, u8)>) -> impl KeyRange<(u8, u8)> {
    ///     KeyBounds::new().start(after.map_or(Bound::Unbounded, Bound::Excluded)).below((9,))
    /// }
    /// assert!(page(None).byte_bounds()?.contains(&[0, 0]));
    /// assert!(!page(Some((7, 1))).byte_bounds()?.contains(&[7, 1]));
    /// # Ok::<(), mapleaf::Error>(())
    /// ```
    pub fn start<P>(self, start: Bound<P>) -> KeyBounds<Bound<P>, E> {
        KeyBounds { start, end: self.end }
    }
}

impl<S> KeyBounds<S, NoEnd> {
    /// Ends the range at `end`: the key, or the last key that begins with these elements. O(1).
    ///
    /// ```
    /// use mapleaf::scan::{KeyBounds, KeyRange};
    /// let bounds = KeyRange::<(u8, u8)>::byte_bounds(&KeyBounds::new().at_most((7,)))?;
    /// assert!(bounds.contains(&[7, 255]) && !bounds.contains(&[8, 0]));
    /// # Ok::<(), mapleaf::Error>(())
    /// ```
    pub fn at_most<P>(self, end: P) -> KeyBounds<S, Bound<P>> {
        self.end(Bound::Included(end))
    }

    /// Ends the range before `end`: before the key, or before all keys that begin with these elements. O(1).
    ///
    /// ```
    /// use mapleaf::scan::{KeyBounds, KeyRange};
    /// let bounds = KeyRange::<(u8, u8)>::byte_bounds(&KeyBounds::new().below((7,)))?;
    /// assert!(bounds.contains(&[6, 255]) && !bounds.contains(&[7, 0]));
    /// # Ok::<(), mapleaf::Error>(())
    /// ```
    pub fn below<P>(self, end: P) -> KeyBounds<S, Bound<P>> {
        self.end(Bound::Excluded(end))
    }

    /// Sets the end to a bound whose kind is known only when the program runs. O(1).
    ///
    /// ```
    /// use std::ops::Bound;
    /// use mapleaf::scan::{KeyBounds, KeyRange};
    /// let range = KeyBounds::new().at_least((1, 2)).end(Bound::Included((7,)));
    /// assert!(KeyRange::<(u8, u8)>::byte_bounds(&range)?.contains(&[7, 255]));
    /// # Ok::<(), mapleaf::Error>(())
    /// ```
    pub fn end<P>(self, end: Bound<P>) -> KeyBounds<S, Bound<P>> {
        KeyBounds { start: self.start, end }
    }
}

impl<S, E> sealed::Sealed for KeyBounds<S, E> {}

impl<K: Key, S: Side<K>, E: Side<K>> KeyRange<K> for KeyBounds<S, E> {
    fn byte_bounds(&self) -> Result<ByteBounds> {
        let (mut start, mut end) = (KeyBuf::new(), KeyBuf::new());
        Ok(ByteBounds::between(self.start.encode_as_start(&mut start)?, self.end.encode_as_end(&mut end)?))
    }
}

/// A side of [`KeyBounds`] over keys of `K`: an end, or none.
pub trait Side<K: Key> {
    /// The encoded start of the range.
    ///
    /// # Errors
    /// As [`RangeEnd::encode_end`].
    fn encode_as_start<'b>(&'b self, buf: &'b mut KeyBuf) -> Result<Bound<Sought<'b>>>;

    /// The encoded end of the range.
    ///
    /// # Errors
    /// As [`RangeEnd::encode_end`].
    fn encode_as_end<'b>(&'b self, buf: &'b mut KeyBuf) -> Result<Bound<Sought<'b>>>;
}

impl<K: Key> Side<K> for NoEnd {
    fn encode_as_start<'b>(&'b self, _buf: &'b mut KeyBuf) -> Result<Bound<Sought<'b>>> {
        Ok(Bound::Unbounded)
    }

    fn encode_as_end<'b>(&'b self, _buf: &'b mut KeyBuf) -> Result<Bound<Sought<'b>>> {
        Ok(Bound::Unbounded)
    }
}

impl<K: Key, P: RangeEnd<K>> Side<K> for Bound<P> {
    fn encode_as_start<'b>(&'b self, buf: &'b mut KeyBuf) -> Result<Bound<Sought<'b>>> {
        encode_start(self.as_ref(), buf)
    }

    fn encode_as_end<'b>(&'b self, buf: &'b mut KeyBuf) -> Result<Bound<Sought<'b>>> {
        encode_end(self.as_ref(), buf)
    }
}
