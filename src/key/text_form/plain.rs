//! The text of key types without type parameters, and the text forms that several types share.

use std::fmt::{Debug, Write};
use std::str::FromStr;

use super::scanner::{Scanner, bytes_of};
use crate::error::{Result, push_hex};
use crate::key::{Key, KeyBuf, Timestamp};

/// A type that is written by `Debug` or `Display`, and the functions that do it.
pub(super) struct Plain {
    pub name: &'static str,
    pub display: fn(&mut &[u8], &mut String) -> Result<()>,
    pub parse: fn(&mut Scanner<'_>, &mut KeyBuf) -> Result<()>,
}

macro_rules! plain {
    ($($type:ty: $name:literal, $display:expr, $parse:expr;)*) => {
        &[$(Plain {
            name: $name,
            display: |bytes, out| {
                let show: fn(&$type, &mut String) = $display;
                show(&<$type as Key>::decode_part(bytes)?, out);
                Ok(())
            },
            parse: |scanner, buf| {
                let parse: fn(&mut Scanner<'_>) -> Result<$type> = $parse;
                <$type as Key>::encode_part(&parse(scanner)?, buf)
            },
        }),*]
    };
}

/// All such types.
pub(super) const PLAIN: &[Plain] = plain! {
    u8: "u8", show, token;
    u16: "u16", show, token;
    u32: "u32", show, token;
    u64: "u64", show, token;
    u128: "u128", show, token;
    i8: "i8", show, token;
    i16: "i16", show, token;
    i32: "i32", show, token;
    i64: "i64", show, token;
    i128: "i128", show, token;
    // `Debug` serves for floats too: it writes the shortest digits that are read back as the same float.
    f32: "f32", show, token;
    f64: "f64", show, token;
    bool: "bool", show, token;
    char: "char", show, |scanner| scanner.character();
    (): "()", show, |scanner| { scanner.expect("(")?; scanner.expect(")") };
    Timestamp: "timestamp", |time, out| out.push_str(&time.to_string()), token;
};

/// Appends what `Debug` writes.
pub(super) fn show(key: &impl Debug, out: &mut String) {
    // Writing to a `String` cannot fail.
    let _ = write!(out, "{key:?}");
}

pub(super) fn show_bytes(bytes: &[u8], out: &mut String) {
    out.push_str("0x");
    push_hex(bytes, out);
}

pub(super) fn show_uuid(uuid: [u8; 16], out: &mut String) {
    let mut rest = &uuid[..];
    for (group, length) in UUID_GROUPS.into_iter().enumerate() {
        let (bytes, behind) = rest.split_at(length);
        out.push_str(if group == 0 { "" } else { "-" });
        push_hex(bytes, out);
        rest = behind;
    }
}

/// The bytes of a UUID between its hyphens.
const UUID_GROUPS: [usize; 5] = [4, 2, 2, 2, 6];

/// Parses the next token by the type's `FromStr`.
pub(super) fn token<T: FromStr<Err: ToString>>(scanner: &mut Scanner<'_>) -> Result<T> {
    let token = scanner.token();
    token.parse().map_err(|cause: T::Err| scanner.wrong(&cause.to_string()))
}

/// Parses sixteen bytes, with hyphens where [`show_uuid`] writes them.
pub(super) fn uuid(scanner: &mut Scanner<'_>) -> Result<[u8; 16]> {
    let token = scanner.token();
    let groups = token.split('-').map(bytes_of).collect::<Option<Vec<_>>>();
    let groups = groups.filter(|groups| groups.iter().map(Vec::len).eq(UUID_GROUPS));
    groups
        .and_then(|groups| groups.concat().try_into().ok())
        .ok_or_else(|| scanner.wrong("a UUID has 8, 4, 4, 4 and 12 hexadecimal digits, with hyphens between them"))
}
