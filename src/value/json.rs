//! `Json<T>`: any serde type as JSON text.

use std::marker::PhantomData;
use std::str::from_utf8;

use serde::de::{DeserializeOwned, IgnoredAny};
use serde::ser::Serialize;

use super::limit::checked;
use super::nesting::{Asked, Doubt, Floats, Format, Reading, limited_reader, write_limited};
use super::plain::OPEN_RIGHT;
use super::serde_value::{Codec, serde_value, write_as, write_checked, written_as};
use super::traits::{AsValue, Context, Value};
use crate::error::{Error, ErrorKind, Result};

/// A serde type, stored as JSON: fields by name, no spaces, readable by people and other software.
///
/// Larger and slower than [`Msgpack`](super::Msgpack). NaN and the infinities have no JSON form, nor has a map whose
/// keys are not text, numbers, `bool` or `char`: both fail with `Encode`. Every finite float keeps its bits.
/// Whitespace around a value written by other software is accepted.
///
/// Like `Msgpack<T>` it is only a marker in types: you pass a `&T` and read a `T`.
///
/// ```
/// use mapleaf::value::{Context, Json, Value};
///
/// let (context, mut buf) = (Context::new(&[0; 16], "numbers", b"k"), Vec::new());
/// let bytes = Json::<(f64, bool)>::encode(&&(0.5, true), &context, &mut buf)?;
/// assert_eq!(bytes, b"[0.5,true]");
/// # Ok::<(), mapleaf::Error>(())
/// ```
pub struct Json<T>(PhantomData<fn() -> T>);

serde_value!(Json, "json", write, read);
written_as!(Json, codec, encode);

const FORMAT: Format = Format { floats: Floats::Finite, is_positional: false, unit_structs_are_nil: true };

fn write<T: Serialize + DeserializeOwned + 'static>(value: &T, buf: &mut Vec<u8>) -> Result<()> {
    write_checked(&codec(), value, buf)
}

fn codec<T: Serialize + DeserializeOwned>() -> Codec<T> {
    Codec { number: 3, asked: Asked::by(true, false), write: encode, read: decode }
}

fn encode<T: Serialize + ?Sized>(value: &T, buf: &mut Vec<u8>, doubt: &Doubt) -> Result<()> {
    let mut writer = serde_json::Serializer::new(buf);
    write_limited(value, &mut writer, FORMAT, doubt).map_err(|cause| {
        Error::new(ErrorKind::Encode, format!("the value cannot be written as JSON: {cause}")).caused_by(cause)
    })
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    decode(bytes, &Reading::of(bytes.len()))
}

fn decode<T: DeserializeOwned>(bytes: &[u8], reading: &Reading) -> Result<T> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = T::deserialize(limited_reader(&mut reader, reading)).map_err(not_decoded)?;
    reader.end().map_err(not_decoded)?;
    Ok(value)
}

/// The bytes as text, after a check that they are one JSON value.
pub(super) fn checked_text(bytes: &[u8]) -> Result<&str> {
    read::<IgnoredAny>(bytes)?;
    from_utf8(bytes).map_err(|cause| {
        Error::new(ErrorKind::Decode, format!("the stored value is not text: {cause}; {OPEN_RIGHT}")).caused_by(cause)
    })
}

#[cold]
fn not_decoded(cause: serde_json::Error) -> Error {
    let message = format!("the stored value is not a JSON value of this type: {cause}; {OPEN_RIGHT}");
    Error::new(ErrorKind::Decode, message).caused_by(cause)
}
