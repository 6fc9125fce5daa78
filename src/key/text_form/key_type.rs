//! The type of a key, read from its name in the schema.

use super::plain::{PLAIN, Plain};
use crate::error::{Error, ErrorKind, Result};

/// The longest name in bytes: the catalogue keeps names of up to 600 bytes, and that of a pair is made of two.
const MAX_NAME: usize = 2 * 600 + 3;
/// How deeply types may nest: each level takes two bytes of a name.
const MAX_DEPTH: usize = 300;

/// A built-in type of keys.
pub(super) enum KeyType {
    /// A type whose keys are read and written by its own functions.
    Plain(&'static Plain),
    Text,
    Bytes,
    /// `[u8; N]`.
    Array(usize),
    Uuid,
    Path,
    Any,
    Option(Box<KeyType>),
    Reverse(Box<KeyType>),
    Tuple(Vec<KeyType>),
    /// A user's key type, stored as this one. Its keys have the tuple form even when they stand alone.
    Own(Box<KeyType>),
}

impl KeyType {
    /// The type of this name.
    ///
    /// # Errors
    /// `Unsupported` for a name that no built-in type has.
    pub(super) fn of(name: &str) -> Result<Self> {
        // Refuse long names before parsing them: the time to parse a name grows faster than its length.
        if name.len() > MAX_NAME {
            return Err(unknown(name));
        }
        let mut rest = name;
        match take(&mut rest, 0) {
            Some(key_type) if rest.is_empty() => Ok(key_type),
            _ => Err(unknown(name)),
        }
    }
}

/// Takes one type off the front of `rest`.
fn take(rest: &mut &str, depth: usize) -> Option<KeyType> {
    if depth > MAX_DEPTH {
        return None;
    }
    let mut is_own = false;
    while let Some(stored) = own_type(rest) {
        (*rest, is_own) = (stored, true);
    }
    let key_type = take_built_in(rest, depth)?;
    Some(if is_own { KeyType::Own(Box::new(key_type)) } else { key_type })
}

/// What follows the name of a user's type and `=`, if such a name is next.
fn own_type<'a>(rest: &&'a str) -> Option<&'a str> {
    let (name, stored) = rest.split_once('=')?;
    if name.contains(MARKS) { None } else { Some(stored) }
}

/// The characters that end a name.
const MARKS: [char; 8] = ['(', ')', '<', '>', ',', '=', '[', ']'];

fn take_built_in(rest: &mut &str, depth: usize) -> Option<KeyType> {
    if let Some(elements) = rest.strip_prefix('(') {
        return take_tuple(rest, elements, depth);
    }
    if let Some(width) = rest.strip_prefix("[u8;") {
        let (width, behind) = width.split_once(']')?;
        *rest = behind;
        return width.parse().ok().filter(|width| *width > 0).map(KeyType::Array);
    }
    let (word, behind) = rest.split_at(rest.find(MARKS).unwrap_or(rest.len()));
    if let Some(inner) = behind.strip_prefix('<') {
        *rest = inner;
        let inner = Box::new(take(rest, depth + 1)?);
        *rest = rest.strip_prefix('>')?;
        return match word {
            "option" => Some(KeyType::Option(inner)),
            "reverse" => Some(KeyType::Reverse(inner)),
            _ => None,
        };
    }
    *rest = behind;
    Some(match word {
        "str" => KeyType::Text,
        "bytes" => KeyType::Bytes,
        "uuid" => KeyType::Uuid,
        "path" => KeyType::Path,
        "any" => KeyType::Any,
        _ => KeyType::Plain(PLAIN.iter().find(|plain| plain.name == word)?),
    })
}

/// A tuple, whose first parenthesis was taken. `()` is the unit.
fn take_tuple<'a>(rest: &mut &'a str, elements: &'a str, depth: usize) -> Option<KeyType> {
    if let Some(behind) = elements.strip_prefix(')') {
        *rest = behind;
        return PLAIN.iter().find(|plain| plain.name == "()").map(KeyType::Plain);
    }
    *rest = elements;
    let mut types = vec![take(rest, depth + 1)?];
    while let Some(next) = rest.strip_prefix(',') {
        *rest = next;
        types.push(take(rest, depth + 1)?);
    }
    *rest = rest.strip_prefix(')')?;
    Some(KeyType::Tuple(types))
}

#[cold]
fn unknown(name: &str) -> Error {
    let why = format!("`{name}` is not a built-in key type; show its keys as bytes, or read them with the type itself");
    Error::new(ErrorKind::Unsupported, why)
}
