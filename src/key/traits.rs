//! The traits of key types: order-preserving bytes, and the borrowed form that keys are read as.

use std::borrow::Borrow;
use std::fmt::Debug;

use smallvec::SmallVec;

use crate::error::Result;

/// The buffer that a key is encoded into: 512 bytes on the stack, more on the heap.
///
/// A key of up to 511 bytes, LMDB's default maximum, allocates nothing.
pub type KeyBuf = SmallVec<[u8; 512]>;

/// A type whose values can be keys: `a < b` exactly when the bytes of `a` come before the bytes of `b`.
///
/// Mapleaf implements it for integers, floats, text, bytes, tuples and more. Your own type gets it by
/// `#[derive(mapleaf::Key)]`, or by implementing [`KeyAs`], which has five items. Byte formats are
/// frozen: see [`file_format`](crate::file_format).
///
/// ```
/// use mapleaf::key::{Key, KeyBuf};
///
/// let mut buf = KeyBuf::new();
/// let bytes = <(u8, &str)>::encode(&(7, "home"), &mut buf)?;
/// assert_eq!(bytes, b"\x07home\x00\x01");
///
/// let (user, page) = <(u8, &str)>::decode(bytes)?;
/// assert_eq!((user, &*page), (7, "home"));
/// # Ok::<(), mapleaf::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a key type",
    note = "key types are integers, floats, `bool`, `char`, `&str`, `String`, `&[u8]`, `Vec<u8>`, `[u8; N]`, tuples, `Option`, `Reverse`, `Path`, `AnyKey`, `Timestamp`; for a type of your own write `#[derive(mapleaf::Key)]` or implement `KeyAs`"
)]
pub trait Key: Sized {
    /// The type passed as an argument: `&'a str` for text, the number itself for numbers, tuples of these.
    type Arg<'a>: AsKey<Self>;
    /// The type read when the key stands alone; text is borrowed from the map.
    type Ref<'a>: Clone + Debug;
    /// The type read inside a tuple; text is `Cow<'a, str>`, since a zero byte in it is escaped.
    type Part<'a>: Clone + Debug;
    /// The owned type, which outlives the snapshot.
    type Owned: Clone + Debug + 'static;
    /// The width of every key in bytes, if it is fixed: integers, floats, arrays, tuples of them.
    const WIDTH: Option<usize>;

    /// Appends the name of the encoding, as stored in the schema.
    fn name(out: &mut String);

    /// The bytes of a key that stands alone. Text and bytes are returned without a copy; other types overwrite `buf`.
    ///
    /// # Errors
    /// `InvalidKey` for a value that has no position in the order (NaN), or that cannot be stored (empty).
    fn encode<'b>(key: &'b Self::Arg<'_>, buf: &'b mut KeyBuf) -> Result<&'b [u8]>;

    /// Appends the key's bytes as an element of a tuple. No such encoding is a prefix of another.
    ///
    /// # Errors
    /// `InvalidKey` for a value that has no position in the order (NaN). Bytes appended before the error stay in
    /// `buf`.
    fn encode_part(key: &Self::Arg<'_>, buf: &mut KeyBuf) -> Result<()>;

    /// Reads a key that stands alone. It must use all of `bytes`.
    ///
    /// # Errors
    /// `Decode` when `bytes` are not a result of `encode`.
    fn decode(bytes: &[u8]) -> Result<Self::Ref<'_>>;

    /// Reads an element of a tuple and moves `bytes` past it.
    ///
    /// # Errors
    /// `Decode` when `bytes` do not begin with a result of `encode_part`.
    fn decode_part<'a>(bytes: &mut &'a [u8]) -> Result<Self::Part<'a>>;

    /// Converts a key that was read alone to its owned type.
    fn own(key: Self::Ref<'_>) -> Self::Owned;

    /// Converts a key that was read inside a tuple to its owned type.
    fn own_part(part: Self::Part<'_>) -> Self::Owned;
}

/// Your own key type, stored as another key type. It has five items, and every method accepts it.
///
/// `#[derive(mapleaf::Key)]` implements it for structs, newtypes and enums without data. Implement it
/// by hand where reading a key has to check more than its fields do.
///
/// The order is that of [`As`](Self::As); `to_key` must preserve it. The bytes are those of `As` as an element of a
/// tuple, even when the key stands alone. The schema's name is `NAME=` followed by that of `As`.
///
/// ```
/// use mapleaf::key::{AsKey, KeyAs, KeyBuf};
///
/// #[derive(Clone, Copy, Debug)]
/// struct Port(u16);
///
/// impl KeyAs for Port {
///     type As = u16;
///     type Arg<'a> = Port;
///     const NAME: &'static str = "port";
///     fn to_key(&self) -> u16 {
///         self.0
///     }
///     fn from_key(key: u16) -> mapleaf::Result<Self> {
///         Ok(Self(key))
///     }
/// }
///
/// let mut buf = KeyBuf::new();
/// assert_eq!(AsKey::<(Port, &str)>::encode_key(&(Port(443), "tls"), &mut buf)?, b"\x01\xBBtls\x00\x01");
/// # Ok::<(), mapleaf::Error>(())
/// ```
pub trait KeyAs: Clone + Debug + 'static {
    /// The key type that it is stored as.
    type As: Key;
    /// The type passed as an argument: usually `Self` for small types or `&'a Self`.
    type Arg<'a>: Borrow<Self> + AsKey<Self>;
    /// The name in the schema. Opening a DBI whose schema has another name fails.
    const NAME: &'static str;

    /// Converts to the stored form.
    fn to_key(&self) -> <Self::As as Key>::Arg<'_>;

    /// Converts from the stored form.
    ///
    /// # Errors
    /// `Decode` for a stored key that is not a value of this type.
    fn from_key(key: <Self::As as Key>::Part<'_>) -> Result<Self>;
}

/// Anything that can be passed as a key of `K`: its [`Arg`](Key::Arg), and, so that rows of an iterator can be passed
/// on, references to it and its owned form (`&String` for text, `&u64`).
///
/// Sealed: mapleaf implements it for its own types, [`KeyAs`] for yours.
///
/// A key of another type does not compile:
///
/// ```compile_fail,E0277
/// # fn get<K>(key: impl mapleaf::key::AsKey<K>) {}
/// get::<(u64, &str)>((7, 8));
/// ```
#[diagnostic::on_unimplemented(message = "`{Self}` is not a `{K}` key", label = "this is not a `{K}` key")]
pub trait AsKey<K: ?Sized> {
    /// The bytes of a key that stands alone.
    ///
    /// # Errors
    /// As [`Key::encode`].
    fn encode_key<'b>(&'b self, buf: &'b mut KeyBuf) -> Result<&'b [u8]>;

    /// The position in the order of a key that stands alone, whether it can be stored or not: bytes, and the key's
    /// position relative to them. For empty text and empty bytes the bytes are empty, and come before all others.
    ///
    /// # Errors
    /// `InvalidKey` for a value that has no position in the order (NaN).
    fn encode_bound<'b>(&'b self, buf: &'b mut KeyBuf) -> Result<(&'b [u8], Position)> {
        self.encode_key(buf).map(|bytes| (bytes, Position::At))
    }

    /// Appends the key's bytes as an element of a tuple.
    ///
    /// # Errors
    /// As [`Key::encode_part`].
    fn encode_key_part(&self, buf: &mut KeyBuf) -> Result<()>;

    /// Appends the key as an element of a tuple, whether it can be stored or not, and returns its position relative
    /// to the appended bytes. Unless that is [`At`](Position::At), the elements after it do not affect the order.
    ///
    /// # Errors
    /// As [`encode_bound`](Self::encode_bound).
    fn encode_bound_part(&self, buf: &mut KeyBuf) -> Result<Position> {
        self.encode_key_part(buf).map(|()| Position::At)
    }
}

/// The position of a key relative to its encoded bytes, for a search whose key need not be storable.
///
/// A key that can be stored equals its bytes. One that cannot, such as a time outside the range of 64-bit
/// nanoseconds, still has a position in the order: below or above all keys that begin with certain bytes.
///
/// ```
/// use mapleaf::key::{AsKey, KeyBuf, Position};
/// let mut buf = KeyBuf::new();
/// assert_eq!(AsKey::<u16>::encode_bound(&7, &mut buf)?, (&[0, 7][..], Position::At));
/// assert_eq!(AsKey::<&str>::encode_bound(&"", &mut buf)?, (&[][..], Position::At));
/// # Ok::<(), mapleaf::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Position {
    /// The key equals the bytes.
    At,
    /// The key is below all keys that begin with the bytes, and above all keys below those.
    Below,
    /// The key is above all keys that begin with the bytes, and below all keys above those.
    Above,
}

impl Position {
    /// The position in descending order.
    pub(super) const fn reversed(self) -> Self {
        match self {
            Self::At => Self::At,
            Self::Below => Self::Above,
            Self::Above => Self::Below,
        }
    }
}
