//! A subtree is one contiguous range of keys: those that begin with the bytes of its root.

use mapleaf::key::{Path, Segment};
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;

use crate::path_support::{alone, parse, part, path};

/// Paths of one to four segments out of a few similar ones, so that most sets contain whole subtrees.
fn relatives() -> impl Strategy<Value = Path> {
    let id = prop_oneof![8 => "a|ab|a\\x00|a\\x01|a-|a:|a:b|b|\\x00", 1 => part()];
    vec(id.prop_map(|id| Segment::parse(&id).expect("a segment")), 1..5).prop_map(Path::from)
}

#[test]
fn paths_with_similar_text_are_not_in_the_subtree() {
    let top = parse("/a").subtree_bytes();
    for (text, within) in [
        ("/a", true),
        ("/a/b", true),
        ("/a/-b", true),
        ("/ab", false),
        ("/a-b", false),
        ("/a:b", false),
        ("/a\0", false),
    ] {
        assert_eq!(alone(&parse(text)).starts_with(&top), within, "{text:?}");
    }
}

#[test]
fn the_subtree_of_the_empty_path_is_everything() {
    assert!(Path::new().subtree_bytes().is_empty());
}

proptest! {
    #[test]
    fn a_prefix_of_bytes_is_a_prefix_of_segments(top in path(), other in relatives(), below in path()) {
        for path in [other, &top / &below] {
            if !path.is_empty() {
                let within = alone(&path).starts_with(&top.subtree_bytes());
                prop_assert_eq!(within, path == top || path.is_descendant_of(&top));
            }
        }
    }

    #[test]
    fn a_subtree_is_contiguous_and_begins_with_its_root(paths in btree_set(relatives(), 1..16)) {
        let mut keys: Vec<(Vec<u8>, &Path)> = paths.iter().map(|path| (alone(path), path)).collect();
        keys.sort();
        prop_assert!(keys.iter().map(|(_, path)| *path).eq(&paths));
        for (at, (_, top)) in keys.iter().enumerate() {
            let prefix = top.subtree_bytes();
            let last = keys.iter().rposition(|(key, _)| key.starts_with(&prefix)).expect("the top itself");
            for (place, (key, path)) in keys.iter().enumerate() {
                let within = path == top || path.is_descendant_of(top);
                prop_assert_eq!(within, (at..=last).contains(&place));
                prop_assert_eq!(within, key.starts_with(&prefix));
            }
        }
    }
}
