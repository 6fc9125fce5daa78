//! Text keys: unchanged UTF-8 when standing alone; escaped and terminated in a tuple. Both sort by code points.

use std::borrow::Cow;

use crate::error::{Error, Result};
use crate::key::escape::{escape_element, unescape_element};
use crate::key::malformed::{empty, malformed};
use crate::key::{AsKey, Key, KeyBuf, Position};

const NAME: &str = "str";

/// `Ref` is the type read from a key alone, `Part` the type read in a tuple; `from_ref` and `from_part` create them
/// from borrowed text.
macro_rules! text_key {
    ($key:ty, $ref:ty, $part:ty, $from_ref:expr, $from_part:expr) => {
        impl Key for $key {
            type Arg<'a> = &'a str;
            type Ref<'a> = $ref;
            type Part<'a> = $part;
            type Owned = String;
            const WIDTH: Option<usize> = None;

            fn name(out: &mut String) {
                out.push_str(NAME);
            }

            #[inline]
            fn encode<'b>(key: &'b &str, _buf: &'b mut KeyBuf) -> Result<&'b [u8]> {
                if key.is_empty() { Err(empty("text")) } else { Ok(key.as_bytes()) }
            }

            #[inline]
            fn encode_part(key: &&str, buf: &mut KeyBuf) -> Result<()> {
                escape_element(key.as_bytes(), buf);
                Ok(())
            }

            #[inline]
            fn decode(bytes: &[u8]) -> Result<Self::Ref<'_>> {
                decode_alone(bytes).map($from_ref)
            }

            #[inline]
            fn decode_part<'a>(bytes: &mut &'a [u8]) -> Result<Self::Part<'a>> {
                decode_element(bytes).map($from_part)
            }

            fn own(key: Self::Ref<'_>) -> String {
                key.into()
            }

            fn own_part(part: Self::Part<'_>) -> String {
                part.into()
            }
        }

        text_forms!($key; &str, &&str, String, &String, Cow<'_, str>, &Cow<'_, str>);
    };
}

macro_rules! text_forms {
    ($key:ty; $($form:ty),*) => {
        $(impl AsKey<$key> for $form {
            #[inline]
            fn encode_key<'b>(&'b self, _buf: &'b mut KeyBuf) -> Result<&'b [u8]> {
                if self.is_empty() { Err(empty("text")) } else { Ok(self.as_bytes()) }
            }

            #[inline]
            fn encode_bound<'b>(&'b self, _buf: &'b mut KeyBuf) -> Result<(&'b [u8], Position)> {
                Ok((self.as_bytes(), Position::At))
            }

            #[inline]
            fn encode_key_part(&self, buf: &mut KeyBuf) -> Result<()> {
                escape_element(self.as_bytes(), buf);
                Ok(())
            }
        })*
    };
}

text_key!(&str, &'a str, Cow<'a, str>, |text| text, |text| text);
text_key!(String, String, String, str::to_owned, Cow::into_owned);

fn decode_alone(bytes: &[u8]) -> Result<&str> {
    if bytes.is_empty() {
        return Err(malformed(NAME, "it is empty"));
    }
    str::from_utf8(bytes).map_err(|error| not_utf8().caused_by(error))
}

#[inline]
fn decode_element<'a>(bytes: &mut &'a [u8]) -> Result<Cow<'a, str>> {
    let mut rest = *bytes;
    let text = match unescape_element(NAME, &mut rest)? {
        Cow::Borrowed(text) => str::from_utf8(text).map(Cow::Borrowed).map_err(|error| not_utf8().caused_by(error)),
        Cow::Owned(text) => String::from_utf8(text).map(Cow::Owned).map_err(|error| not_utf8().caused_by(error)),
    }?;
    *bytes = rest;
    Ok(text)
}

#[cold]
fn not_utf8() -> Error {
    malformed(NAME, "it is not UTF-8")
}
