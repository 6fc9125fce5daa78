//! A path is a list of segments; some accessors return a part of its last segment.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use mapleaf::ErrorKind;
use mapleaf::key::{Path, Segment};
use proptest::prelude::*;

use crate::path_support::{parse, path};

fn hash(path: &Path) -> u64 {
    let mut hasher = DefaultHasher::new();
    path.hash(&mut hasher);
    hasher.finish()
}

#[test]
fn a_path_reads_as_a_list() {
    let path = parse("/a:b/c/d:e");
    assert_eq!((path.len(), path.is_empty()), (3, false));
    assert_eq!((path[0].id(), path[2].id()), ("a:b", "d:e"));
    assert_eq!(Path::from(&path[1..]), parse("/c/d:e"));
    assert_eq!(Path::from(&path[..=1]), parse("/a:b/c"));
    assert_eq!(path.get(1).map(Segment::id), Some("c"));
    assert_eq!(path.get(3), None);
    assert_eq!(path.get(2..4), None);
    assert_eq!(path.iter().rev().map(Segment::value).collect::<Vec<_>>(), ["e", "c", "b"]);
    assert_eq!((&path).into_iter().count(), 3);
    assert_eq!(path.clone().into_iter().collect::<Path>(), path);
    assert_eq!(format!("{path:?}"), r#"Path["a:b", "c", "d:e"]"#);
    assert_eq!(format!("{path:>12}|"), "  /a:b/c/d:e|");
}

#[test]
fn value_and_field_of_a_path_are_those_of_its_last_segment() {
    for (text, field, value) in
        [("", "", ""), ("a:b", "a", "b"), ("a:b/c", "", "c"), ("a/b:", "b", ""), ("a/ ", "", "")]
    {
        let path = parse(text);
        assert_eq!((path.field(), path.value()), (field, value), "{text:?}");
    }
}

#[test]
fn a_root_has_one_segment_and_the_empty_path_is_no_root() {
    for (text, root) in [("", false), ("/", false), ("a", true), ("a:b", true), (" ", true), ("a/b", false)] {
        assert_eq!(parse(text).is_root(), root, "{text:?}");
    }
    assert!(Path::new().is_empty());
    assert_eq!(Path::new(), Path::default());
}

#[test]
fn the_parent_lacks_the_last_segment() {
    assert_eq!(parse("/a/b:c/d").parent().expect("a parent"), parse("/a/b:c"));
    assert_eq!(parse("/a/b").parent().expect("a parent"), parse("/a"));
    for childless in ["", "a", "a:b"] {
        assert_eq!(parse(childless).parent().expect_err(childless).kind(), ErrorKind::InvalidArgument);
    }
}

#[test]
fn the_path_of_a_path_keeps_the_last_field_or_value() {
    for (text, path) in
        [("/a:b/c/d:e", "/a:b/c/d"), ("/a:b/c", "/a:b/c"), ("a:b", "/a"), ("a:", "/a"), ("/a/:b", "/a/b"), ("", "/")]
    {
        assert_eq!(parse(text).path().id(), path, "{text:?}");
        assert_eq!(parse(text).path().field(), "");
    }
}

#[test]
fn reversing_a_path_reverses_the_list_and_not_the_segments() {
    assert_eq!(parse("/a:b/c/d:e").reverse().id(), "/d:e/c/a:b");
    assert_eq!(Path::new().reverse(), Path::new());
}

proptest! {
    #[test]
    fn equal_paths_hash_alike(a in path(), b in path()) {
        prop_assert_eq!(hash(&a), hash(&a.iter().cloned().collect()));
        prop_assert_eq!(a == b, a.segments() == b.segments());
        if a == b {
            prop_assert_eq!(hash(&a), hash(&b));
        }
    }

    #[test]
    fn reversing_twice_gives_the_original_path(path in path()) {
        prop_assert_eq!(path.reverse().reverse(), path.clone());
        prop_assert!(path.reverse().iter().eq(path.iter().rev()));
    }

    #[test]
    fn a_parent_and_the_last_segment_make_the_path(path in path()) {
        match path.parent() {
            Ok(parent) => {
                prop_assert_eq!(parent.len() + 1, path.len());
                prop_assert_eq!(&parent / path[path.len() - 1].clone(), path);
            }
            Err(_) => prop_assert!(path.len() < 2),
        }
    }
}
