//! Dynamic keys as text. The form tells the type: a float has a point or an exponent, or is `inf`.

use super::plain::{self, show, show_bytes, show_uuid};
use super::scanner::Scanner;
use crate::error::Result;
use crate::key::AnyKey;

/// Appends a key that was decoded, so its lists nest no deeper than [`AnyKey::MAX_DEPTH`].
pub(super) fn display(key: &AnyKey, out: &mut String) {
    match key {
        AnyKey::Null => out.push_str("null"),
        AnyKey::Bool(value) => show(value, out),
        AnyKey::Int(value) => show(value, out),
        AnyKey::Float(value) => show(value, out),
        AnyKey::Text(text) => show(text, out),
        AnyKey::Bytes(bytes) => show_bytes(bytes, out),
        AnyKey::Uuid(uuid) => {
            out.push_str("uuid(");
            show_uuid(*uuid, out);
            out.push(')');
        }
        AnyKey::Timestamp(time) => {
            out.push_str("timestamp(");
            out.push_str(&time.to_string());
            out.push(')');
        }
        AnyKey::List(elements) => {
            out.push('[');
            for (at, element) in elements.iter().enumerate() {
                out.push_str(if at == 0 { "" } else { ", " });
                display(element, out);
            }
            out.push(']');
        }
    }
}

/// Reads a key.
pub(super) fn parse(scanner: &mut Scanner<'_>) -> Result<AnyKey> {
    within(scanner, 0)
}

/// Reads a key that is inside `depth` lists. Recursion ends at [`AnyKey::MAX_DEPTH`].
fn within(scanner: &mut Scanner<'_>, depth: usize) -> Result<AnyKey> {
    if scanner.sees("\"") {
        return scanner.quoted().map(AnyKey::Text);
    }
    if scanner.sees("0x") {
        return scanner.hex().map(AnyKey::Bytes);
    }
    if scanner.eats("[") {
        return list(scanner, depth);
    }
    for (name, parse) in [("uuid", uuid as fn(&mut Scanner<'_>) -> Result<AnyKey>), ("timestamp", timestamp)] {
        if scanner.eats(name) {
            scanner.expect("(")?;
            let key = parse(scanner)?;
            scanner.expect(")")?;
            return Ok(key);
        }
    }
    let token = scanner.token();
    // A token of digits alone is always read as an integer. If it is too large for one, that is an error: as a float it
    // would lose digits.
    let is_int = token.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-'));
    match token {
        "null" => Ok(AnyKey::Null),
        "true" | "false" => Ok(AnyKey::Bool(token == "true")),
        _ if is_int => token.parse().map(AnyKey::Int).map_err(|cause| scanner.wrong(&format!("{cause}"))),
        _ => token.parse().map(AnyKey::Float).map_err(|cause| scanner.wrong(&format!("{cause}"))),
    }
}

fn uuid(scanner: &mut Scanner<'_>) -> Result<AnyKey> {
    plain::uuid(scanner).map(AnyKey::Uuid)
}

fn timestamp(scanner: &mut Scanner<'_>) -> Result<AnyKey> {
    plain::token(scanner).map(AnyKey::Timestamp)
}

/// A list, whose first bracket was taken.
fn list(scanner: &mut Scanner<'_>, depth: usize) -> Result<AnyKey> {
    if depth == AnyKey::MAX_DEPTH {
        return Err(scanner.wrong("lists nest more than 64 deep"));
    }
    let mut elements = Vec::new();
    while !scanner.eats("]") {
        if !elements.is_empty() {
            scanner.expect(",")?;
        }
        elements.push(within(scanner, depth + 1)?);
    }
    Ok(AnyKey::List(elements))
}
