//! Lists nest: which list contains an element is part of the key. Excessive depth is an error in both directions, not a
//! stack overflow.

use mapleaf::ErrorKind;
use mapleaf::key::{AnyKey, AsKey, Key, KeyBuf};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::any_key_support::{encode, key, list};

fn nested(depth: usize) -> AnyKey {
    (1..depth).fold(AnyKey::List(vec![]), |inner, _| AnyKey::List(vec![inner]))
}

fn nested_bytes(depth: usize) -> Vec<u8> {
    [vec![0x50; depth], vec![0x00; depth]].concat()
}

#[test]
fn nesting_is_part_of_the_key() {
    let text = AnyKey::from;
    let spellings = [
        list([list(["a", "b"]), text("c")]),
        list([text("a"), list(["b", "c"])]),
        list(["a", "b", "c"]),
        list([list(["a", "b", "c"])]),
        list([list(["a"]), list(["b"]), text("c")]),
        list([text("a"), AnyKey::Null, text("b")]),
        list([text("a"), text("")]),
        list(["a"]),
        text("a"),
        AnyKey::List(vec![]),
        AnyKey::Null,
    ];
    for (at, key) in spellings.iter().enumerate() {
        assert_eq!(&AnyKey::decode(&encode(key)).expect("its own bytes"), key);
        for other in &spellings[at + 1..] {
            assert_ne!(key, other);
            assert_ne!(encode(key), encode(other));
        }
    }
}

#[test]
fn lists_nest_to_the_limit_and_no_further() {
    let deepest = nested(AnyKey::MAX_DEPTH);
    assert_eq!(encode(&deepest), nested_bytes(AnyKey::MAX_DEPTH));
    assert_eq!(AnyKey::decode(&nested_bytes(AnyKey::MAX_DEPTH)).expect("at the limit"), deepest);
    for depth in [AnyKey::MAX_DEPTH + 1, 1000] {
        let error = nested(depth).encode_key(&mut KeyBuf::new()).expect_err("too deep").kind();
        assert_eq!(error, ErrorKind::InvalidKey);
        assert_eq!(AnyKey::decode(&nested_bytes(depth)).expect_err("too deep").kind(), ErrorKind::Decode);
    }
}

#[test]
fn hostile_depth_ends_early() {
    let bytes = vec![0x50; 10_000_000];
    assert_eq!(AnyKey::decode(&bytes).expect_err("too deep").kind(), ErrorKind::Decode);
    let mut rest = bytes.as_slice();
    assert_eq!(AnyKey::decode_part(&mut rest).expect_err("too deep").kind(), ErrorKind::Decode);
    assert_eq!(rest.len(), bytes.len());
}

proptest! {
    #[test]
    fn a_list_sorts_before_its_continuations(elements in vec(key(), 0..4), next in key()) {
        let longer = list(elements.iter().cloned().chain([next]));
        prop_assert!(list(elements.clone()) < longer);
        prop_assert!(encode(&list(elements)) < encode(&longer));
    }

    #[test]
    fn a_list_of_one_is_not_its_element(element in key()) {
        prop_assert_ne!(encode(&list([element.clone()])), encode(&element));
    }
}
