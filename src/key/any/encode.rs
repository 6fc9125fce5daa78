//! Encodes dynamic keys: a tag, then a value that is self-delimiting.

use super::value::AnyKey;
use super::{decode, tag};
use crate::error::{Error, ErrorKind, Result};
use crate::key::escape::escape_element;
use crate::key::malformed::trailing;
use crate::key::{AsKey, Key, KeyBuf, Position};

/// Appends `key`, which is inside `depth` lists, and stops where lists are nested too deeply. No stored key has a
/// list there, so its contents do not affect the order.
fn push(key: &AnyKey, depth: usize, buf: &mut KeyBuf) -> Result<Position> {
    buf.push(tag::of(key));
    match key {
        AnyKey::Null => {}
        AnyKey::Bool(value) => buf.push(u8::from(*value)),
        AnyKey::Int(value) => push_int(*value, buf),
        AnyKey::Float(value) => push_float(*value, buf)?,
        AnyKey::Text(text) => escape_element(text.as_bytes(), buf),
        AnyKey::Bytes(bytes) => escape_element(bytes, buf),
        AnyKey::Uuid(uuid) => buf.extend_from_slice(uuid),
        AnyKey::Timestamp(time) => buf.extend_from_slice(&time.to_bytes()),
        AnyKey::List(elements) => {
            if depth == AnyKey::MAX_DEPTH {
                return Ok(Position::Below);
            }
            for element in elements {
                if push(element, depth + 1, buf)? != Position::At {
                    return Ok(Position::Below);
                }
            }
            buf.push(tag::END);
        }
    }
    Ok(Position::At)
}

/// Appends a key that will be stored.
fn push_part(key: &AnyKey, buf: &mut KeyBuf) -> Result<()> {
    match push(key, 0, buf)? {
        Position::At => Ok(()),
        _ => Err(Error::new(ErrorKind::InvalidKey, "lists nest more than 64 deep in a key; flatten them")),
    }
}

/// `80` plus the number of magnitude bytes, then the magnitude without leading zeros; all bytes inverted for negative
/// values.
///
/// More bytes mean a larger magnitude, so the first byte orders different lengths. Inverting reverses the order for
/// negative values.
fn push_int(value: i128, buf: &mut KeyBuf) {
    let magnitude = value.unsigned_abs().to_be_bytes();
    let inverted = if value < 0 { 0xFF } else { 0x00 };
    let mut length = 0x90;
    let mut digits = magnitude.as_slice();
    while let [0, rest @ ..] = digits {
        length -= 1;
        digits = rest;
    }
    buf.push(length ^ inverted);
    buf.extend(digits.iter().map(|digit| digit ^ inverted));
}

/// Big-endian. The sign bit is flipped when it is clear, all bits are inverted when it is set: the order of
/// `total_cmp`.
fn push_float(value: f64, buf: &mut KeyBuf) -> Result<()> {
    if value.is_nan() {
        return Err(Error::new(ErrorKind::InvalidKey, "NaN has no place in the order of keys; use AnyKey::Null"));
    }
    let bits = value.to_bits();
    let ordered = if value.is_sign_negative() { !bits } else { bits ^ (1 << 63) };
    buf.extend_from_slice(&ordered.to_be_bytes());
    Ok(())
}

fn encode_alone<'b>(key: &AnyKey, buf: &'b mut KeyBuf) -> Result<&'b [u8]> {
    buf.clear();
    push_part(key, buf)?;
    Ok(buf)
}

impl Key for AnyKey {
    type Arg<'a> = &'a AnyKey;
    type Ref<'a> = AnyKey;
    type Part<'a> = AnyKey;
    type Owned = AnyKey;
    const WIDTH: Option<usize> = None;

    fn name(out: &mut String) {
        out.push_str(decode::NAME);
    }

    fn encode<'b>(key: &'b &AnyKey, buf: &'b mut KeyBuf) -> Result<&'b [u8]> {
        encode_alone(key, buf)
    }

    fn encode_part(key: &&AnyKey, buf: &mut KeyBuf) -> Result<()> {
        push_part(key, buf)
    }

    fn decode(mut bytes: &[u8]) -> Result<AnyKey> {
        let key = decode::take(&mut bytes)?;
        if bytes.is_empty() { Ok(key) } else { Err(trailing(decode::NAME)) }
    }

    fn decode_part(bytes: &mut &[u8]) -> Result<AnyKey> {
        decode::take(bytes)
    }

    fn own(key: AnyKey) -> AnyKey {
        key
    }

    fn own_part(part: AnyKey) -> AnyKey {
        part
    }
}

macro_rules! as_any_key {
    ($($type:ty),*) => {$(
        impl AsKey<AnyKey> for $type {
            fn encode_key<'b>(&'b self, buf: &'b mut KeyBuf) -> Result<&'b [u8]> {
                encode_alone(self, buf)
            }

            fn encode_key_part(&self, buf: &mut KeyBuf) -> Result<()> {
                push_part(self, buf)
            }

            fn encode_bound<'b>(&'b self, buf: &'b mut KeyBuf) -> Result<(&'b [u8], Position)> {
                buf.clear();
                let position = push(self, 0, buf)?;
                Ok((buf, position))
            }

            fn encode_bound_part(&self, buf: &mut KeyBuf) -> Result<Position> {
                push(self, 0, buf)
            }
        }
    )*};
}

as_any_key!(AnyKey, &AnyKey, &&AnyKey);
