//! What a value type is: bytes in the file, and the borrowed form they are read as.

use crate::error::Result;

/// Where a value stands: what a codec may bind to it.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    env: &'a [u8; 16],
    dbi: &'a str,
    key: &'a [u8],
}

impl<'a> Context<'a> {
    /// The place of the value of `key` in the DBI `dbi` of the environment with UUID `env`.
    #[must_use]
    pub fn new(env: &'a [u8; 16], dbi: &'a str, key: &'a [u8]) -> Self {
        Self { env, dbi, key }
    }

    /// The environment's UUID, 16 bytes.
    #[must_use]
    pub fn env(&self) -> &'a [u8; 16] {
        self.env
    }

    /// The DBI's name.
    #[must_use]
    pub fn dbi(&self) -> &'a str {
        self.dbi
    }

    /// The key, encoded.
    #[must_use]
    pub fn key(&self) -> &'a [u8] {
        self.key
    }
}

/// A type whose values can be stored under a key: those in the table of [the module](crate::value), and codecs of your own.
///
/// Bytes are stored as they come, at any address: a value that is read begins at no multiple of anything. A codec that casts
/// bytes to numbers or structs in place copies them first, or takes unaligned ones.
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
    /// What is passed in: `&'a [u8]` for bytes, the number itself for numbers, `&'a T` for `Msgpack<T>`.
    type Arg<'a>;
    /// What is read; bytes and text are borrowed from the map.
    type Ref<'a>;
    /// What outlives the snapshot.
    type Owned: 'static;

    /// Writes the name of the encoding, as the schema keeps it.
    fn name(out: &mut String);

    /// The value's bytes. Bytes and text are themselves, without a copy; others are written to `buf`, which is empty.
    ///
    /// # Errors
    /// `Encode` when the value cannot be written.
    fn encode<'b>(value: &'b Self::Arg<'_>, context: &Context<'_>, buf: &'b mut Vec<u8>) -> Result<&'b [u8]>;

    /// Reads a value; all of `bytes` must be used.
    ///
    /// # Errors
    /// `Decode` when `bytes` are not what `encode` writes. Hostile bytes are an error, never a panic.
    fn decode<'a>(bytes: &'a [u8], context: &Context<'_>) -> Result<Self::Ref<'a>>;

    /// Makes a value that was read outlive its snapshot.
    fn own(value: Self::Ref<'_>) -> Self::Owned;

    /// The owned form as it is passed in.
    fn as_arg(owned: &Self::Owned) -> Self::Arg<'_>;
}

/// Anything that can be stored as a value of `V`: the argument form, and in iterators references and owned forms.
///
/// Sealed in effect: the engine implements it beside each of its value types.
#[diagnostic::on_unimplemented(message = "`{Self}` is not a `{V}` value", label = "this is not a `{V}` value")]
pub trait AsValue<V: ?Sized> {
    /// The value's bytes.
    ///
    /// # Errors
    /// As [`Value::encode`].
    fn encode_value<'b>(&'b self, context: &Context<'_>, buf: &'b mut Vec<u8>) -> Result<&'b [u8]>;
}
