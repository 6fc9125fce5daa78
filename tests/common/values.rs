//! Value types that a program could define.

use mapleaf::Result;
use mapleaf::value::{Context, Value};

/// Bytes that are stored without any check, and read as their length. Its name is "unchecked", `NAMES` times.
pub struct Unchecked<const NAMES: usize = 1>;

impl<const NAMES: usize> Value for Unchecked<NAMES> {
    type Arg<'a> = &'a [u8];
    type Ref<'a> = usize;
    type Owned = ();

    fn name(out: &mut String) {
        out.push_str(&"unchecked".repeat(NAMES));
    }

    fn encode<'b>(value: &'b &[u8], _: &Context<'_>, _: &'b mut Vec<u8>) -> Result<&'b [u8]> {
        Ok(value)
    }

    fn decode(bytes: &[u8], _: &Context<'_>) -> Result<usize> {
        Ok(bytes.len())
    }

    fn own(_: usize) {}

    fn as_arg((): &()) -> &[u8] {
        &[]
    }
}
