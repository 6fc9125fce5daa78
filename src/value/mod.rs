//! Value codecs: the types that can be stored under a key, and their bytes.
//!
//! | type | schema name | bytes | read as |
//! |---|---|---|---|
//! | `&[u8]`, `Vec<u8>` | `bytes` | themselves | `&[u8]` from the map, `Vec<u8>` |
//! | `&str`, `String` | `str` | UTF-8 | `&str` from the map, `String` |
//! | `u8` … `u128`, `i8` … `i128` | `u8` … `i128` | big-endian, fixed width | the number |
//! | `f32`, `f64` | `f32`, `f64` | IEEE 754 bits, big-endian; NaN keeps its bits | the number |
//! | `bool`, `char`, `()` | `bool`, `char`, `unit` | 1, 4, 0 bytes | themselves |
//! | `[u8; N]` | `bytes[N]` | themselves | the array |
//! | [`Msgpack<T>`] | `msgpack` | `MessagePack`, fields by name | `T`, or any type by [`decode_as`] |
//! | [`MsgpackCompact<T>`] | `msgpack-compact` | `MessagePack`, fields by position | `T` |
//! | `Json<T>` (feature `json`) | `json` | JSON text without spaces | `T` |
//! | `Zerocopy<T>`, `Pod<T>` (features `zerocopy`, `bytemuck`) | `pod[size,align,le]` | the memory of a struct | `T`, copied |
//! | `ZerocopySlice<T>`, `PodSlice<T>` | `pods[size,align,le]` | the memory of many | `Cow<[T]>`, from the map if aligned |
//!
//! Bytes and text are stored and read without a copy. The byte formats are in [`file_format`](crate::file_format), and
//! frozen.
//!
//! Reading is safe on any bytes. Bytes that are not a value of the type fail with
//! [`Decode`](crate::ErrorKind::Decode). So does nesting deeper than [`MAX_DEPTH`], so that no input overflows the
//! stack. A value over [`MAX_VALUE_LEN`] bytes fails with [`TooLarge`](crate::ErrorKind::TooLarge).
//!
//! A value of a serde type is stored only if it reads back as the same value; otherwise storing it fails with
//! [`Encode`](crate::ErrorKind::Encode):
//!
//! | shape | [`Msgpack`] | [`MsgpackCompact`] | `Json` |
//! |---|---|---|---|
//! | structs, enums, tuples, sequences, options, text, bytes, numbers | kept | kept | kept, but no NaN and no infinity |
//! | maps | kept | kept | kept if keys are text, numbers, `bool`, `char` or unit variants |
//! | `Some(None)`, `Some(())` | refused | refused | refused, and `Some` of a unit struct too |
//! | a field that is left out before others | kept if the field's default is the value left out | refused | kept if the field's default is the value left out |
//! | a field that is left out last | kept if the field's default is the value left out | as `Msgpack` | as `Msgpack` |
//! | internally tagged, flattened | kept, but no `i128`, `u128`, `IpAddr` | as `Msgpack` | kept, but no `i128`, `u128` and no numbers as keys |
//! | adjacently tagged | kept | kept for newtype and tuple variants, else refused | kept |
//! | `SocketAddrV6` with a scope, alone or in a `SocketAddr` | refused | refused | kept |
//! | untagged | kept, unless an earlier variant accepts the same form | as `Msgpack` | as `Msgpack` |
//!
//! [`file_format`](crate::file_format) lists each exception. A codec reads a value back if the value contains something
//! not yet verified: a kind of content, for a type, at a position in the value. Types that serde reads by inspecting
//! the value (untagged, internally tagged, flattened) are read back every time, which makes encoding them 8 to 25 times
//! as expensive. Values with a part that calls `is_human_readable` are read back every time too, and both forms of the
//! part are compared; `IpAddr`, `SocketAddrV4` and `uuid::Uuid` are known not to need this. The codec cannot compare
//! what serde does not see: fields that serde skips, the `flowinfo` of a `SocketAddrV6`, whether a `RangeInclusive` was
//! iterated to its end, untagged variants that serialize the same, and values that a type's own conversion rejects when
//! reading.
//!
//! For your own codec implement [`Value`], which has examples, one of ten lines for all types of another crate, and
//! says how values are aligned. [`display`] shows values as text by the name of their
//! type, for tools that do not know the types when they are compiled.

mod array;
#[cfg(feature = "bytemuck")]
mod bytemuck;
mod bytes;
#[cfg(feature = "json")]
mod json;
mod limit;
#[cfg(any(feature = "zerocopy", feature = "bytemuck"))]
mod memory;
mod msgpack;
mod msgpack_compact;
mod nesting;
mod plain;
mod serde_value;
mod text;
mod text_form;
mod traits;
#[cfg(feature = "zerocopy")]
mod zerocopy;

#[cfg(feature = "bytemuck")]
pub use bytemuck::{Pod, PodSlice};
#[cfg(feature = "json")]
pub use json::Json;
pub use limit::MAX_VALUE_LEN;
pub use msgpack::{Msgpack, decode_as};
pub use msgpack_compact::MsgpackCompact;
pub use nesting::MAX_DEPTH;
pub use text_form::display;
pub use traits::{AsValue, Context, Value};
#[cfg(feature = "zerocopy")]
pub use zerocopy::{Zerocopy, ZerocopySlice};
