//! Byte values: stored unchanged, read from the map or owned.

use std::borrow::Cow;

use super::limit::checked;
use super::traits::{AsValue, Context, Value};
use crate::error::Result;

/// Bytes, borrowed from the map when read. Schema name `bytes`. Neither writing nor reading copies.
impl Value for &[u8] {
    type Arg<'a> = &'a [u8];
    type Ref<'a> = &'a [u8];
    type Owned = Vec<u8>;

    fn name(out: &mut String) {
        out.push_str("bytes");
    }

    #[inline]
    fn encode<'b>(value: &'b &[u8], _: &Context<'_>, _: &'b mut Vec<u8>) -> Result<&'b [u8]> {
        checked(value)
    }

    #[inline]
    fn decode<'a>(bytes: &'a [u8], _: &Context<'_>) -> Result<&'a [u8]> {
        Ok(bytes)
    }

    fn own(value: &[u8]) -> Vec<u8> {
        value.to_vec()
    }

    fn as_arg(owned: &Vec<u8>) -> &[u8] {
        owned
    }
}

/// Bytes, owned when read. Same schema name as `&[u8]`, for types without a lifetime.
impl Value for Vec<u8> {
    type Arg<'a> = &'a [u8];
    type Ref<'a> = Vec<u8>;
    type Owned = Vec<u8>;

    fn name(out: &mut String) {
        <&[u8] as Value>::name(out);
    }

    #[inline]
    fn encode<'b>(value: &'b &[u8], _: &Context<'_>, _: &'b mut Vec<u8>) -> Result<&'b [u8]> {
        checked(value)
    }

    fn decode(bytes: &[u8], _: &Context<'_>) -> Result<Vec<u8>> {
        Ok(bytes.to_vec())
    }

    fn own(value: Vec<u8>) -> Vec<u8> {
        value
    }

    fn as_arg(owned: &Vec<u8>) -> &[u8] {
        owned
    }
}

macro_rules! as_bytes {
    ($([$($generics:tt)*] $form:ty,)*) => {$(
        impl<$($generics)*> AsValue<&[u8]> for $form {
            #[inline]
            fn encode_value<'b>(&'b self, _: &Context<'_>, _: &'b mut Vec<u8>) -> Result<&'b [u8]> {
                checked(self.as_ref())
            }
        }

        impl<$($generics)*> AsValue<Vec<u8>> for $form {
            #[inline]
            fn encode_value<'b>(&'b self, _: &Context<'_>, _: &'b mut Vec<u8>) -> Result<&'b [u8]> {
                checked(self.as_ref())
            }
        }
    )*};
}

as_bytes! {
    [] &&[u8],
    [] Vec<u8>,
    [] &Vec<u8>,
    [] Box<[u8]>,
    [] &Box<[u8]>,
    [] Cow<'_, [u8]>,
    [] &Cow<'_, [u8]>,
    [const N: usize] [u8; N],
    [const N: usize] &[u8; N],
}
