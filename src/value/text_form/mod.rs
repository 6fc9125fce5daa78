//! Values as text, by the names of their types in the schema: for programs that do not know the types when they are
//! compiled.

mod msgpack;

use std::fmt::Debug;

use super::msgpack::read_seed;
use super::plain::OPEN_RIGHT;
use super::traits::{Context, Value};
use crate::error::{Error, ErrorKind, Result, push_hex};
use msgpack::Shown;

/// A stored value as text, by the name of its type as [`DbiInfo::value_type`](crate::DbiInfo::value_type) shows it. For
/// people: it cannot be parsed back in every case. O(length).
///
/// | type | text |
/// |---|---|
/// | `u8` … `i128`, `f32`, `f64`, `bool`, `unit` | `7`, `-1.5`, `NaN`, `true`, `()` |
/// | `char`, `str` | `'a'`, `"line\n"`, with Rust's escapes |
/// | `bytes`, `bytes[N]` | `0x00ff` |
/// | `msgpack`, `msgpack-compact` | JSON; bytes are `0x00ff`, extensions `ext(5, 0x00ff)`, and NaN, the infinities and keys of maps that are not text stay as they are |
/// | `json` | the stored text |
///
/// # Errors
/// `Unsupported` for the name of a type that is not built in, and for `json` without the feature `json`; `Decode` for
/// bytes that are not a value of the type, and for nesting deeper than [`MAX_DEPTH`](super::MAX_DEPTH).
///
/// ```
/// use mapleaf::{ErrorKind, value};
/// # fn main() -> mapleaf::Result<()> {
/// assert_eq!(value::display("u32", b"\0\0\0\x07")?, "7");
/// assert_eq!(value::display("msgpack", b"\x82\xa2id\x07\xa4name\xa4Oslo")?, r#"{"id":7,"name":"Oslo"}"#);
/// assert_eq!(value::display("u32", b"\x07").unwrap_err().kind(), ErrorKind::Decode);
/// assert_eq!(value::display("colour", b"red").unwrap_err().kind(), ErrorKind::Unsupported);
/// # Ok(())
/// # }
/// ```
pub fn display(type_name: &str, bytes: &[u8]) -> Result<String> {
    if let Some((_, show)) = PLAIN.iter().find(|(name, _)| *name == type_name) {
        return show(bytes);
    }
    match type_name {
        "bytes" => Ok(hex(bytes)),
        "msgpack" | "msgpack-compact" => {
            let mut out = String::new();
            read_seed(bytes, Shown(&mut out)).map(|()| out)
        }
        #[cfg(feature = "json")]
        "json" => super::json::checked_text(bytes).map(str::to_owned),
        _ => match width(type_name) {
            Some(width) if width == bytes.len() => Ok(hex(bytes)),
            Some(width) => {
                let found = bytes.len();
                let why = format!("the stored value is no `{type_name}`: its length is {found} and not {width}");
                Err(Error::new(ErrorKind::Decode, format!("{why}; {OPEN_RIGHT}")))
            }
            None => Err(unknown(type_name)),
        },
    }
}

/// Shows the bytes of a value.
type Show = fn(&[u8]) -> Result<String>;

macro_rules! plain {
    ($($type:ty: $name:literal)*) => {
        &[$(($name, |bytes| plain::<$type>(bytes))),*]
    };
}

/// The types whose values are shown as `Debug` writes them, by their names.
const PLAIN: &[(&str, Show)] = plain! {
    u8: "u8" u16: "u16" u32: "u32" u64: "u64" u128: "u128"
    i8: "i8" i16: "i16" i32: "i32" i64: "i64" i128: "i128"
    f32: "f32" f64: "f64" bool: "bool" char: "char" (): "unit" &str: "str"
};

fn plain<V>(bytes: &[u8]) -> Result<String>
where
    V: for<'a> Value<Ref<'a>: Debug>,
{
    // The built-in types do not use the context, so an empty one will do.
    V::decode(bytes, &Context::new(&[0; 16], "", &[])).map(|value| format!("{value:?}"))
}

/// The number of bytes in the type `bytes[N]`.
fn width(type_name: &str) -> Option<usize> {
    type_name.strip_prefix("bytes[")?.strip_suffix(']')?.parse().ok()
}

fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(2 + 2 * bytes.len());
    push_bytes(bytes, &mut out);
    out
}

fn push_bytes(bytes: &[u8], out: &mut String) {
    out.push_str("0x");
    push_hex(bytes, out);
}

#[cold]
fn unknown(name: &str) -> Error {
    let why = if name == "json" {
        "this build has no JSON; build with the feature json".to_owned()
    } else {
        format!("`{name}` is not a built-in value type; show its values as bytes, or read them with the type itself")
    };
    Error::new(ErrorKind::Unsupported, why)
}
