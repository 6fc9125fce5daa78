//! For keys whose bytes are the same alone and as an element of a tuple: encodes and decodes a whole key by its form
//! as an element.

use crate::error::Result;
use crate::key::malformed::trailing;
use crate::key::{KeyBuf, Position};

/// Encodes a key alone; `part` appends its bytes as an element.
#[inline]
pub(super) fn encode_alone(buf: &mut KeyBuf, part: impl FnOnce(&mut KeyBuf) -> Result<()>) -> Result<&[u8]> {
    buf.clear();
    part(buf)?;
    Ok(buf)
}

/// Encodes a bound alone; `part` appends its bytes as an element.
#[inline]
pub(super) fn bound_alone(
    buf: &mut KeyBuf,
    part: impl FnOnce(&mut KeyBuf) -> Result<Position>,
) -> Result<(&[u8], Position)> {
    buf.clear();
    let position = part(buf)?;
    Ok((buf, position))
}

/// Decodes a `what` key that takes all of `bytes`; `part` decodes it as an element.
#[inline]
pub(super) fn decode_alone<'a, T>(
    bytes: &'a [u8],
    what: &str,
    part: impl FnOnce(&mut &'a [u8]) -> Result<T>,
) -> Result<T> {
    let mut rest = bytes;
    let key = part(&mut rest)?;
    if rest.is_empty() { Ok(key) } else { Err(trailing(what)) }
}
