//! Keys as text, by the names of their types in the schema: for programs that do not know the types when they are
//! compiled.

mod any;
mod key_type;
mod part;
mod plain;
mod scanner;

use crate::error::Result;
use crate::key::malformed::trailing;
use crate::key::{Key, KeyBuf, Path};
use key_type::KeyType;
use scanner::Scanner;

/// A stored key as text, by the name of its type as [`DbiInfo::key_type`](crate::DbiInfo::key_type) shows it.
/// [`parse`] reverses it: whatever this returns is parsed to the same bytes. O(length).
///
/// | type | text |
/// |---|---|
/// | `u8` … `i128`, `f32`, `f64`, `bool`, `()` | `7`, `-1.5`, `inf`, `true`, `()` |
/// | `char`, `str` | `'a'`, `"line\n"`, with Rust's escapes |
/// | `bytes`, `[u8;N]` | `0x00ff` |
/// | `uuid`, `timestamp` | `01890a5d-ac96-774b-bcce-b302099a8057`, `2023-11-14T22:13:20.000000000Z` |
/// | `path` | `"/user:ann/posts"`, each segment after a slash, empty ones too |
/// | `option<K>`, `reverse<K>` | `None`, `Some(7)`, `Reverse(7)` |
/// | `(A,B)` | `(7, "home")`; `(7,)` for a tuple of one |
/// | `any` | `null`, `true`, `7`, `7.0`, `"text"`, `0x00ff`, `uuid(…)`, `timestamp(…)`, `[1, "a"]` |
/// | `NAME=K` | as `K` |
///
/// These forms stay: later versions parse what this one writes. A key of a [`MultiDbi`](crate::MultiDbi)'s tree is a
/// pair, and its type the tuple of both types: see [`RawDbi::stored_key_type`](crate::RawDbi::stored_key_type).
///
/// # Errors
/// `Unsupported` for the name of a type that is not built in, or that nests more than 300 deep; `Decode` for bytes
/// that are not a key of the type.
///
/// ```
/// use mapleaf::{ErrorKind, key};
/// # fn main() -> mapleaf::Result<()> {
/// assert_eq!(key::display("(u32,str)", b"\0\0\0\x07home\0\x01")?, r#"(7, "home")"#);
/// assert_eq!(key::display("port=u16", b"\x01\xBB")?, "443");
/// assert_eq!(key::display("bool", b"\x02").unwrap_err().kind(), ErrorKind::Decode);
/// assert_eq!(key::display("colour", b"red").unwrap_err().kind(), ErrorKind::Unsupported);
/// # Ok(())
/// # }
/// ```
pub fn display(type_name: &str, bytes: &[u8]) -> Result<String> {
    let mut out = String::new();
    match KeyType::of(type_name)? {
        KeyType::Text => plain::show(&<&str>::decode(bytes)?, &mut out),
        KeyType::Bytes => plain::show_bytes(<&[u8]>::decode(bytes)?, &mut out),
        KeyType::Path => part::show_path(&Path::decode(bytes)?, &mut out),
        other => {
            let mut rest = bytes;
            part::display(&other, &mut rest, &mut out)?;
            if !rest.is_empty() {
                return Err(trailing(type_name));
            }
        }
    }
    Ok(out)
}

/// The bytes of a key that is written as [`display`] shows it. Spaces between its parts are optional, and numbers may
/// be written in every form that Rust parses. O(length).
///
/// # Errors
/// `Unsupported` as for [`display`]; `InvalidKey` for text that is not a key of the type, and for a key that cannot
/// be stored (empty, NaN). A key over the limit of 511 bytes is refused when it is stored.
///
/// ```
/// use mapleaf::{ErrorKind, key};
/// # fn main() -> mapleaf::Result<()> {
/// assert_eq!(key::parse("(u32,str)", r#"(7, "home")"#)?, b"\0\0\0\x07home\0\x01");
/// assert_eq!(key::parse("option<u8>", "Some( 7 )")?, b"\x01\x07");
/// assert_eq!(key::parse("u8", "256").unwrap_err().kind(), ErrorKind::InvalidKey);
/// assert_eq!(key::parse("f64", "NaN").unwrap_err().kind(), ErrorKind::InvalidKey);
/// # Ok(())
/// # }
/// ```
pub fn parse(type_name: &str, text: &str) -> Result<Vec<u8>> {
    let key_type = KeyType::of(type_name)?;
    let mut scanner = Scanner::new(type_name, text);
    let mut buf = KeyBuf::new();
    // Text, bytes and paths have other bytes as a whole key than as a part of a tuple, so they are encoded here. `part`
    // encodes all other types.
    let key = match key_type {
        KeyType::Text => <&str>::encode(&&*scanner.quoted()?, &mut buf)?.to_vec(),
        KeyType::Bytes => <&[u8]>::encode(&&*scanner.hex()?, &mut buf)?.to_vec(),
        KeyType::Path => Path::encode(&&part::path(&mut scanner)?, &mut buf)?.to_vec(),
        other => {
            part::parse(&other, &mut scanner, &mut buf)?;
            buf.into_vec()
        }
    };
    scanner.end()?;
    Ok(key)
}

/// Splits bytes after their first element of a tuple, which has the type of this name.
///
/// # Errors
/// As [`display`].
pub(crate) fn split_part<'a>(type_name: &str, bytes: &'a [u8]) -> Result<(&'a [u8], &'a [u8])> {
    let mut rest = bytes;
    part::display(&KeyType::of(type_name)?, &mut rest, &mut String::new())?;
    Ok(bytes.split_at(bytes.len() - rest.len()))
}
