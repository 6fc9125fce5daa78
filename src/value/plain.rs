//! Numbers, `bool`, `char` and `()`: fixed widths, big-endian.

use super::traits::{AsValue, Context, Value};
use crate::error::{Error, ErrorKind, Result};

/// The advice in errors about stored bytes that do not fit the value type.
pub(super) const OPEN_RIGHT: &str = "open the DBI with the value type it was written with";

/// The bytes as an array; an error unless their number is that of type `name`.
#[inline]
pub(super) fn fixed<const N: usize>(bytes: &[u8], name: &'static str) -> Result<[u8; N]> {
    <[u8; N]>::try_from(bytes).map_err(|_| wrong_width(name, N, bytes.len()))
}

#[cold]
fn wrong_width(name: &'static str, width: usize, found: usize) -> Error {
    let message = format!("the stored value is no `{name}`: its length is {found} and not {width}; {OPEN_RIGHT}");
    Error::new(ErrorKind::Decode, message)
}

/// Implements `Value` for a `Copy` type that is passed, read and owned as itself.
macro_rules! plain {
    ($type:ty, $name:expr, |$value:ident| $encoded:expr, |$bytes:ident| $decoded:expr) => {
        #[doc = concat!("Schema name `", $name, "`; one copy of the fixed width, no allocation.")]
        impl Value for $type {
            type Arg<'a> = $type;
            type Ref<'a> = $type;
            type Owned = $type;

            fn name(out: &mut String) {
                out.push_str($name);
            }

            #[inline]
            fn encode<'b>($value: &'b $type, _: &Context<'_>, buf: &'b mut Vec<u8>) -> Result<&'b [u8]> {
                buf.clear();
                buf.extend_from_slice(&$encoded);
                Ok(buf)
            }

            #[inline]
            fn decode($bytes: &[u8], _: &Context<'_>) -> Result<$type> {
                $decoded
            }

            fn own(value: $type) -> $type {
                value
            }

            fn as_arg(owned: &$type) -> $type {
                *owned
            }
        }

        impl AsValue<$type> for &$type {
            #[inline]
            fn encode_value<'b>(&'b self, context: &Context<'_>, buf: &'b mut Vec<u8>) -> Result<&'b [u8]> {
                <$type as Value>::encode(self, context, buf)
            }
        }
    };
}

macro_rules! numbers {
    ($($type:ident)*) => {$(
        plain!(
            $type,
            stringify!($type),
            |value| value.to_be_bytes(),
            |bytes| fixed(bytes, stringify!($type)).map(<$type>::from_be_bytes)
        );
    )*};
}

numbers! { u8 u16 u32 u64 u128 i8 i16 i32 i64 i128 f32 f64 }

plain!(bool, "bool", |value| [u8::from(*value)], |bytes| match bytes {
    [0] => Ok(false),
    [1] => Ok(true),
    _ => Err(Error::new(
        ErrorKind::Decode,
        format!("the stored value is no `bool`: its byte is neither 00 nor 01; {OPEN_RIGHT}")
    )),
});

plain!(char, "char", |value| u32::from(*value).to_be_bytes(), |bytes| {
    let scalar = u32::from_be_bytes(fixed(bytes, "char")?);
    char::from_u32(scalar).ok_or_else(|| {
        Error::new(
            ErrorKind::Decode,
            format!("the stored value is no `char`: no character has the number {scalar:#x}; {OPEN_RIGHT}"),
        )
    })
});

plain!((), "unit", |_value| [], |bytes| fixed(bytes, "unit").map(|[]| ()));
