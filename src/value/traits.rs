//! The traits of value types: bytes in the file, and the borrowed form that values are read as.

use crate::error::Result;

/// The position of a value, which a codec may bind to it.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    env: &'a [u8; 16],
    dbi: &'a str,
    key: &'a [u8],
}

impl<'a> Context<'a> {
    /// The position of the value of `key` in the DBI `dbi` of the environment with UUID `env`.
    #[must_use]
    pub fn new(env: &'a [u8; 16], dbi: &'a str, key: &'a [u8]) -> Self {
        Self { env, dbi, key }
    }

    /// The environment's UUID, 16 bytes.
    #[must_use]
    pub fn env(&self) -> &'a [u8; 16] {
        self.env
    }

    /// The name that the DBI was created with: renaming the DBI does not change it.
    #[must_use]
    pub fn dbi(&self) -> &'a str {
        self.dbi
    }

    /// The encoded key.
    #[must_use]
    pub fn key(&self) -> &'a [u8] {
        self.key
    }
}

/// A type whose values can be stored under a key: the types in the table of [the module](crate::value), and your own
/// codecs.
///
/// A value may begin at any address. Only a value that has pages of its own is aligned, to 16 bytes, once it is
/// committed: one that has, with its key, more than 2,030 bytes if pages have 4 KiB. A codec that casts bytes to
/// numbers or structs must copy them first, or use unaligned reads, as `Zerocopy<T>` and `Pod<T>` do;
/// `ZerocopySlice<T>` and `PodSlice<T>` copy only values that are not aligned.
///
/// A codec for all types that another crate serializes takes ten lines. All verbs accept a `&T` then:
///
/// ```
/// # use mapleaf::value::{Context, Value};
/// # use mapleaf::{Dbi, Env, Error, ErrorKind, Result};
/// # use serde::{Serialize, de::DeserializeOwned};
/// struct Postcard<T>(std::marker::PhantomData<T>);
///
/// impl<T: Serialize + DeserializeOwned + 'static> Value for Postcard<T> {
///     type Arg<'a> = &'a T;
///     type Ref<'a> = T;
///     type Owned = T;
///     fn name(out: &mut String) { out.push_str("postcard") }
///     fn encode<'b>(value: &'b &T, _: &Context<'_>, buf: &'b mut Vec<u8>) -> Result<&'b [u8]> {
///         *buf = postcard::to_stdvec(value).map_err(|cause| Error::new(ErrorKind::Encode, cause.to_string()))?;
///         Ok(buf)
///     }
///     fn decode(bytes: &[u8], _: &Context<'_>) -> Result<T> {
///         postcard::from_bytes(bytes).map_err(|cause| Error::new(ErrorKind::Decode, cause.to_string()))
///     }
///     fn own(value: T) -> T { value }
///     fn as_arg(owned: &T) -> &T { owned }
/// }
///
/// # fn main() -> Result<()> {
/// let env = Env::temporary()?;
/// let users: Dbi<u64, Postcard<(String, u32)>> = env.dbi("users")?;
/// let (ann, bob) = (("ann".to_owned(), 42), ("bob".to_owned(), 3));
/// env.transact(|txn| users.load(txn, [(1, &ann), (2, &bob)]))?;
/// assert_eq!(users.get(&env.snapshot()?, 1)?, Some(ann));
/// # Ok(())
/// # }
/// ```
///
/// A codec of one type:
///
/// ```
/// use mapleaf::value::{Context, Value};
/// use mapleaf::{Dbi, Env, Error, ErrorKind, Result};
///
/// /// Three bytes.
/// struct Colour;
///
/// impl Value for Colour {
///     type Arg<'a> = (u8, u8, u8);
///     type Ref<'a> = (u8, u8, u8);
///     type Owned = (u8, u8, u8);
///
///     fn name(out: &mut String) {
///         out.push_str("colour");
///     }
///
///     fn encode<'b>(&(r, g, b): &'b Self::Arg<'_>, _: &Context<'_>, buf: &'b mut Vec<u8>) -> Result<&'b [u8]> {
///         buf.extend([r, g, b]);
///         Ok(buf)
///     }
///
///     fn decode<'a>(bytes: &'a [u8], _: &Context<'_>) -> Result<Self::Ref<'a>> {
///         match *bytes {
///             [r, g, b] => Ok((r, g, b)),
///             _ => Err(Error::new(ErrorKind::Decode, "not a colour; write three bytes")),
///         }
///     }
///
///     fn own(value: Self::Ref<'_>) -> Self::Owned {
///         value
///     }
///
///     fn as_arg(owned: &Self::Owned) -> Self::Arg<'_> {
///         *owned
///     }
/// }
///
/// # fn main() -> Result<()> {
/// let env = Env::temporary()?;
/// let walls: Dbi<&str, Colour> = env.dbi("walls")?;
/// env.transact(|txn| walls.put(txn, "kitchen", (255, 250, 240)))?;
/// assert_eq!(walls.get(&env.snapshot()?, "kitchen")?, Some((255, 250, 240)));
/// # Ok(())
/// # }
/// ```
#[doc(alias = "codec")]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a value type",
    note = "value types are integers, floats, `bool`, `()`, `&str`, `String`, `&[u8]`, `Vec<u8>`, `[u8; N]`, and `Msgpack<T>`, `MsgpackCompact<T>`, `Json<T>` around a serde type"
)]
pub trait Value {
    /// The type passed as an argument: `&'a [u8]` for bytes, the number itself for numbers, `&'a T` for `Msgpack<T>`.
    type Arg<'a>;
    /// The type read; bytes and text are borrowed from the map.
    type Ref<'a>;
    /// The owned type, which outlives the snapshot.
    type Owned: 'static;

    /// Appends the name of the encoding, as stored in the schema.
    fn name(out: &mut String);

    /// The value's bytes. Bytes and text are returned without a copy; other types are written to `buf`, which is
    /// empty.
    ///
    /// # Errors
    /// `Encode` when the value cannot be encoded.
    fn encode<'b>(value: &'b Self::Arg<'_>, context: &Context<'_>, buf: &'b mut Vec<u8>) -> Result<&'b [u8]>;

    /// Reads a value. It must use all of `bytes`.
    ///
    /// # Errors
    /// `Decode` when `bytes` are not a result of `encode`. Malicious bytes give an error, never a panic.
    fn decode<'a>(bytes: &'a [u8], context: &Context<'_>) -> Result<Self::Ref<'a>>;

    /// Converts a value that was read to its owned type.
    fn own(value: Self::Ref<'_>) -> Self::Owned;

    /// The owned value as an argument.
    fn as_arg(owned: &Self::Owned) -> Self::Arg<'_>;
}

/// Anything that can be stored as a value of `V`: its [`Arg`](Value::Arg), and, so that rows of an iterator can be
/// passed on, other forms: a reference to it or its owned form.
///
/// The `Arg` of every value type has it, also that of your own codecs. mapleaf implements it for the other forms of its
/// value types.
#[diagnostic::on_unimplemented(message = "`{Self}` is not a `{V}` value", label = "this is not a `{V}` value")]
pub trait AsValue<V: ?Sized> {
    /// The value's bytes.
    ///
    /// # Errors
    /// As [`Value::encode`].
    fn encode_value<'b>(&'b self, context: &Context<'_>, buf: &'b mut Vec<u8>) -> Result<&'b [u8]>;
}

impl<V: Value> AsValue<V> for V::Arg<'_> {
    #[inline]
    fn encode_value<'b>(&'b self, context: &Context<'_>, buf: &'b mut Vec<u8>) -> Result<&'b [u8]> {
        V::encode(self, context, buf)
    }
}
