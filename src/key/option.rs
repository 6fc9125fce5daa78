//! `Option`: `00` for `None`, which sorts first; `01` and the value for `Some`.

use crate::error::Result;
use crate::key::malformed::{malformed, trailing, truncated};
use crate::key::{AsKey, Key, KeyBuf, Position};

const NONE: u8 = 0x00;
const SOME: u8 = 0x01;

impl<K: Key> Key for Option<K> {
    type Arg<'a> = Option<K::Arg<'a>>;
    type Ref<'a> = Option<K::Part<'a>>;
    type Part<'a> = Option<K::Part<'a>>;
    type Owned = Option<K::Owned>;
    const WIDTH: Option<usize> = None;

    fn name(out: &mut String) {
        out.push_str("option<");
        K::name(out);
        out.push('>');
    }

    fn encode<'b>(key: &'b Self::Arg<'_>, buf: &'b mut KeyBuf) -> Result<&'b [u8]> {
        buf.clear();
        Self::encode_part(key, buf)?;
        Ok(buf)
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
        let mut rest = bytes;
        let key = Self::decode_part(&mut rest)?;
        if rest.is_empty() { Ok(key) } else { Err(trailing("option")) }
    }

    fn decode_part<'a>(bytes: &mut &'a [u8]) -> Result<Self::Part<'a>> {
        let (tag, mut rest) = bytes.split_first().ok_or_else(|| truncated("option"))?;
        let key = match *tag {
            NONE => None,
            SOME => Some(K::decode_part(&mut rest)?),
            _ => return Err(malformed("option", "its first byte is neither 00 nor 01")),
        };
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

/// Implemented for `K::Arg` and not for every `AsKey<K>`, because the type of a bare `None` could not be inferred.
impl<K: Key> AsKey<Option<K>> for Option<K::Arg<'_>> {
    fn encode_key<'b>(&'b self, buf: &'b mut KeyBuf) -> Result<&'b [u8]> {
        <Option<K> as Key>::encode(self, buf)
    }

    fn encode_key_part(&self, buf: &mut KeyBuf) -> Result<()> {
        <Option<K> as Key>::encode_part(self, buf)
    }

    fn encode_bound<'b>(&'b self, buf: &'b mut KeyBuf) -> Result<(&'b [u8], Position)> {
        buf.clear();
        let position = AsKey::<Option<K>>::encode_bound_part(self, buf)?;
        Ok((buf, position))
    }

    fn encode_bound_part(&self, buf: &mut KeyBuf) -> Result<Position> {
        if let Some(key) = self {
            buf.push(SOME);
            AsKey::<K>::encode_bound_part(key, buf)
        } else {
            buf.push(NONE);
            Ok(Position::At)
        }
    }
}

impl<K: Key> AsKey<Option<K>> for &Option<K::Arg<'_>> {
    fn encode_key<'b>(&'b self, buf: &'b mut KeyBuf) -> Result<&'b [u8]> {
        <Option<K> as Key>::encode(self, buf)
    }

    fn encode_key_part(&self, buf: &mut KeyBuf) -> Result<()> {
        <Option<K> as Key>::encode_part(self, buf)
    }

    fn encode_bound<'b>(&'b self, buf: &'b mut KeyBuf) -> Result<(&'b [u8], Position)> {
        AsKey::<Option<K>>::encode_bound(*self, buf)
    }

    fn encode_bound_part(&self, buf: &mut KeyBuf) -> Result<Position> {
        AsKey::<Option<K>>::encode_bound_part(*self, buf)
    }
}
