//! Segments and paths parse exactly one grammar: field, colon, value, between slashes.

use mapleaf::ErrorKind;
use mapleaf::key::{Path, Segment};
use proptest::prelude::*;

use crate::path_support::{parse, path, segment};

#[test]
fn a_segment_id_is_a_value_or_a_field_and_a_value() {
    for (id, field, value, canonical) in [
        ("f:v", "f", "v", "f:v"),
        ("v", "", "v", "v"),
        (":v", "", "v", "v"),
        ("f:", "f", "", "f:"),
        ("", "", "", ""),
        ("   ", "", "", ""),
        (":", "", "", ""),
        (" : ", "", "", ""),
        ("\t f \r:\n v w \u{b}\u{c}", "f", "v w", "f:v w"),
        ("  :v", "", "v", "v"),
        ("\u{a0}v\u{a0}", "", "\u{a0}v\u{a0}", "\u{a0}v\u{a0}"),
        ("*?[", "", "*?[", "*?["),
    ] {
        let segment = Segment::parse(id).expect("a segment");
        assert_eq!((segment.field(), segment.value(), segment.id()), (field, value, canonical), "{id:?}");
        assert_eq!(Segment::new(field, value).expect("clean parts"), segment, "{id:?}");
        assert_eq!(segment.to_string(), canonical);
    }
}

#[test]
fn a_field_with_an_empty_value_is_not_a_value() {
    let (field, value) = (Segment::parse("f:").expect("a field"), Segment::parse("f").expect("a value"));
    assert_ne!(field, value);
    assert_eq!((field.field(), field.value()), ("f", ""));
    assert_eq!((value.field(), value.value()), ("", "f"));
}

#[test]
fn text_that_is_no_segment_is_an_invalid_key() {
    for id in ["a:b:c", "::", ":a:", "a/b", "/", "a:b/c"] {
        assert_eq!(Segment::parse(id).expect_err(id).kind(), ErrorKind::InvalidKey);
        assert_eq!(id.parse::<Segment>().expect_err(id).key(), Some(id.as_bytes()));
    }
    for (field, value) in [("a:", "b"), ("a", ":b"), ("a/", "b"), ("a", "/"), ("", "a:b"), (":", ""), ("/", "")] {
        let error = Segment::new(field, value).expect_err("a separator within a part");
        assert_eq!(error.kind(), ErrorKind::InvalidKey);
    }
}

#[test]
fn a_path_is_its_segments_between_slashes() {
    for (text, ids, id) in [
        ("", &[][..], "/"),
        ("/", &[], "/"),
        ("///", &[], "/"),
        ("a", &["a"], "/a"),
        ("/a/", &["a"], "/a"),
        ("a//b:c///d", &["a", "b:c", "d"], "/a/b:c/d"),
        (" a / b : c ", &["a", "b:c"], "/a/b:c"),
        // A part is dropped only if it is empty before it is trimmed.
        ("a/ /b", &["a", "", "b"], "/a//b"),
        (":", &[""], "/"),
    ] {
        let path = Path::parse(text).expect("a path");
        assert!(path.iter().map(Segment::id).eq(ids.iter().copied()), "{text:?}: {path:?}");
        assert_eq!((path.id().as_str(), path.to_string().as_str()), (id, id), "{text:?}");
    }
    for text in ["::", "a/b:c:d", "/a::b/"] {
        assert_eq!(text.parse::<Path>().expect_err(text).kind(), ErrorKind::InvalidKey);
    }
}

#[test]
fn adding_texts_segments_and_paths_joins_them() {
    let whole = parse("/a/b:c/d/e");
    assert_eq!(Path::from_ids(["a/b:c", "", "/d", "e/"]).expect("ids"), whole);
    assert_eq!(Path::from_ids(["a", "b::"]).expect_err("no segment").kind(), ErrorKind::InvalidKey);
    assert_eq!(Path::from_ids([""; 0]).expect("no ids"), Path::new());
    assert_eq!(Path::concat([&parse("a/b:c"), &Path::new(), &parse("d/e")]), whole);
    assert_eq!(whole.segments().iter().cloned().collect::<Path>(), whole);
    assert_eq!(Path::from(whole.segments().to_vec()), whole);
    assert_eq!(Path::from(Segment::parse("a").expect("a segment")), parse("a"));
}

proptest! {
    #[test]
    fn segments_are_equal_exactly_if_their_ids_are(a in segment(), b in segment()) {
        prop_assert_eq!(&Segment::parse(a.id()).expect("its own id"), &a);
        prop_assert_eq!(a.id() == b.id(), (a.field(), a.value()) == (b.field(), b.value()));
        prop_assert_eq!(a.id() == b.id(), a == b);
    }

    #[test]
    fn a_path_parses_from_its_text_except_for_empty_segments(path in path()) {
        let read = Path::parse(&path.id()).expect("its own text");
        let full: Path = path.iter().filter(|segment| !segment.id().is_empty()).cloned().collect();
        prop_assert_eq!(read, full);
    }

    #[test]
    fn any_text_is_a_path_or_an_invalid_key(text in "[a:/ \\x00]{0,12}|\\PC{0,12}") {
        let bad = text.split('/').any(|id| id.matches(':').count() > 1);
        match Path::parse(&text) {
            Ok(path) => {
                prop_assert!(!bad);
                prop_assert_eq!(path.len(), text.split('/').filter(|id| !id.is_empty()).count());
            }
            Err(error) => {
                prop_assert!(bad);
                prop_assert_eq!(error.kind(), ErrorKind::InvalidKey);
            }
        }
    }
}
