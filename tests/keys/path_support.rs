//! Generated paths of few, unusual segments, so that random paths are often related.

use mapleaf::key::{Key, KeyBuf, Path, Segment};
use proptest::collection::vec;
use proptest::prelude::*;

/// A field or a value: bytes zero and one, characters next to the slash, text at both ends of UTF-8.
pub(crate) fn part() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[\\x00\\x01ab]{0,2}",
        1 => "[\\x00\\x01ab .\\-0é\u{ff}\u{7ff}\u{ffff}\u{10ffff}]{0,4}",
    ]
}

pub(crate) fn segment() -> impl Strategy<Value = Segment> {
    let field = prop_oneof![3 => Just(String::new()), 1 => part()];
    (field, part()).prop_map(|(field, value)| Segment::new(&field, &value).expect("no ':' and no '/'"))
}

pub(crate) fn path() -> impl Strategy<Value = Path> {
    vec(segment(), 0..5).prop_map(Path::from)
}

/// The bytes of `path` alone.
pub(crate) fn alone(path: &Path) -> Vec<u8> {
    Path::encode(&path, &mut KeyBuf::new()).expect("not empty").to_vec()
}

/// The bytes of `path` as an element of a tuple.
pub(crate) fn part_bytes(path: &Path) -> Vec<u8> {
    let mut buf = KeyBuf::new();
    Path::encode_part(&path, &mut buf).expect("every path can be a part");
    buf.to_vec()
}

pub(crate) fn parse(text: &str) -> Path {
    text.parse().expect("a path")
}
