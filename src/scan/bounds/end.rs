//! One end of a range of keys: a whole key, or the leading elements of a tuple.

use crate::error::Result;
use crate::key::{AsKey, Key, KeyBuf, Position};
use crate::scan::bounds::leading::for_leading_elements;

/// An end of a [`KeyRange`](crate::scan::KeyRange) over keys of `K`: any key of `K`, or leading elements of a tuple
/// key, such as `("nc", t0)` for `(&str, i64, u32)`.
///
/// Implemented for all [`AsKey<K>`](AsKey), for the leading elements of tuple keys, and for the leading fields of keys
/// with `#[derive(mapleaf::Key)]`. For a [`KeyAs`](crate::KeyAs) type that is written by hand, implement it by the form
/// that the type is stored as:
///
/// ```
/// use mapleaf::key::{KeyBuf, Position};
/// use mapleaf::scan::RangeEnd;
/// use mapleaf::{Dbi, Env, KeyAs, Result};
///
/// #[derive(Clone, Debug)]
/// struct Flight { day: u16, number: u16 }
///
/// impl KeyAs for Flight {
///     type As = (u16, u16);
///     type Arg<'a> = &'a Flight;
///     const NAME: &'static str = "flight";
///     fn to_key(&self) -> (u16, u16) {
///         (self.day, self.number)
///     }
///     fn from_key((day, number): (u16, u16)) -> Result<Self> {
///         Ok(Self { day, number })
///     }
/// }
///
/// impl RangeEnd<Flight> for (u16,) {
///     const WHOLE: bool = false;
///     fn encode_end<'b>(&'b self, buf: &'b mut KeyBuf) -> Result<(&'b [u8], Position)> {
///         RangeEnd::<(u16, u16)>::encode_end(self, buf)
///     }
/// }
///
/// # fn main() -> Result<()> {
/// # let env = Env::temporary()?;
/// let seats: Dbi<Flight, u32> = env.dbi("seats")?;
/// env.transact(|txn| (1..=4).try_for_each(|day| seats.put(txn, &Flight { day, number: 7 }, 150)))?;
/// // From the first flight of a day to the last of another.
/// assert_eq!(seats.count(&env.snapshot()?, (2,)..=(3,))?, 2);
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an end of a range of `{K}` keys",
    label = "neither a `{K}` key nor leading elements of one",
    note = "an end is a whole key or, for a tuple key, its leading elements: `(a,)..`, `(a, b)..=(a, c)`"
)]
pub trait RangeEnd<K: Key> {
    /// Whether this is a whole key. If not, it represents all keys that begin with it.
    const WHOLE: bool;

    /// The encoded bytes of the end, and its position relative to them. Empty bytes, as of empty text, sort before
    /// all keys.
    ///
    /// # Errors
    /// `InvalidKey` for a value that has no position in the order (NaN).
    fn encode_end<'b>(&'b self, buf: &'b mut KeyBuf) -> Result<(&'b [u8], Position)>;
}

impl<K: Key, P: AsKey<K>> RangeEnd<K> for P {
    const WHOLE: bool = true;

    #[inline]
    fn encode_end<'b>(&'b self, buf: &'b mut KeyBuf) -> Result<(&'b [u8], Position)> {
        self.encode_bound(buf)
    }
}

macro_rules! leading_end {
    // A tuple of all elements is a whole key, which the implementation above covers, so this case implements nothing.
    (($($before:tt)*) $last:tt ()) => {};
    (($([$a:ident $p:ident $i:tt])*) [$b:ident $q:ident $j:tt] ($([$c:ident $r:ident $k:tt])+)) => {
        impl<$($a: Key,)* $b: Key, $($c: Key,)+ $($p: AsKey<$a>,)* $q: AsKey<$b>>
            RangeEnd<($($a,)* $b, $($c,)+)> for ($($p,)* $q,)
        {
            const WHOLE: bool = false;

            fn encode_end<'b>(&'b self, buf: &'b mut KeyBuf) -> Result<(&'b [u8], Position)> {
                buf.clear();
                $(
                    let position = self.$i.encode_bound_part(buf)?;
                    if position != Position::At {
                        return Ok((buf, position));
                    }
                )*
                let position = self.$j.encode_bound_part(buf)?;
                Ok((buf, position))
            }
        }
    };
}

for_leading_elements!(leading_end);
