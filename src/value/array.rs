//! `[u8; N]`: bytes whose number is part of the type.

use std::fmt::Write as _;

use super::limit::checked;
use super::plain::fixed;
use super::traits::{AsValue, Context, Value};
use crate::error::Result;

/// Exactly `N` bytes. Schema name `bytes[N]`: a DBI of 16-byte values cannot be opened as one of 32-byte values.
/// Writing does not copy, reading does.
impl<const N: usize> Value for [u8; N] {
    type Arg<'a> = [u8; N];
    type Ref<'a> = [u8; N];
    type Owned = [u8; N];

    fn name(out: &mut String) {
        write!(out, "bytes[{N}]").expect("writing to a String cannot fail");
    }

    #[inline]
    fn encode<'b>(value: &'b [u8; N], _: &Context<'_>, _: &'b mut Vec<u8>) -> Result<&'b [u8]> {
        checked(value)
    }

    #[inline]
    fn decode(bytes: &[u8], _: &Context<'_>) -> Result<[u8; N]> {
        fixed(bytes, "[u8; N]")
    }

    fn own(value: [u8; N]) -> [u8; N] {
        value
    }

    fn as_arg(owned: &[u8; N]) -> [u8; N] {
        *owned
    }
}

impl<const N: usize> AsValue<[u8; N]> for &[u8; N] {
    #[inline]
    fn encode_value<'b>(&'b self, _: &Context<'_>, _: &'b mut Vec<u8>) -> Result<&'b [u8]> {
        checked(*self)
    }
}
