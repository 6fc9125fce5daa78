//! Children, joined paths, relative paths and ancestors agree with each other, segment by segment.

use mapleaf::ErrorKind;
use mapleaf::key::{Path, Segment};
use proptest::prelude::*;

use crate::path_support::{parse, path, segment};

#[test]
fn a_child_appends_the_segment_of_its_id() {
    let path = parse("/a:b/c");
    for (id, child) in
        [("d", "/a:b/c/d"), ("d:e", "/a:b/c/d:e"), ("/d//e/", "/a:b/c/d/e"), ("", "/a:b/c"), ("/", "/a:b/c")]
    {
        assert_eq!(path.child(id).expect("an id").id(), child, "{id:?}");
    }
    assert_eq!(path.child_ids(["d", "", "e/f"]).expect("ids"), parse("/a:b/c/d/e/f"));
    assert_eq!(path.child_ids([""; 0]).expect("no ids"), path);
    assert_eq!(path.child("a:b:c").expect_err("no segment").kind(), ErrorKind::InvalidKey);
    assert_eq!(path.child_ids(["d", "::"]).expect_err("no segment").kind(), ErrorKind::InvalidKey);
    assert_eq!(Path::new().child("a").expect("an id"), parse("/a"));
}

#[test]
fn the_slash_appends_paths_and_segments() {
    let (ann, posts) = (parse("user:ann"), parse("posts/42"));
    let title = Segment::parse("title").expect("a segment");
    assert_eq!((&ann / &posts / title.clone()).id(), "/user:ann/posts/42/title");
    assert_eq!((ann.clone() / &posts).id(), "/user:ann/posts/42");
    assert_eq!((&ann / title).id(), "/user:ann/title");
}

#[test]
fn a_relative_path_is_the_part_after_the_parent() {
    let path = parse("/a:b/c/d");
    for (parent, rest) in [("/", "/a:b/c/d"), ("/a:b", "/c/d"), ("/a:b/c", "/d"), ("/a:b/c/d", "/")] {
        assert_eq!(path.relative_to(&parse(parent)).expect("a parent").id(), rest, "{parent:?}");
    }
    for stranger in ["/a:b/c/d/e", "/a", "/a:b/c:", "/c"] {
        let error = path.relative_to(&parse(stranger)).expect_err(stranger);
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        assert!(error.to_string().starts_with("not a parent"), "{error}");
    }
}

#[test]
fn ancestors_are_strict_and_by_segment() {
    for (above, below, ancestor) in [
        ("/a", "/a/b", true),
        ("/a", "/a/b/c", true),
        ("/", "/a", true),
        ("/a", "/a", false),
        ("/", "/", false),
        ("/a/b", "/a", false),
        ("/a", "/ab", false),
        ("/a", "/ab/c", false),
        ("/a", "/a:b/c", false),
        ("/a", "/a-b/c", false),
    ] {
        assert_eq!(parse(above).is_ancestor_of(&parse(below)), ancestor, "{above} {below}");
        assert_eq!(parse(below).is_descendant_of(&parse(above)), ancestor, "{above} {below}");
    }
}

proptest! {
    #[test]
    fn joining_concatenates_and_relative_reverses_it(a in path(), b in path(), c in path()) {
        let joined = a.join(&b);
        prop_assert_eq!(joined.len(), a.len() + b.len());
        prop_assert_eq!(&joined, &Path::concat([&a, &b]));
        prop_assert_eq!(&joined, &(&a / &b));
        prop_assert_eq!(joined.join(&c), a.join(&b.join(&c)));
        prop_assert_eq!(joined.relative_to(&a).expect("a parent"), b.clone());
        prop_assert_eq!(a.is_ancestor_of(&joined), !b.is_empty());
        prop_assert_eq!(joined.is_descendant_of(&a), !b.is_empty());
    }

    #[test]
    fn a_path_below_another_is_relative_to_it(a in path(), b in path()) {
        match a.relative_to(&b) {
            Ok(rest) => {
                prop_assert_eq!(b.join(&rest), a.clone());
                prop_assert_eq!(b.is_ancestor_of(&a), !rest.is_empty());
            }
            Err(_) => prop_assert!(!b.is_ancestor_of(&a) && a != b),
        }
    }

    #[test]
    fn a_child_by_text_is_the_child_by_segment(a in path(), b in segment()) {
        let child = a.child(b.id()).expect("an id");
        let below = if b.id().is_empty() { a } else { a / b };
        prop_assert_eq!(child, below);
    }
}
