//! An element of a tuple as text, of each type.

use super::any;
use super::key_type::KeyType;
use super::plain::{show, show_bytes, show_uuid, uuid};
use super::scanner::Scanner;
use crate::error::Result;
use crate::key::malformed::truncated;
use crate::key::option::{NONE, SOME, is_some};
use crate::key::{AnyKey, Key, KeyBuf, Path, Segment};

/// Each segment follows a slash, so that empty ones are seen too; the empty path has none.
pub(super) fn show_path(path: &Path, out: &mut String) {
    show(&path.iter().flat_map(|segment| ["/", segment.id()]).collect::<String>(), out);
}

/// Appends an element of this type, and moves `bytes` past it.
pub(super) fn display(key_type: &KeyType, bytes: &mut &[u8], out: &mut String) -> Result<()> {
    match key_type {
        KeyType::Plain(plain) => (plain.display)(bytes, out)?,
        KeyType::Text => show(&<&str>::decode_part(bytes)?, out),
        KeyType::Bytes => show_bytes(&<&[u8]>::decode_part(bytes)?, out),
        KeyType::Array(width) => {
            let (array, rest) = bytes.split_at_checked(*width).ok_or_else(|| truncated("[u8;N]"))?;
            *bytes = rest;
            show_bytes(array, out);
        }
        KeyType::Uuid => show_uuid(<[u8; 16]>::decode_part(bytes)?, out),
        KeyType::Path => show_path(&Path::decode_part(bytes)?, out),
        KeyType::Any => any::display(&AnyKey::decode_part(bytes)?, out),
        KeyType::Option(inner) => display_option(inner, bytes, out)?,
        KeyType::Reverse(inner) => {
            let plain: Vec<u8> = bytes.iter().map(|byte| !byte).collect();
            let mut rest = &plain[..];
            out.push_str("Reverse(");
            display(inner, &mut rest, out)?;
            out.push(')');
            *bytes = bytes.get(plain.len() - rest.len()..).unwrap_or_default();
        }
        KeyType::Tuple(elements) => {
            out.push('(');
            for (at, element) in elements.iter().enumerate() {
                out.push_str(if at == 0 { "" } else { ", " });
                display(element, bytes, out)?;
            }
            out.push_str(if elements.len() == 1 { ",)" } else { ")" });
        }
        KeyType::Own(stored) => display(stored, bytes, out)?,
    }
    Ok(())
}

fn display_option(inner: &KeyType, bytes: &mut &[u8], out: &mut String) -> Result<()> {
    if !is_some(bytes)? {
        out.push_str("None");
        return Ok(());
    }
    out.push_str("Some(");
    display(inner, bytes, out)?;
    out.push(')');
    Ok(())
}

/// Reads an element of this type, and appends its bytes.
pub(super) fn parse(key_type: &KeyType, scanner: &mut Scanner<'_>, buf: &mut KeyBuf) -> Result<()> {
    match key_type {
        KeyType::Plain(plain) => (plain.parse)(scanner, buf),
        KeyType::Text => <&str>::encode_part(&&*scanner.quoted()?, buf),
        KeyType::Bytes => <&[u8]>::encode_part(&&*scanner.hex()?, buf),
        KeyType::Array(width) => {
            let array = scanner.hex()?;
            if array.len() != *width {
                return Err(scanner.wrong(&format!("it has {} bytes and not {width}", array.len())));
            }
            buf.extend_from_slice(&array);
            Ok(())
        }
        KeyType::Uuid => {
            buf.extend_from_slice(&uuid(scanner)?);
            Ok(())
        }
        KeyType::Path => Path::encode_part(&&path(scanner)?, buf),
        KeyType::Any => AnyKey::encode_part(&&any::parse(scanner)?, buf),
        KeyType::Option(_) if scanner.eats("None") => {
            buf.push(NONE);
            Ok(())
        }
        KeyType::Option(inner) => {
            buf.push(SOME);
            within("Some", inner, scanner, buf)
        }
        KeyType::Reverse(inner) => {
            let start = buf.len();
            within("Reverse", inner, scanner, buf)?;
            buf.iter_mut().skip(start).for_each(|byte| *byte = !*byte);
            Ok(())
        }
        KeyType::Tuple(elements) => {
            scanner.expect("(")?;
            for (at, element) in elements.iter().enumerate() {
                if at > 0 {
                    scanner.expect(",")?;
                }
                parse(element, scanner, buf)?;
            }
            // A tuple of one element must have a comma after the element. For longer tuples this comma is optional.
            if !scanner.eats(",") && elements.len() == 1 {
                scanner.expect(",")?;
            }
            scanner.expect(")")
        }
        KeyType::Own(stored) => parse(stored, scanner, buf),
    }
}

/// `name(…)` around an element.
fn within(name: &str, inner: &KeyType, scanner: &mut Scanner<'_>, buf: &mut KeyBuf) -> Result<()> {
    scanner.expect(name)?;
    scanner.expect("(")?;
    parse(inner, scanner, buf)?;
    scanner.expect(")")
}

/// Quoted segments, each after a slash. The first slash may be left out.
pub(super) fn path(scanner: &mut Scanner<'_>) -> Result<Path> {
    let text = scanner.quoted()?;
    if text.is_empty() {
        return Ok(Path::new());
    }
    text.strip_prefix('/').unwrap_or(&text).split('/').map(Segment::parse).collect()
}
