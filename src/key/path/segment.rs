//! A segment of a path: a value, optionally with a field before it.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, ErrorKind, Result};
use crate::key::escape::index_of;

/// The characters stripped from both ends of a field and of a value. ASCII only: the set is part of the file format,
/// and Unicode's set may grow.
const WHITESPACE: [char; 6] = [' ', '\t', '\n', '\u{B}', '\u{C}', '\r'];

/// One segment of a [`Path`](crate::key::Path): a value, and optionally a field that says what kind of value it is.
///
/// Its text form is its [`id`](Self::id): `field:value`, or `value` when there is no field. `field:` (a field with an
/// empty value) differs from `field` (a value alone), so an id identifies exactly one segment. Neither part contains
/// `:` or `/`, and neither begins or ends with ASCII whitespace. Segments compare as the UTF-8 bytes of their ids.
///
/// ```
/// use mapleaf::key::Segment;
///
/// let segment: Segment = "user:123".parse()?;
/// assert_eq!((segment.field(), segment.value()), ("user", "123"));
/// assert_eq!(Segment::new("", "notes")?.id(), "notes");
/// # Ok::<(), mapleaf::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Segment {
    /// The canonical id: at most one `:`, never at the start, no `/`, both parts stripped.
    id: Box<str>,
}

impl Segment {
    /// The segment of `field` and `value`, each stripped of ASCII whitespace at its ends. An empty `field` means no
    /// field.
    ///
    /// Allocates once.
    ///
    /// # Errors
    /// `InvalidKey` when either contains `:` or `/`.
    ///
    /// ```
    /// use mapleaf::key::Segment;
    /// assert_eq!(Segment::new("colour", " red ")?.id(), "colour:red");
    /// assert!(Segment::new("a:b", "c").is_err());
    /// # Ok::<(), mapleaf::Error>(())
    /// ```
    pub fn new(field: &str, value: &str) -> Result<Self> {
        for part in [field, value] {
            if part.contains([':', '/']) {
                return Err(refused("a field or a value holds ':' or '/'; replace it", part));
            }
        }
        Ok(Self::of(field, value))
    }

    /// Parses an id: `field:value`, `value`, `:value` (no field) or `field:` (an empty value).
    ///
    /// An empty id is a segment with an empty value. Allocates once.
    ///
    /// # Errors
    /// `InvalidKey` when `id` contains `/`, or `:` more than once.
    pub fn parse(id: &str) -> Result<Self> {
        if id.contains('/') {
            return Err(refused("a segment holds '/'; parse it as a path", id));
        }
        match id.split_once(':') {
            None => Ok(Self::of("", id)),
            Some((_, value)) if value.contains(':') => {
                Err(refused("a segment holds ':' more than once; write field:value", id))
            }
            Some((field, value)) => Ok(Self::of(field, value)),
        }
    }

    /// Whether `id` is the canonical id of a segment. A scan checks this for each segment of each key.
    #[inline]
    pub(super) fn is_canonical(id: &str) -> bool {
        let bytes = id.as_bytes();
        if index_of::<b'/'>(bytes).is_some() {
            return false;
        }
        let Some(colon) = index_of::<b':'>(bytes) else { return is_stripped(bytes) };
        let (field, value) = (&bytes[..colon], &bytes[colon + 1..]);
        !field.is_empty() && index_of::<b':'>(value).is_none() && is_stripped(field) && is_stripped(value)
    }

    /// The segment with this id, which must be canonical. Allocates once.
    pub(super) fn of_canonical_id(id: &str) -> Self {
        Self { id: id.into() }
    }

    /// The segment of two parts that contain neither `:` nor `/`.
    fn of(field: &str, value: &str) -> Self {
        let (field, value) = (field.trim_matches(WHITESPACE), value.trim_matches(WHITESPACE));
        let id = if field.is_empty() { value.into() } else { [field, ":", value].concat().into() };
        Self { id }
    }

    /// The field, or `""` when there is none.
    #[must_use]
    pub fn field(&self) -> &str {
        self.id.split_once(':').map_or("", |(field, _)| field)
    }

    /// The value, which may be empty.
    #[must_use]
    pub fn value(&self) -> &str {
        self.id.split_once(':').map_or(&self.id, |(_, value)| value)
    }

    /// The field as a segment with only that value, or the segment itself if it has no field.
    pub(super) fn without_value(&self) -> Self {
        self.id.split_once(':').map_or_else(|| self.clone(), |(field, _)| Self { id: field.into() })
    }

    /// The segment as text: `field:value`, or `value` when there is no field.
    ///
    /// Parsing it gives the same segment.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }
}

/// Whether a part has no whitespace at its ends.
#[inline]
fn is_stripped(part: &[u8]) -> bool {
    let ends = part.first().into_iter().chain(part.last());
    ends.copied().all(|byte| !WHITESPACE.contains(&char::from(byte)))
}

/// The error for a text that is not a segment.
fn refused(why: &'static str, text: &str) -> Error {
    Error::new(ErrorKind::InvalidKey, why).at_key(text.as_bytes())
}

impl FromStr for Segment {
    type Err = Error;

    fn from_str(id: &str) -> Result<Self> {
        Self::parse(id)
    }
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.id)
    }
}

impl fmt::Debug for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.id, f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Segment;

    proptest! {
        #[test]
        fn exactly_the_canonical_ids_parse_to_themselves(id in "[ab:/ \t\u{b}\u{e9}]{0,6}") {
            let parsed = Segment::parse(&id).ok().filter(|segment| segment.id() == id);
            prop_assert_eq!(Segment::is_canonical(&id), parsed.is_some());
        }
    }
}
