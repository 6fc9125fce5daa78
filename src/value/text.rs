//! Text values: stored as UTF-8, read from the map or owned.

use std::borrow::Cow;
use std::str::from_utf8;

use super::limit::checked;
use super::plain::OPEN_RIGHT;
use super::traits::{AsValue, Context, Value};
use crate::error::{Error, ErrorKind, Result};

/// Text, borrowed from the map when read. Schema name `str`. Neither writing nor reading copies; reading checks the
/// UTF-8 once.
impl Value for &str {
    type Arg<'a> = &'a str;
    type Ref<'a> = &'a str;
    type Owned = String;

    fn name(out: &mut String) {
        out.push_str("str");
    }

    #[inline]
    fn encode<'b>(value: &'b &str, _: &Context<'_>, _: &'b mut Vec<u8>) -> Result<&'b [u8]> {
        checked(value.as_bytes())
    }

    #[inline]
    fn decode<'a>(bytes: &'a [u8], _: &Context<'_>) -> Result<&'a str> {
        text(bytes)
    }

    fn own(value: &str) -> String {
        value.to_owned()
    }

    fn as_arg(owned: &String) -> &str {
        owned
    }
}

/// Text, owned when read. Same schema name as `&str`, for types without a lifetime.
impl Value for String {
    type Arg<'a> = &'a str;
    type Ref<'a> = String;
    type Owned = String;

    fn name(out: &mut String) {
        <&str as Value>::name(out);
    }

    #[inline]
    fn encode<'b>(value: &'b &str, _: &Context<'_>, _: &'b mut Vec<u8>) -> Result<&'b [u8]> {
        checked(value.as_bytes())
    }

    fn decode(bytes: &[u8], _: &Context<'_>) -> Result<String> {
        text(bytes).map(str::to_owned)
    }

    fn own(value: String) -> String {
        value
    }

    fn as_arg(owned: &String) -> &str {
        owned
    }
}

#[inline]
fn text(bytes: &[u8]) -> Result<&str> {
    from_utf8(bytes).map_err(|cause| {
        let message = format!("the stored value is not text: {cause}; {OPEN_RIGHT}");
        Error::new(ErrorKind::Decode, message).caused_by(cause)
    })
}

macro_rules! as_text {
    ($($form:ty,)*) => {$(
        impl AsValue<&str> for $form {
            #[inline]
            fn encode_value<'b>(&'b self, _: &Context<'_>, _: &'b mut Vec<u8>) -> Result<&'b [u8]> {
                checked(self.as_bytes())
            }
        }

        impl AsValue<String> for $form {
            #[inline]
            fn encode_value<'b>(&'b self, _: &Context<'_>, _: &'b mut Vec<u8>) -> Result<&'b [u8]> {
                checked(self.as_bytes())
            }
        }
    )*};
}

as_text! {
    &&str,
    String,
    &String,
    Box<str>,
    &Box<str>,
    Cow<'_, str>,
    &Cow<'_, str>,
}
