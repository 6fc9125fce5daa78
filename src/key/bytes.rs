//! Byte keys: unchanged when standing alone; escaped and terminated in a tuple. Arrays are unchanged in both.

use std::borrow::Cow;
use std::fmt::Write;

use crate::error::Result;
use crate::key::escape::{escape_element, unescape_element};
use crate::key::malformed::{empty, malformed, trailing, truncated};
use crate::key::{AsKey, Key, KeyBuf, Position};

const NAME: &str = "bytes";

/// `Ref` is the type read from a key alone, `Part` the type read in a tuple; `from_ref` and `from_part` create them
/// from borrowed bytes.
macro_rules! bytes_key {
    ($key:ty, $ref:ty, $part:ty, $from_ref:expr, $from_part:expr) => {
        impl Key for $key {
            type Arg<'a> = &'a [u8];
            type Ref<'a> = $ref;
            type Part<'a> = $part;
            type Owned = Vec<u8>;
            const WIDTH: Option<usize> = None;

            fn name(out: &mut String) {
                out.push_str(NAME);
            }

            #[inline]
            fn encode<'b>(key: &'b &[u8], _buf: &'b mut KeyBuf) -> Result<&'b [u8]> {
                if key.is_empty() { Err(empty("bytes")) } else { Ok(key) }
            }

            #[inline]
            fn encode_part(key: &&[u8], buf: &mut KeyBuf) -> Result<()> {
                escape_element(key, buf);
                Ok(())
            }

            #[inline]
            fn decode(bytes: &[u8]) -> Result<Self::Ref<'_>> {
                if bytes.is_empty() { Err(malformed(NAME, "it is empty")) } else { Ok($from_ref(bytes)) }
            }

            #[inline]
            fn decode_part<'a>(bytes: &mut &'a [u8]) -> Result<Self::Part<'a>> {
                unescape_element(NAME, bytes).map($from_part)
            }

            fn own(key: Self::Ref<'_>) -> Vec<u8> {
                key.into()
            }

            fn own_part(part: Self::Part<'_>) -> Vec<u8> {
                part.into()
            }
        }

        bytes_forms!($key; []; &[u8], &&[u8], Vec<u8>, &Vec<u8>, Cow<'_, [u8]>, &Cow<'_, [u8]>);
        bytes_forms!($key; [const N: usize]; [u8; N], &[u8; N]);
    };
}

macro_rules! bytes_forms {
    ($key:ty; $params:tt; $($form:ty),*) => {
        $(bytes_forms!(@one $key; $params; $form);)*
    };
    (@one $key:ty; [$($params:tt)*]; $form:ty) => {
        impl<$($params)*> AsKey<$key> for $form {
            #[inline]
            fn encode_key<'b>(&'b self, _buf: &'b mut KeyBuf) -> Result<&'b [u8]> {
                if self.is_empty() { Err(empty("bytes")) } else { Ok(&self[..]) }
            }

            #[inline]
            fn encode_bound<'b>(&'b self, _buf: &'b mut KeyBuf) -> Result<(&'b [u8], Position)> {
                Ok((&self[..], Position::At))
            }

            #[inline]
            fn encode_key_part(&self, buf: &mut KeyBuf) -> Result<()> {
                escape_element(&self[..], buf);
                Ok(())
            }
        }
    };
}

bytes_key!(&[u8], &'a [u8], Cow<'a, [u8]>, |bytes| bytes, |bytes| bytes);
bytes_key!(Vec<u8>, Vec<u8>, Vec<u8>, <[u8]>::to_vec, Cow::into_owned);

/// Exactly `N` bytes, written unchanged. `[u8; 0]` does not compile, since LMDB has no empty key:
///
/// ```compile_fail,E0080
/// use mapleaf::key::{Key, KeyBuf};
/// let _ = <[u8; 0]>::encode(&[], &mut KeyBuf::new());
/// ```
impl<const N: usize> Key for [u8; N] {
    type Arg<'a> = [u8; N];
    type Ref<'a> = [u8; N];
    type Part<'a> = [u8; N];
    type Owned = [u8; N];
    const WIDTH: Option<usize> = Some(N);

    fn name(out: &mut String) {
        // Writing to a `String` cannot fail.
        let _ = write!(out, "[u8;{N}]");
    }

    #[inline]
    fn encode<'b>(key: &'b [u8; N], _buf: &'b mut KeyBuf) -> Result<&'b [u8]> {
        const { assert!(N > 0, "LMDB has no empty key: `[u8; 0]` cannot be one") }
        Ok(key)
    }

    #[inline]
    fn encode_part(key: &[u8; N], buf: &mut KeyBuf) -> Result<()> {
        const { assert!(N > 0, "LMDB has no empty key: `[u8; 0]` cannot be one") }
        buf.extend_from_slice(key);
        Ok(())
    }

    #[inline]
    fn decode(bytes: &[u8]) -> Result<[u8; N]> {
        let mut rest = bytes;
        let key = Self::decode_part(&mut rest)?;
        if rest.is_empty() { Ok(key) } else { Err(trailing(&array_name(N))) }
    }

    #[inline]
    fn decode_part(bytes: &mut &[u8]) -> Result<[u8; N]> {
        let (key, rest) = bytes.split_first_chunk().ok_or_else(|| truncated(&array_name(N)))?;
        *bytes = rest;
        Ok(*key)
    }

    fn own(key: [u8; N]) -> [u8; N] {
        key
    }

    fn own_part(part: [u8; N]) -> [u8; N] {
        part
    }
}

macro_rules! array_forms {
    ($($form:ty),*) => {
        $(impl<const N: usize> AsKey<[u8; N]> for $form {
            #[inline]
            fn encode_key<'b>(&'b self, buf: &'b mut KeyBuf) -> Result<&'b [u8]> {
                <[u8; N] as Key>::encode(self, buf)
            }

            #[inline]
            fn encode_key_part(&self, buf: &mut KeyBuf) -> Result<()> {
                <[u8; N] as Key>::encode_part(self, buf)
            }
        })*
    };
}

array_forms!([u8; N], &[u8; N]);

#[cold]
fn array_name(width: usize) -> String {
    format!("[u8;{width}]")
}
