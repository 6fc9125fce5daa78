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
