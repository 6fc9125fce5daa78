//! `MsgpackCompact<T>`: any serde type as `MessagePack`, with fields by position.

use std::marker::PhantomData;

use serde::de::DeserializeOwned;
use serde::ser::Serialize;

use super::limit::checked;
use super::msgpack::{decode_as, not_encoded, read_within};
use super::nesting::{Asked, Doubt, Floats, Format, write_limited};
use super::serde_value::{Codec, serde_value, write_as, write_checked, written_as};
use super::traits::{AsValue, Context, Value};
use crate::error::Result;

/// A serde type, stored as `MessagePack` with structs as arrays: smaller and faster than [`Msgpack`](super::Msgpack).
///
/// Fields are found by position only. A struct may gain a field at its end, with `#[serde(default)]`. If a field is
/// reordered or removed, others are read in its place, or reading fails. Storing fails if `skip_serializing_if` omits
/// a field before others, and for any value that would not read back the same: see [the module](crate::value). Choose
/// it for types that no longer change.
///
/// Like `Msgpack<T>` it is only a marker in types: you pass a `&T` and read a `T`.
///
/// ```
/// use mapleaf::value::{Context, MsgpackCompact, Value};
///
/// #[derive(serde::Serialize, serde::Deserialize)]
/// struct Point { x: u32, y: u32 }
///
/// let (context, mut buf) = (Context::new(&[0; 16], "points", b"k"), Vec::new());
/// let bytes = MsgpackCompact::<Point>::encode(&&Point { x: 1, y: 2 }, &context, &mut buf)?;
/// assert_eq!(bytes, b"\x92\x01\x02");
/// # Ok::<(), mapleaf::Error>(())
/// ```
pub struct MsgpackCompact<T>(PhantomData<fn() -> T>);

serde_value!(MsgpackCompact, "msgpack-compact", write_positions, decode_as);
written_as!(MsgpackCompact, codec, encode_positions);

const POSITIONAL: Format = Format { floats: Floats::Any, is_positional: true, unit_structs_are_nil: false };

fn write_positions<T: Serialize + DeserializeOwned + 'static>(value: &T, buf: &mut Vec<u8>) -> Result<()> {
    write_checked(&codec(), value, buf)
}

fn codec<T: Serialize + DeserializeOwned>() -> Codec<T> {
    let asked = Asked::by(false, true);
    Codec { number: 2, asked, write: encode_positions, read: |bytes, reading| read_within(bytes, reading) }
}

fn encode_positions<T: Serialize + ?Sized>(value: &T, buf: &mut Vec<u8>, doubt: &Doubt) -> Result<()> {
    let mut writer = rmp_serde::Serializer::new(buf);
    write_limited(value, &mut writer, POSITIONAL, doubt).map_err(not_encoded)
}
