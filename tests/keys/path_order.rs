//! The bytes of paths sort as the paths do, alone and inside tuples, and read back unchanged.

use mapleaf::ErrorKind;
use mapleaf::key::{AsKey, Key, KeyBuf, Path, Position};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::key_support::hash;
use crate::path_support::{alone, parse, part_bytes, path, segment};

fn through(form: impl AsKey<Path>) -> Vec<u8> {
    let mut buf = KeyBuf::from_slice(b"old");
    let alone = form.encode_key(&mut buf).expect("a key").to_vec();
    assert_eq!(form.encode_bound(&mut buf).expect("a bound"), (&alone[..], Position::At));
    alone
}

#[test]
fn a_parent_sorts_directly_before_its_children() {
    let sorted =
        ["/a", "/a/b", "/a/b/c", "/a\0", "/a\0/b", "/a\u{1}", "/a-b", "/a-b/c", "/a:", "/a:b", "/ab", "/b", "/é"];
    for pair in sorted.windows(2) {
        let (a, b) = (parse(pair[0]), parse(pair[1]));
        assert!(a < b, "{pair:?}");
        assert!(alone(&a) < alone(&b), "{pair:?}");
        assert!(part_bytes(&a) < part_bytes(&b), "{pair:?}");
    }
}

#[test]
fn the_empty_path_is_an_element_and_a_bound_but_no_key() {
    let (empty, mut buf) = (Path::new(), KeyBuf::new());
    assert_eq!(Path::encode(&&empty, &mut buf).expect_err("no bytes").kind(), ErrorKind::InvalidKey);
    assert_eq!(empty.encode_key(&mut buf).expect_err("no bytes").kind(), ErrorKind::InvalidKey);
    assert_eq!(empty.encode_bound(&mut buf).expect("a bound"), (&b""[..], Position::At));
    assert_eq!(Path::decode_part(&mut &part_bytes(&empty)[..]).expect("a part"), empty);
    assert!(part_bytes(&empty) < part_bytes(&parse(" ")));
}

#[test]
fn encoding_a_path_alone_overwrites_the_buffer_and_as_an_element_appends() {
    let (path, mut buf) = (parse("/a"), KeyBuf::from_slice(b"old"));
    assert_eq!(Path::encode(&&path, &mut buf).expect("a key"), b"a\0\x01");
    path.encode_key_part(&mut buf).expect("a part");
    assert_eq!(buf.as_slice(), b"a\0\x01\x01a\0\x01\0");
    assert_eq!(path.encode_bound(&mut buf).expect("a bound"), (&b"a\0\x01"[..], Position::At));
}

#[test]
fn the_schema_name_is_path_and_the_width_is_open() {
    let mut name = String::new();
    Path::name(&mut name);
    assert_eq!((name.as_str(), Path::WIDTH), ("path", None));
}

proptest! {
    #[test]
    fn paths_alone_keep_order_and_value(a in path(), b in path()) {
        prop_assume!(!a.is_empty() && !b.is_empty());
        let (first, second, borrowed, twice) = (alone(&a), alone(&b), &a, &&a);
        prop_assert_eq!(first.cmp(&second), a.cmp(&b));
        prop_assert_eq!(Path::own(Path::decode(&first).expect("its own bytes")), a.clone());
        prop_assert_eq!([through(borrowed), through(twice), through(a.clone())], [first.clone(), first.clone(), first]);
    }

    #[test]
    fn paths_in_tuples_keep_order_and_value_whatever_follows(
        a in path(), b in path(), after in vec(any::<u8>(), 0..4), more in vec(any::<u8>(), 0..4),
    ) {
        let (first, second) = ([part_bytes(&a), after.clone()].concat(), [part_bytes(&b), more].concat());
        if a != b {
            prop_assert_eq!(first.cmp(&second), a.cmp(&b));
        }
        let mut rest = first.as_slice();
        prop_assert_eq!(Path::own_part(Path::decode_part(&mut rest).expect("its own bytes")), a);
        prop_assert_eq!(rest, after.as_slice());
    }

    #[test]
    fn the_segments_of_a_path_read_back_as_written(segments in vec(segment(), 1..5), more in segment()) {
        let made = Path::from(segments.clone());
        let read = || Path::decode(&alone(&made)).expect("its own bytes");
        prop_assert_eq!(read().len(), segments.len());
        let other = read();
        prop_assert_eq!(other.segments(), &segments[..]);
        prop_assert_eq!(read().into_iter().collect::<Vec<_>>(), segments.clone());
        prop_assert_eq!(hash(&read()), hash(&made));
        prop_assert_eq!(read().parent().ok().map(|path| path.segments().to_vec()), made.parent().ok().map(|path| path.into_iter().collect()));
        // Also if the segments were read before.
        for looks in [false, true] {
            let mut longer = read();
            prop_assert!(!looks || longer.iter().count() == segments.len());
            longer.extend([more.clone()]);
            prop_assert_eq!(longer.segments().split_last(), Some((&more, &segments[..])));
            prop_assert_eq!(longer.len(), segments.len() + 1);
            let below = longer.relative_to(&made).expect("a parent");
            prop_assert_eq!(below.segments(), std::slice::from_ref(&more));
        }
    }

    #[test]
    fn paths_sort_as_the_lists_of_their_ids(a in path(), b in path()) {
        let ids = |path: &Path| path.iter().map(|segment| segment.id().as_bytes().to_vec()).collect::<Vec<_>>();
        prop_assert_eq!(a.cmp(&b), ids(&a).cmp(&ids(&b)));
    }
}
