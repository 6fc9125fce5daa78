//! Decodes dynamic keys. Only the bytes that encoding writes are accepted: a second spelling would be a second key
//! for the same value.

use super::tag;
use super::value::AnyKey;
use crate::error::Result;
use crate::key::Timestamp;
use crate::key::escape::unescape_element;
use crate::key::malformed::{malformed, truncated};

pub(super) const NAME: &str = "any";

/// Reads one dynamic key and moves `bytes` past it.
pub(super) fn take(bytes: &mut &[u8]) -> Result<AnyKey> {
    let mut rest = *bytes;
    let key = take_within(&mut rest, 0)?;
    *bytes = rest;
    Ok(key)
}

/// Reads a key that is inside `depth` lists. Recursion ends at [`AnyKey::MAX_DEPTH`].
fn take_within(bytes: &mut &[u8], depth: usize) -> Result<AnyKey> {
    let [tag] = take_array(bytes)?;
    Ok(match tag {
        tag::NULL => AnyKey::Null,
        tag::BOOL => match take_array(bytes)? {
            [0] => AnyKey::Bool(false),
            [1] => AnyKey::Bool(true),
            _ => return Err(malformed(NAME, "a bool is neither 00 nor 01")),
        },
        tag::INT => AnyKey::Int(take_int(bytes)?),
        tag::FLOAT => AnyKey::Float(take_float(bytes)?),
        tag::TEXT => {
            let text = String::from_utf8(unescape_element(NAME, bytes)?.into_owned());
            AnyKey::Text(text.map_err(|cause| malformed(NAME, "text in it is not UTF-8").caused_by(cause))?)
        }
        tag::BYTES => AnyKey::Bytes(unescape_element(NAME, bytes)?.into_owned()),
        tag::UUID => AnyKey::Uuid(take_array(bytes)?),
        tag::TIMESTAMP => AnyKey::Timestamp(Timestamp::from_bytes(take_array(bytes)?)),
        tag::LIST => AnyKey::List(take_list(bytes, depth)?),
        _ => return Err(malformed(NAME, "it holds a type that this version does not know")),
    })
}

fn take_list(bytes: &mut &[u8], depth: usize) -> Result<Vec<AnyKey>> {
    if depth == AnyKey::MAX_DEPTH {
        return Err(malformed(NAME, "lists in it nest more than 64 deep"));
    }
    let mut elements = Vec::new();
    loop {
        if let [tag::END, after @ ..] = *bytes {
            *bytes = after;
            return Ok(elements);
        }
        elements.push(take_within(bytes, depth + 1)?);
    }
}

fn take_int(bytes: &mut &[u8]) -> Result<i128> {
    let [head] = take_array(bytes)?;
    let inverted = if head < 0x80 { 0xFF } else { 0x00 };
    // The inversion sets the top bit of a negative integer's head. So `head ^ inverted` has its top bit set for both
    // signs, and its lower seven bits are the number of digits.
    let length = usize::from((head ^ inverted) & 0x7F);
    let Some((digits, after)) = bytes.split_at_checked(length).filter(|_| length <= size_of::<i128>()) else {
        return Err(malformed(NAME, "an integer in it is cut off or too wide"));
    };
    let magnitude = digits.iter().fold(0_u128, |high, digit| high << 8 | u128::from(digit ^ inverted));
    let canonical = digits.first() != Some(&inverted) && (length > 0 || inverted == 0);
    let value = if inverted == 0 { i128::try_from(magnitude).ok() } else { 0_i128.checked_sub_unsigned(magnitude) };
    match value {
        Some(value) if canonical => {
            *bytes = after;
            Ok(value)
        }
        _ => Err(malformed(NAME, "an integer in it is not in its shortest form, or is beyond 128 bits")),
    }
}

fn take_float(bytes: &mut &[u8]) -> Result<f64> {
    let ordered = u64::from_be_bytes(take_array(bytes)?);
    let value = f64::from_bits(if ordered < 1 << 63 { !ordered } else { ordered ^ (1 << 63) });
    if value.is_nan() { Err(malformed(NAME, "a float in it is NaN")) } else { Ok(value) }
}

fn take_array<const N: usize>(bytes: &mut &[u8]) -> Result<[u8; N]> {
    let Some((head, rest)) = bytes.split_first_chunk() else {
        return Err(truncated(NAME));
    };
    *bytes = rest;
    Ok(*head)
}
