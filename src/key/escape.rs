//! The encoding of text and bytes inside a tuple: `00` becomes `00 FF`, and `00 01` ends the element.
//!
//! `00 01` sorts below `00 FF` and below every other byte, so "a" comes before "a\0" and "ab". It cannot occur inside
//! an element, so the end of an element is always recognized, whatever follows.

use std::borrow::Cow;

use smallvec::{Array, SmallVec};

use crate::error::Result;
use crate::key::malformed::{malformed, truncated};

const ZERO: [u8; 2] = [0x00, 0xFF];
const END: [u8; 2] = [0x00, 0x01];

/// Appends `bytes` escaped but not ended: the common prefix of all elements that start with `bytes`.
pub(crate) fn escape<A: Array<Item = u8>>(bytes: &[u8], buf: &mut SmallVec<A>) {
    let mut pieces = bytes.split(|byte| *byte == 0);
    if let Some(piece) = pieces.next() {
        buf.extend_from_slice(piece);
    }
    for piece in pieces {
        buf.extend_from_slice(&ZERO);
        buf.extend_from_slice(piece);
    }
}

/// Appends `bytes`, escaped and ended.
pub(super) fn escape_element<A: Array<Item = u8>>(bytes: &[u8], buf: &mut SmallVec<A>) {
    escape(bytes, buf);
    buf.extend_from_slice(&END);
}

/// Reads an element and moves `bytes` past its end. Allocates only when a zero byte was escaped.
#[inline]
pub(super) fn unescape_element<'a>(what: &str, bytes: &mut &'a [u8]) -> Result<Cow<'a, [u8]>> {
    // The fast path, because a scan decodes an element in every row: in nearly every element the first zero byte is
    // that of its end. Then the element has no escaped bytes, and is borrowed.
    if let Some(zero) = index_of::<0>(bytes)
        && bytes.get(zero + 1) == Some(&END[1])
    {
        let (piece, rest) = (&bytes[..zero], &bytes[zero + END.len()..]);
        *bytes = rest;
        return Ok(Cow::Borrowed(piece));
    }
    unescape_pieces(what, bytes)
}

/// The index of the first byte equal to `BYTE`, searched eight bytes at a time.
#[inline]
pub(super) fn index_of<const BYTE: u8>(bytes: &[u8]) -> Option<usize> {
    const LOW: u64 = u64::from_ne_bytes([0x01; 8]);
    const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);
    let (mut rest, mut at) = (bytes, 0);
    while let Some((word, tail)) = rest.split_first_chunk() {
        let word = u64::from_le_bytes(*word) ^ u64::from_le_bytes([BYTE; 8]);
        // The lowest byte of `zeros` with its top bit set marks the first zero of the word. Higher bytes may be marked
        // by mistake, because the subtraction borrows, so only the lowest one is used.
        let zeros = word.wrapping_sub(LOW) & !word & HIGH;
        if zeros != 0 {
            return Some(at + zeros.trailing_zeros() as usize / 8);
        }
        (rest, at) = (tail, at + 8);
    }
    rest.iter().position(|byte| *byte == BYTE).map(|index| at + index)
}

#[cold]
fn unescape_pieces<'a>(what: &str, bytes: &mut &'a [u8]) -> Result<Cow<'a, [u8]>> {
    let mut element = Cow::Borrowed(&[][..]);
    let mut rest = *bytes;
    loop {
        let zero = index_of::<0>(rest).ok_or_else(|| truncated(what))?;
        let (piece, tail) = rest.split_at(zero);
        append(&mut element, piece);
        let (mark, tail) = tail.split_first_chunk().ok_or_else(|| truncated(what))?;
        rest = tail;
        match *mark {
            END => break,
            ZERO => append(&mut element, &[0]),
            _ => return Err(malformed(what, "a byte 00 in it is followed by neither FF nor 01")),
        }
    }
    *bytes = rest;
    Ok(element)
}

/// Appends `piece` to `element`, which stays borrowed while it is a single piece.
fn append<'a>(element: &mut Cow<'a, [u8]>, piece: &'a [u8]) {
    if element.is_empty() {
        *element = Cow::Borrowed(piece);
    } else if !piece.is_empty() {
        element.to_mut().extend_from_slice(piece);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_first_matching_byte_is_found_at_any_position(
            bytes in prop::collection::vec(prop_oneof![
                4 => any::<u8>(),
                1 => 0..=1_u8,
                1 => 0x80..=0x81_u8,
                1 => b'.'..=b'0',
                1 => 0xAE..=0xB0_u8,
            ], 0..40),
            from in 0..40_usize,
        ) {
            let bytes = bytes.get(from..).unwrap_or(&bytes);
            prop_assert_eq!(index_of::<0>(bytes), bytes.iter().position(|byte| *byte == 0));
            prop_assert_eq!(index_of::<b'/'>(bytes), bytes.iter().position(|byte| *byte == b'/'));
        }
    }

    #[test]
    fn only_an_escaped_zero_costs_a_copy() {
        for (stored, text, borrowed) in [
            (&b"\0\x01"[..], &b""[..], true),
            (b"plain\0\x01", b"plain", true),
            (b"a\0\xFFb\0\x01", b"a\0b", false),
            (b"\0\xFF\0\xFF\0\x01", b"\0\0", false),
        ] {
            let mut rest = stored;
            let element = unescape_element("bytes", &mut rest).expect("well formed");
            assert_eq!(&*element, text);
            assert_eq!(matches!(element, Cow::Borrowed(_)), borrowed, "{text:?}");
            assert!(rest.is_empty());
        }
    }
}
