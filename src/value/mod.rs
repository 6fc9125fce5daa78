//! Value codecs: what may be stored under a key, and how it is written.
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
//!
//! Bytes and text are stored and read without a copy. The exact bytes are in `docs/format.md`, and frozen.
//!
//! Reading is safe on any bytes: what is not a value of the type is [`Decode`](crate::ErrorKind::Decode), and nesting
//! beyond [`MAX_DEPTH`] too, so that no input overflows the stack. Nothing that cannot be read back is written: it is
//! [`Encode`](crate::ErrorKind::Encode). A value over [`MAX_VALUE_LEN`] bytes is
//! [`TooLarge`](crate::ErrorKind::TooLarge).
//!
//! A codec of your own is an implementation of [`Value`], which has an example.

mod array;
mod bytes;
#[cfg(feature = "json")]
mod json;
mod limit;
mod msgpack;
mod msgpack_compact;
mod nesting;
mod plain;
mod serde_value;
mod text;
mod traits;

#[cfg(feature = "json")]
pub use json::Json;
pub use limit::MAX_VALUE_LEN;
pub use msgpack::{Msgpack, decode_as};
pub use msgpack_compact::MsgpackCompact;
pub use nesting::MAX_DEPTH;
pub use traits::{AsValue, Context, Value};
