//! What the code that `#[derive(Key)]` generates calls: keys are encoded by reference, field by field.

use std::fmt::Debug;
use std::marker::PhantomData;

use crate::error::{Error, Result};
use crate::key::alone::{bound_alone, decode_alone, encode_alone};
use crate::key::malformed::malformed;
use crate::key::option::{NONE, SOME};
use crate::key::reverse::invert;
use crate::key::{AnyKey, AsKey, Key, KeyAs, KeyBuf, Path, Position, Reverse, Timestamp};

/// Makes a struct, a newtype or an enum without data a key type, by an implementation of [`KeyAs`].
///
/// **Structs** have one to eight fields, named or not, whose types are [`KeyField`]s. The key is the tuple of the
/// fields in the order in which they are written, in its bytes and in its order; `#[derive(Ord)]` gives the same
/// order. Of the tuple it also has the prefixes and ranges: leading fields as a tuple are a prefix and an end of a
/// range, and a tuple of all fields can stand in for the struct there. Ends of different lengths are built by
/// [`KeyBounds`](crate::scan::KeyBounds).
///
/// ```
/// use mapleaf::scan::KeyBounds;
/// use mapleaf::{Dbi, Env, Key, Result};
///
/// #[derive(Clone, Debug, PartialEq, Key)]
/// #[key(name = "flight")]
/// struct Flight {
///     carrier: String,
///     number: u16,
/// }
///
/// # fn main() -> Result<()> {
/// let env = Env::temporary()?;
/// let seats: Dbi<Flight, u32> = env.dbi("seats")?;
/// let flight = |carrier: &str, number| Flight { carrier: carrier.into(), number };
/// env.transact(|txn| {
///     seats.put(txn, &flight("AA", 11), 150)?;
///     seats.put(txn, &flight("UA", 175), 168)?;
///     seats.put(txn, &flight("UA", 1545), 140)
/// })?;
///
/// let snap = env.snapshot()?;
/// assert_eq!(seats.get(&snap, &flight("UA", 175))?, Some(168));
/// assert_eq!(seats.prefix(&snap, ("UA",))?.count(), 2);
/// assert_eq!(seats.prefix_text(&snap, ("U",))?.count(), 2);
/// assert_eq!(seats.count(&snap, &flight("AA", 12)..)?, 2);
/// assert_eq!(seats.count(&snap, ("AA", 12)..("UA", 200))?, 1);
/// assert_eq!(seats.count(&snap, KeyBounds::new().at_least(("UA", 200)).at_most(("UA",)))?, 1);
/// # Ok(())
/// # }
/// ```
///
/// **Structs of one field**, such as newtypes, are that field: its bytes as an element of a tuple, its order. If it is
/// text or bytes, so are their prefixes: `prefix(&snap, "al")`.
///
/// **Enums** have no data, an integer `#[repr(...)]`, and a number for each variant. The number is stored, and is the
/// order. A stored number of no variant fails with `Decode`.
///
/// ```
/// use mapleaf::key::{AsKey, KeyBuf};
///
/// #[derive(Clone, Copy, Debug, mapleaf::Key)]
/// #[key(by_value)]
/// #[repr(u8)]
/// enum Level {
///     Low = 10,
///     High = 20,
/// }
///
/// let mut buf = KeyBuf::new();
/// assert_eq!(AsKey::<(Level, u8)>::encode_key(&(Level::High, 7), &mut buf)?, [20, 7]);
/// # Ok::<(), mapleaf::Error>(())
/// ```
///
/// The type also implements `Clone` and `Debug`. Reading a key makes an owned value, so text is copied; a DBI of the
/// tuple reads text without a copy. Implement [`KeyAs`] by hand where reading has to check more than the fields do.
///
/// # The attribute `#[key(...)]`
///
/// It is written above the type.
///
/// - `name = "..."`: the name in the schema, which is stored with the DBI. The default is the name of the type, without
///   its path, as it is written. A type of another name does not open the DBI: give a name to a type that may be
///   renamed. The schema's whole name is this name, `=`, and the name of the tuple or the field: `flight=(str,u16)`.
/// - `by_value`: `get` and `put` take the key, not a reference to it. Made for small types that are `Copy`.
///
/// # What does not compile
///
/// Unions, enums with data, structs without fields or with more than eight, parameters of any kind, unknown options,
/// and fields whose types are no key types, where the error points at the field's type:
///
/// ```compile_fail,E0277
/// #[derive(Clone, Debug)]
/// struct Point { x: i32, y: i32 }
///
/// #[derive(Clone, Debug, mapleaf::Key)]
/// struct Place { map: u32, at: Point }
/// ```
///
/// ```compile_fail,E0277
/// #[derive(Clone, Debug, mapleaf::Key)]
/// struct Place { map: u32, tags: Vec<String> }
/// ```
///
/// A derived key owns its fields, so it has no lifetime. Text in a key may be stored with an escaped NUL, of which
/// nothing could be borrowed:
///
/// ```compile_fail
/// #[derive(Clone, Debug, mapleaf::Key)]
/// struct Visit<'a> { user: u64, page: &'a str }
/// ```
///
/// Other values than leading fields are neither a prefix nor an end of a range:
///
/// ```compile_fail,E0277
/// # fn prefix<K: mapleaf::Key>(prefix: impl mapleaf::scan::KeyPrefix<K>) {}
/// #[derive(Clone, Debug, mapleaf::Key)]
/// struct Visit { user: u64, page: String }
/// prefix::<Visit>(("home",));
/// ```
pub use mapleaf_derive::Key;

/// A type that can be the type of a field of a derived key: a key type that owns its values.
///
/// Implemented for all key types but the borrowed ones, `&str` and `&[u8]`: for integers, floats, `bool`, `char`, `()`,
/// `String`, `Vec<u8>`, `[u8; N]`, [`Path`], [`AnyKey`], [`Timestamp`], for `Option`, [`Reverse`] and tuples of these,
/// and for every [`KeyAs`] type, derived or not. The bytes are those of the type as an element of a tuple.
///
/// ```
/// use mapleaf::key::KeyBuf;
/// use mapleaf::key::derived::KeyField;
///
/// let mut buf = KeyBuf::new();
/// (7u8, "a".to_owned()).encode_field(&mut buf)?;
/// assert_eq!(&buf[..], b"\x07a\x00\x01");
/// # Ok::<(), mapleaf::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a field of a derived key",
    label = "not a key type that owns its values",
    note = "fields are integers, floats, `bool`, `char`, `String`, `Vec<u8>`, `[u8; N]`, `Path`, `AnyKey`, `Timestamp`, `Option`, `Reverse` and tuples of these, and types with `#[derive(Key)]` or `KeyAs`"
)]
pub trait KeyField: Key<Owned = Self> + Clone + Debug + 'static {
    /// Appends the field's bytes.
    ///
    /// # Errors
    /// As [`Key::encode_part`].
    fn encode_field(&self, buf: &mut KeyBuf) -> Result<()>;

    /// Appends the field, whether it can be stored or not, and returns its position relative to the appended bytes.
    ///
    /// # Errors
    /// As [`AsKey::encode_bound_part`].
    fn encode_field_bound(&self, buf: &mut KeyBuf) -> Result<Position>;

    /// Reads the field and moves `bytes` past it.
    ///
    /// # Errors
    /// As [`Key::decode_part`].
    #[inline]
    fn decode_field(bytes: &mut &[u8]) -> Result<Self> {
        Ok(Self::own_part(Self::decode_part(bytes)?))
    }
}

/// For types whose keys are passed as owned values or as references to these.
macro_rules! key_field {
    ($([$($params:tt)*] $type:ty),+ $(,)?) => {
        $(impl<$($params)*> KeyField for $type {
            #[inline]
            fn encode_field(&self, buf: &mut KeyBuf) -> Result<()> {
                AsKey::<$type>::encode_key_part(self, buf)
            }

            #[inline]
            fn encode_field_bound(&self, buf: &mut KeyBuf) -> Result<Position> {
                AsKey::<$type>::encode_bound_part(self, buf)
            }
        })+
    };
}

key_field!([] u8, [] u16, [] u32, [] u64, [] u128, [] usize, [] i8, [] i16, [] i32, [] i64, [] i128, [] isize);
key_field!([] f32, [] f64, [] bool, [] char, [] (), [] String, [] Vec<u8>, [const N: usize] [u8; N]);
key_field!([] Path, [] AnyKey, [] Timestamp, [T: KeyAs] T);
#[cfg(feature = "uuid")]
key_field!([] uuid::Uuid);
#[cfg(feature = "jiff")]
key_field!([] jiff::Timestamp);
#[cfg(feature = "chrono")]
key_field!([] chrono::DateTime<chrono::Utc>);

impl<K: KeyField> KeyField for Option<K> {
    #[inline]
    fn encode_field(&self, buf: &mut KeyBuf) -> Result<()> {
        if let Some(key) = self {
            buf.push(SOME);
            key.encode_field(buf)
        } else {
            buf.push(NONE);
            Ok(())
        }
    }

    #[inline]
    fn encode_field_bound(&self, buf: &mut KeyBuf) -> Result<Position> {
        if let Some(key) = self {
            buf.push(SOME);
            key.encode_field_bound(buf)
        } else {
            buf.push(NONE);
            Ok(Position::At)
        }
    }
}

impl<K: KeyField> KeyField for Reverse<K> {
    fn encode_field(&self, buf: &mut KeyBuf) -> Result<()> {
        let start = buf.len();
        self.0.encode_field(buf)?;
        invert(buf.get_mut(start..).unwrap_or_default());
        Ok(())
    }

    fn encode_field_bound(&self, buf: &mut KeyBuf) -> Result<Position> {
        let start = buf.len();
        let position = self.0.encode_field_bound(buf)?;
        invert(buf.get_mut(start..).unwrap_or_default());
        Ok(position.reversed())
    }
}

macro_rules! tuple_field {
    ($($key:ident $index:tt),+) => {
        impl<$($key: KeyField),+> KeyField for ($($key,)+) {
            #[inline]
            fn encode_field(&self, buf: &mut KeyBuf) -> Result<()> {
                $(self.$index.encode_field(buf)?;)+
                Ok(())
            }

            #[inline]
            fn encode_field_bound(&self, buf: &mut KeyBuf) -> Result<Position> {
                $(
                    let position = self.$index.encode_field_bound(buf)?;
                    if position != Position::At {
                        return Ok(position);
                    }
                )+
                Ok(Position::At)
            }
        }
    };
}

tuple_field!(A 0);
tuple_field!(A 0, B 1);
tuple_field!(A 0, B 1, C 2);
tuple_field!(A 0, B 1, C 2, D 3);
tuple_field!(A 0, B 1, C 2, D 3, E 4);
tuple_field!(A 0, B 1, C 2, D 3, E 4, F 5);
tuple_field!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
tuple_field!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);

/// What the derive generates for the fields of a key.
#[doc(hidden)]
pub trait Fields: KeyAs {
    /// The width of all fields together, if all have one.
    const WIDTH: Option<usize>;

    /// Appends the schema name of the fields.
    fn name(out: &mut String);

    /// Appends all fields, as [`KeyField::encode_field`].
    fn encode(&self, buf: &mut KeyBuf) -> Result<()>;

    /// Appends the fields up to the first that cannot be stored, as [`KeyField::encode_field_bound`].
    fn encode_bound(&self, buf: &mut KeyBuf) -> Result<Position>;

    /// Reads all fields, as [`KeyField::decode_field`].
    fn decode(bytes: &mut &[u8]) -> Result<Self>;
}

/// The key type that a derived key is stored as: its fields. It does not name the fields' types, so these may be
/// private.
#[doc(hidden)]
pub struct Stored<T>(PhantomData<T>);

impl<T: Fields> Key for Stored<T> {
    type Arg<'a> = &'a T;
    type Ref<'a> = T;
    type Part<'a> = T;
    type Owned = T;
    const WIDTH: Option<usize> = T::WIDTH;

    fn name(out: &mut String) {
        T::name(out);
    }

    fn encode<'b>(key: &'b &T, buf: &'b mut KeyBuf) -> Result<&'b [u8]> {
        encode_alone(buf, |buf| key.encode(buf))
    }

    #[inline]
    fn encode_part(key: &&T, buf: &mut KeyBuf) -> Result<()> {
        key.encode(buf)
    }

    fn decode(bytes: &[u8]) -> Result<T> {
        decode_alone(bytes, "derived", |bytes| T::decode(bytes))
    }

    #[inline]
    fn decode_part(bytes: &mut &[u8]) -> Result<T> {
        let mut rest = *bytes;
        let key = T::decode(&mut rest)?;
        *bytes = rest;
        Ok(key)
    }

    fn own(key: T) -> T {
        key
    }

    fn own_part(part: T) -> T {
        part
    }
}

impl<T: Fields> AsKey<Stored<T>> for &T {
    fn encode_key<'b>(&'b self, buf: &'b mut KeyBuf) -> Result<&'b [u8]> {
        <Stored<T> as Key>::encode(self, buf)
    }

    #[inline]
    fn encode_key_part(&self, buf: &mut KeyBuf) -> Result<()> {
        (**self).encode(buf)
    }

    fn encode_bound<'b>(&'b self, buf: &'b mut KeyBuf) -> Result<(&'b [u8], Position)> {
        bound_alone(buf, |buf| (**self).encode_bound(buf))
    }

    #[inline]
    fn encode_bound_part(&self, buf: &mut KeyBuf) -> Result<Position> {
        (**self).encode_bound(buf)
    }
}

/// The error for a stored number that no variant of the enum `name` has.
#[doc(hidden)]
#[cold]
#[must_use]
pub fn no_variant(name: &str) -> Error {
    malformed(name, "its number is that of no variant")
}
