//! Users' own key types: every `KeyAs` is a `Key`, stored as its type `As`.
//!
//! Such a key always has the tuple form, also when it stands alone. So one way of reading is enough, and nothing has to
//! outlive what the stored form borrows.

use std::borrow::Borrow;

use crate::error::Result;
use crate::key::alone::{bound_alone, decode_alone, encode_alone};
use crate::key::{AsKey, Key, KeyAs, KeyBuf, Position};

impl<T: KeyAs> Key for T {
    type Arg<'a> = <T as KeyAs>::Arg<'a>;
    type Ref<'a> = T;
    type Part<'a> = T;
    type Owned = T;
    const WIDTH: Option<usize> = <T::As as Key>::WIDTH;

    /// `NAME=stored`, so that a change of the stored type is detected and tools can show the key.
    fn name(out: &mut String) {
        out.push_str(T::NAME);
        out.push('=');
        <T::As as Key>::name(out);
    }

    #[inline]
    fn encode<'b>(key: &'b Self::Arg<'_>, buf: &'b mut KeyBuf) -> Result<&'b [u8]> {
        encode_alone(buf, |buf| <T as Key>::encode_part(key, buf))
    }

    #[inline]
    fn encode_part(key: &Self::Arg<'_>, buf: &mut KeyBuf) -> Result<()> {
        let key: &T = key.borrow();
        <T::As as Key>::encode_part(&key.to_key(), buf)
    }

    #[inline]
    fn decode(bytes: &[u8]) -> Result<T> {
        decode_alone(bytes, T::NAME, <T as Key>::decode_part)
    }

    #[inline]
    fn decode_part(bytes: &mut &[u8]) -> Result<T> {
        let mut rest = *bytes;
        let key = T::from_key(<T::As as Key>::decode_part(&mut rest)?)?;
        *bytes = rest;
        Ok(key)
    }

    fn own(key: T) -> T {
        key
    }

    fn own_part(part: T) -> T {
        part
    }
}

impl<T: KeyAs> AsKey<T> for T {
    #[inline]
    fn encode_key<'b>(&'b self, buf: &'b mut KeyBuf) -> Result<&'b [u8]> {
        encode_alone(buf, |buf| self.encode_key_part(buf))
    }

    #[inline]
    fn encode_key_part(&self, buf: &mut KeyBuf) -> Result<()> {
        <T::As as Key>::encode_part(&self.to_key(), buf)
    }

    #[inline]
    fn encode_bound<'b>(&'b self, buf: &'b mut KeyBuf) -> Result<(&'b [u8], Position)> {
        bound_alone(buf, |buf| self.encode_bound_part(buf))
    }

    #[inline]
    fn encode_bound_part(&self, buf: &mut KeyBuf) -> Result<Position> {
        AsKey::<T::As>::encode_bound_part(&self.to_key(), buf)
    }
}

impl<T: KeyAs> AsKey<T> for &T {
    #[inline]
    fn encode_key<'b>(&'b self, buf: &'b mut KeyBuf) -> Result<&'b [u8]> {
        (**self).encode_key(buf)
    }

    #[inline]
    fn encode_key_part(&self, buf: &mut KeyBuf) -> Result<()> {
        (**self).encode_key_part(buf)
    }

    #[inline]
    fn encode_bound<'b>(&'b self, buf: &'b mut KeyBuf) -> Result<(&'b [u8], Position)> {
        (**self).encode_bound(buf)
    }

    #[inline]
    fn encode_bound_part(&self, buf: &mut KeyBuf) -> Result<Position> {
        (**self).encode_bound_part(buf)
    }
}
