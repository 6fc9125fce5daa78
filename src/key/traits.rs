//! What a key type is: order-preserving bytes, and the borrowed form they are read as.

use std::borrow::Borrow;
use std::fmt::Debug;

use smallvec::SmallVec;

use crate::error::Result;

/// Where a key is encoded: 512 bytes on the stack, more on the heap.
///
/// A key of up to 511 bytes, the most that LMDB takes by default, allocates nothing.
pub type KeyBuf = SmallVec<[u8; 512]>;

/// A type whose values are keys: `a < b` exactly when the bytes of `a` come before the bytes of `b`.
///
/// The engine implements it for integers, floats, text, bytes, tuples and more; a type of your own gets it by
/// [`KeyAs`], in five items. Byte formats are frozen: see `docs/format.md`.
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
    note = "key types are integers, floats, `bool`, `char`, `&str`, `String`, `&[u8]`, `Vec<u8>`, `[u8; N]`, tuples, `Option`, `Reverse`, `Path`, `AnyKey`, `Timestamp`; implement `KeyAs` for a type of your own"
)]
pub trait Key: Sized {
    /// What is passed in: `&'a str` for text, the number itself for numbers, tuples of these.
    type Arg<'a>: AsKey<Self>;
    /// What is read when the key stands alone; text is borrowed from the map.
    type Ref<'a>: Clone + Debug;
    /// What is read inside a tuple; text is `Cow<'a, str>`, since a zero byte in it is escaped.
    type Part<'a>: Clone + Debug;
    /// What outlives the snapshot.
    type Owned: Clone + Debug + 'static;
    /// The width of every key in bytes, when there is one: integers, floats, arrays, tuples of them.
    const WIDTH: Option<usize>;

    /// Writes the name of the encoding, as the schema keeps it.
    fn name(out: &mut String);

    /// The key's bytes, standing alone. Text and bytes are themselves, without a copy; others overwrite `buf`.
    ///
    /// # Errors
    /// `InvalidKey` for a value that has no place in the order (NaN), or none in the file (empty).
    fn encode<'b>(key: &'b Self::Arg<'_>, buf: &'b mut KeyBuf) -> Result<&'b [u8]>;

    /// Appends the key's bytes as an element of a tuple: no encoding is a prefix of another.
    ///
    /// # Errors
    /// `InvalidKey` for a value that has no place in the order (NaN). What was appended until then stays in `buf`.
    fn encode_part(key: &Self::Arg<'_>, buf: &mut KeyBuf) -> Result<()>;

    /// Reads a key that stands alone; all of `bytes` must be used.
    ///
    /// # Errors
    /// `Decode` when `bytes` are not what `encode` writes.
    fn decode(bytes: &[u8]) -> Result<Self::Ref<'_>>;

    /// Reads an element of a tuple and moves `bytes` behind it.
    ///
    /// # Errors
    /// `Decode` when `bytes` do not begin with what `encode_part` writes.
    fn decode_part<'a>(bytes: &mut &'a [u8]) -> Result<Self::Part<'a>>;

    /// Makes a key that was read alone outlive its snapshot.
    fn own(key: Self::Ref<'_>) -> Self::Owned;

    /// Makes a key that was read inside a tuple outlive its snapshot.
    fn own_part(part: Self::Part<'_>) -> Self::Owned;
}

/// A key type of your own, stored as another: five items, and every verb takes it.
///
/// The order is that of [`As`](Self::As); `to_key` must keep it. The bytes are those of `As` as an element of a tuple, also
/// when the key stands alone, and the schema's name is `NAME=` followed by that of `As`.
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
    /// What is passed in: usually `Self` for small types or `&'a Self`.
    type Arg<'a>: Borrow<Self> + AsKey<Self>;
    /// The name in the schema. A DBI opened with another name is refused.
    const NAME: &'static str;

    /// The stored form.
    fn to_key(&self) -> <Self::As as Key>::Arg<'_>;

    /// Reads the stored form.
    ///
    /// # Errors
    /// `Decode` for a stored key that is not a value of this type.
    fn from_key(key: <Self::As as Key>::Part<'_>) -> Result<Self>;
}

/// Anything that can be passed where a key of `K` is wanted: the argument form itself and, in iterators, references to
/// it and owned forms (`&String` for text, `&u64`).
///
/// Sealed: the engine implements it for its own types, [`KeyAs`] for yours.
///
/// A key of another type does not compile:
///
/// ```compile_fail,E0277
/// # fn get<K>(key: impl mapleaf::key::AsKey<K>) {}
/// get::<(u64, &str)>((7, 8));
/// ```
#[diagnostic::on_unimplemented(message = "`{Self}` is not a `{K}` key", label = "this is not a `{K}` key")]
pub trait AsKey<K: ?Sized> {
    /// The key's bytes, standing alone.
    ///
    /// # Errors
    /// As [`Key::encode`].
    fn encode_key<'b>(&'b self, buf: &'b mut KeyBuf) -> Result<&'b [u8]>;

    /// The key by its place in the order, standing alone, whether it can be stored or not: its bytes, and where it stands
    /// to them. Empty text and bytes have no bytes, and come before all others.
    ///
    /// # Errors
    /// `InvalidKey` for a value that has no place in the order (NaN).
    fn encode_bound<'b>(&'b self, buf: &'b mut KeyBuf) -> Result<(&'b [u8], Position)> {
        self.encode_key(buf).map(|bytes| (bytes, Position::At))
    }

    /// Appends the key's bytes as an element of a tuple.
    ///
    /// # Errors
    /// As [`Key::encode_part`].
    fn encode_key_part(&self, buf: &mut KeyBuf) -> Result<()>;

    /// Appends the key by its place in the order, as an element of a tuple, and says where it stands to what was appended.
    /// Unless it stands [`At`](Position::At) it, what follows in the tuple says nothing more.
    ///
    /// # Errors
    /// As [`encode_bound`](Self::encode_bound).
    fn encode_bound_part(&self, buf: &mut KeyBuf) -> Result<Position> {
        self.encode_key_part(buf).map(|()| Position::At)
    }
}

/// Where a key stands to bytes that were written for it, when it is looked for and need not be there.
///
/// A key that can be stored is its bytes. One that cannot, such as a time that nanoseconds in 64 bits do not reach, still has
/// a place in the order: below or above all keys that begin with some bytes.
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
    /// The bytes are those of the key.
    At,
    /// The key is below whatever begins with the bytes, and above all that is below them.
    Below,
    /// The key is above whatever begins with the bytes, and below all that is above it.
    Above,
}
