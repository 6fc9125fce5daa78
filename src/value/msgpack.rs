//! `Msgpack<T>`: any serde type as `MessagePack`, with fields by name.

use std::fmt::Display;
use std::io::ErrorKind::UnexpectedEof;
use std::marker::PhantomData;

use rmp_serde::decode;
use rmp_serde::encode;
use serde::de::{Deserialize, DeserializeOwned, DeserializeSeed};
use serde::ser::Serialize;

use super::limit::checked;
use super::nesting::{Asked, Doubt, Floats, Format, Reading, limited_reader, write_limited};
use super::plain::OPEN_RIGHT;
use super::serde_value::{Codec, serde_value, write_as, write_checked, written_as};
use super::traits::{AsValue, Context, Value};
use crate::error::{Error, ErrorKind, Result};

/// A serde type, stored as `MessagePack` with structs as maps from field names.
///
/// Since fields are found by name, a struct may reorder them, add one with `#[serde(default)]`, and remove one:
/// unknown fields are skipped. Values of earlier versions stay readable. [`MsgpackCompact`](super::MsgpackCompact)
/// omits the names.
///
/// `Msgpack<T>` is only a marker in types such as `Dbi<&str, Msgpack<T>>`; no value of it exists. You pass a `&T` and
/// read a `T`. [`decode_as`] reads into types that borrow their text from the stored bytes.
///
/// To serde, a `Vec<u8>` or `&[u8]` inside `T` is an array of numbers of up to two bytes each. If the field calls
/// `serialize_bytes`, as the crate `serde_bytes` does, it is stored as one byte string and can be borrowed.
///
/// ```
/// use mapleaf::value::{Context, Msgpack, Value};
///
/// #[derive(serde::Serialize, serde::Deserialize)]
/// struct Session { user: u64 }
///
/// #[derive(serde::Deserialize)]
/// struct SessionV2 { #[serde(default)] device: String, user: u64 }
///
/// let (context, mut buf) = (Context::new(&[0; 16], "sessions", b"k"), Vec::new());
/// let bytes = Msgpack::<Session>::encode(&&Session { user: 123 }, &context, &mut buf)?;
/// assert_eq!(bytes, b"\x81\xa4user\x7b");
/// let newer: SessionV2 = mapleaf::value::decode_as(bytes)?;
/// assert_eq!((newer.user, newer.device.as_str()), (123, ""));
/// # Ok::<(), mapleaf::Error>(())
/// ```
pub struct Msgpack<T>(PhantomData<fn() -> T>);

serde_value!(Msgpack, "msgpack", write_named, decode_as);
written_as!(Msgpack, codec, encode_named);

/// Reads the bytes of a [`Msgpack`] or [`MsgpackCompact`](super::MsgpackCompact) value as a `U` that may borrow from
/// them: a `&'a str` in it is a part of `bytes`, not a copy, and so is a `&'a [u8]` whose field was stored as bytes.
///
/// Allocates only what `U` allocates. Fields that `U` does not have are skipped without being built.
///
/// # Errors
/// `Decode` when `bytes` are not one `MessagePack` value of the type, have trailing bytes, or are nested deeper than
/// [`MAX_DEPTH`](super::MAX_DEPTH).
///
/// ```
/// #[derive(serde::Deserialize)]
/// struct Name<'a> { name: &'a str }
///
/// let stored = b"\x82\xa2id\x07\xa4name\xa4Oslo";
/// let place: Name<'_> = mapleaf::value::decode_as(stored)?;
/// assert_eq!(place.name, "Oslo");
/// # Ok::<(), mapleaf::Error>(())
/// ```
pub fn decode_as<'a, U: Deserialize<'a>>(bytes: &'a [u8]) -> Result<U> {
    read_within(bytes, &Reading::of(bytes.len()))
}

pub(super) fn read_within<'a, U: Deserialize<'a>>(bytes: &'a [u8], reading: &Reading) -> Result<U> {
    read_seed_within(bytes, PhantomData::<U>, reading)
}

/// Reads the bytes with a seed.
pub(super) fn read_seed<'a, S: DeserializeSeed<'a>>(bytes: &'a [u8], seed: S) -> Result<S::Value> {
    read_seed_within(bytes, seed, &Reading::of(bytes.len()))
}

#[inline]
fn read_seed_within<'a, S: DeserializeSeed<'a>>(bytes: &'a [u8], seed: S, reading: &Reading) -> Result<S::Value> {
    let mut reader = rmp_serde::Deserializer::from_read_ref(bytes);
    let value = seed.deserialize(limited_reader(&mut reader, reading)).map_err(not_decoded)?;
    // The reader does not report its position, so read one more marker to find bytes after the value. That fails with
    // `UnexpectedEof` if all bytes were read, and only then.
    match bool::deserialize(&mut reader) {
        Err(decode::Error::InvalidMarkerRead(cause)) if cause.kind() == UnexpectedEof => Ok(value),
        _ => Err(not_this_type("bytes follow its end")),
    }
}

const NAMED: Format = Format { floats: Floats::Any, is_positional: false, unit_structs_are_nil: false };

fn write_named<T: Serialize + DeserializeOwned + 'static>(value: &T, buf: &mut Vec<u8>) -> Result<()> {
    write_checked(&codec(), value, buf)
}

fn codec<T: Serialize + DeserializeOwned>() -> Codec<T> {
    let asked = Asked::by(false, false);
    Codec { number: 1, asked, write: encode_named, read: |bytes, reading| read_within(bytes, reading) }
}

fn encode_named<T: Serialize + ?Sized>(value: &T, buf: &mut Vec<u8>, doubt: &Doubt) -> Result<()> {
    let mut writer = rmp_serde::Serializer::new(buf).with_struct_map();
    write_limited(value, &mut writer, NAMED, doubt).map_err(not_encoded)
}

#[cold]
pub(super) fn not_encoded(cause: encode::Error) -> Error {
    Error::new(ErrorKind::Encode, format!("the value cannot be written as MessagePack: {cause}")).caused_by(cause)
}

#[cold]
fn not_decoded(cause: decode::Error) -> Error {
    use decode::Error::{InvalidDataRead, InvalidMarkerRead};
    match cause {
        // With these two errors the reader reports that the bytes end early, in three wordings. The caller gets one
        // text for all.
        InvalidMarkerRead(_) | InvalidDataRead(_) => not_this_type("it is cut short"),
        cause => not_this_type(&cause).caused_by(cause),
    }
}

#[cold]
fn not_this_type(why: impl Display) -> Error {
    let message = format!("the stored value is not a MessagePack value of this type: {why}; {OPEN_RIGHT}");
    Error::new(ErrorKind::Decode, message)
}
