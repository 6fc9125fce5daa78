//! Splits the bytes of a path into those of its segments.

use smallvec::SmallVec;

use super::segment::Segment;
use crate::error::Result;
use crate::key::escape::{escape_element, index_of, unescape_element};
use crate::key::malformed::malformed;

/// The bytes of a path as a key of its own.
pub(super) type PathBytes = SmallVec<[u8; 64]>;

pub(super) const NAME: &str = "path";

/// Ends a segment after a zero byte. Inside a segment a zero byte is never followed by it.
const END: u8 = 0x01;

/// Iterates over the bytes of each segment, with its end. The bytes must be those of a valid path.
#[derive(Clone)]
pub(super) struct Elements<'b>(pub(super) &'b [u8]);

impl<'b> Iterator for Elements<'b> {
    type Item = &'b [u8];

    #[inline]
    fn next(&mut self) -> Option<&'b [u8]> {
        let mut end = 0;
        while let Some(zero) = index_of::<0>(&self.0[end..]) {
            end = (end + zero + 2).min(self.0.len());
            if self.0.get(end - 1) == Some(&END) {
                let (element, rest) = self.0.split_at(end);
                self.0 = rest;
                return Some(element);
            }
        }
        None
    }
}

/// Appends a segment.
pub(super) fn push_segment(segment: &Segment, bytes: &mut PathBytes) {
    escape_element(segment.id().as_bytes(), bytes);
}

/// Checks one escaped segment with its end, and moves past it. Only the bytes that are written for a segment are
/// accepted: another spelling would be a second key for the same path. Allocates only when a zero byte was escaped.
#[inline]
pub(super) fn check_segment(bytes: &mut &[u8]) -> Result<()> {
    let id = unescape_element(NAME, bytes)?;
    let id = str::from_utf8(&id).map_err(|cause| malformed(NAME, "a segment is not UTF-8").caused_by(cause))?;
    if Segment::is_canonical(id) { Ok(()) } else { Err(malformed(NAME, "a segment is not as paths write it")) }
}

/// What a byte means to [`is_plain`].
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    /// It may stand anywhere in a field or a value.
    Inner,
    /// ASCII whitespace: not at either end of a field or a value.
    Space,
    /// Between a field and its value.
    Colon,
    /// The first byte of a segment's end.
    Zero,
    /// Never in a segment, or not decided here.
    Other,
}

const CLASSES: [Class; 256] = {
    let mut classes = [Class::Inner; 256];
    let mut byte = 0;
    while byte < classes.len() {
        classes[byte] = match byte {
            0 => Class::Zero,
            0x09..=0x0D | 0x20 => Class::Space,
            0x2F | 0x80.. => Class::Other,
            0x3A => Class::Colon,
            _ => Class::Inner,
        };
        byte += 1;
    }
    classes
};

/// Whether these are the bytes of segments as [`check_segment`] accepts them, all of ASCII and without an escaped zero
/// byte: nearly all keys are. `false` says nothing. One pass over the key, where `check_segment` makes five over each
/// segment.
#[inline]
pub(super) fn is_plain(bytes: &[u8]) -> bool {
    // `segment` is where the current segment begins, and `part` where its current part begins: its field or its value.
    let (mut segment, mut part) = (0, 0);
    let (mut has_colon, mut at) = (false, 0);
    let mut before = Class::Inner;
    while let Some(byte) = bytes.get(at) {
        let class = CLASSES[usize::from(*byte)];
        match class {
            Class::Inner => {}
            Class::Space if at > part => {}
            Class::Colon if !has_colon && at > segment && before != Class::Space => {
                (has_colon, part) = (true, at + 1);
            }
            Class::Zero if bytes.get(at + 1) == Some(&END) && !(at > part && before == Class::Space) => {
                at += 1;
                (segment, part, has_colon) = (at + 1, at + 1, false);
            }
            _ => return false,
        }
        (before, at) = (class, at + 1);
    }
    segment == bytes.len()
}

impl Segment {
    /// The segment with these element bytes, which must be valid.
    pub(super) fn of_element(mut bytes: &[u8]) -> Self {
        let id = unescape_element(NAME, &mut bytes).unwrap_or_default();
        Self::of_canonical_id(&String::from_utf8_lossy(&id))
    }
}

/// Appends the id of the segment with these bytes, which must be valid.
pub(super) fn push_id(mut bytes: &[u8], id: &mut String) {
    let plain = unescape_element(NAME, &mut bytes).unwrap_or_default();
    id.push_str(&String::from_utf8_lossy(&plain));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn is_written(mut bytes: &[u8]) -> bool {
        while !bytes.is_empty() {
            if check_segment(&mut bytes).is_err() {
                return false;
            }
        }
        true
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        #[test]
        fn plain_bytes_are_those_of_ascii_segments_without_zeros(
            bytes in prop::collection::vec(
                prop_oneof![
                    3 => Just(vec![0, END]),
                    1 => Just(vec![0, 0xFF]),
                    6 => prop::sample::select(b"a~:/ \t\x0b\x7f\x00\x01\xc3\xa9".to_vec()).prop_map(|byte| vec![byte]),
                    1 => Just("\u{e9}".as_bytes().to_vec()),
                ],
                0..9,
            ),
        ) {
            let bytes = bytes.concat();
            let is_ascii = bytes.is_ascii() && !bytes.windows(2).any(|pair| pair == [0, 0xFF]);
            prop_assert_eq!(is_plain(&bytes), is_ascii && is_written(&bytes), "{:?}", bytes);
        }
    }
}
