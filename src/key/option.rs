//! `Option`: `00` for `None`, which sorts first; `01` and the value for `Some`.

use crate::error::Result;
use crate::key::alone::{bound_alone, decode_alone, encode_alone};
use crate::key::malformed::{malformed, truncated};
use crate::key::wrapped::{as_wrapped_key, wrapped_name};
use crate::key::{AsKey, Key, KeyBuf, Position};

pub(super) const NONE: u8 = 0x00;
pub(super) const SOME: u8 = 0x01;

/// Reads the byte that an option begins with, and moves `bytes` past it. Returns whether a value follows.
#[inline]
pub(super) fn is_some(bytes: &mut &[u8]) -> Result<bool> {
    let (tag, rest) = bytes.split_first().ok_or_else(|| truncated("option"))?;
    *bytes = rest;
    match *tag {
        NONE => Ok(false),
        SOME => Ok(true),
        _ => Err(malformed("option", "its first byte is neither 00 nor 01")),
    }
}

impl<K: Key> Key for Option<K> {
    type Arg<'a> = Option<K::Arg<'a>>;
    type Ref<'a> = Option<K::Part<'a>>;
    type Part<'a> = Option<K::Part<'a>>;
    type Owned = Option<K::Owned>;
    const WIDTH: Option<usize> = None;

    fn name(out: &mut String) {
        wrapped_name::<K>("option", out);
    }

    fn encode<'b>(key: &'b Self::Arg<'_>, buf: &'b mut KeyBuf) -> Result<&'b [u8]> {
        encode_alone(buf, |buf| Self::encode_part(key, buf))
    }

    fn encode_part(key: &Self::Arg<'_>, buf: &mut KeyBuf) -> Result<()> {
        if let Some(key) = key {
            buf.push(SOME);
            K::encode_part(key, buf)
        } else {
            buf.push(NONE);
            Ok(())
        }
    }

    fn decode(bytes: &[u8]) -> Result<Self::Ref<'_>> {
        decode_alone(bytes, "option", Self::decode_part)
    }

    fn decode_part<'a>(bytes: &mut &'a [u8]) -> Result<Self::Part<'a>> {
        let mut rest = *bytes;
        let key = if is_some(&mut rest)? { Some(K::decode_part(&mut rest)?) } else { None };
        *bytes = rest;
        Ok(key)
    }

    fn own(key: Self::Ref<'_>) -> Self::Owned {
        key.map(K::own_part)
    }

    fn own_part(part: Self::Part<'_>) -> Self::Owned {
        part.map(K::own_part)
    }
}

// `AsKey` is implemented for options of `K::Arg`, and not for those of every `AsKey<K>`: the compiler could not infer
// the type of a bare `None`.
as_wrapped_key!(Option, |key, buf| {
    if let Some(key) = key {
        buf.push(SOME);
        AsKey::<K>::encode_bound_part(key, buf)
    } else {
        buf.push(NONE);
        Ok(Position::At)
    }
});
