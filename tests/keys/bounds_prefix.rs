//! A prefix matches the keys that begin with it and no others: neither its successor nor keys after trailing `FF`
//! bytes.

use std::borrow::Cow;

use crate::key_support::{Sample, alone, part};
use mapleaf::key::Key;
use mapleaf::scan::{ByteBounds, KeyPrefix, TextPrefix};
use proptest::prelude::*;

fn prefix<K: Key>(prefix: impl KeyPrefix<K>) -> ByteBounds {
    prefix.prefix_bounds().expect("elements with a place in the order")
}

fn prefix_text<K: Key>(prefix: impl TextPrefix<K>) -> ByteBounds {
    prefix.text_prefix_bounds().expect("elements with a place in the order")
}

#[test]
fn text_prefixes_match_exactly_the_keys_that_begin_with_them() {
    let texts = <&str>::edges();
    for (start, text) in texts.iter().flat_map(|start| texts.iter().map(move |text| (start, text))) {
        if let Some(key) = alone::<&str>(text) {
            assert_eq!(prefix::<&str>(start).contains(&key), text.starts_with(start), "{start:?} of {text:?}");
        }
    }
    assert_eq!(prefix::<String>("ab"), prefix::<&str>("ab".to_owned()));
}

#[test]
fn byte_prefixes_that_end_in_ff_match_no_other_keys() {
    let mut all = <&[u8]>::edges();
    all.extend([vec![0x61, 0xFF, 0x01], vec![0x62], vec![0x62, 0x00], vec![0xFF; 3]]);
    for (start, bytes) in all.iter().flat_map(|start| all.iter().map(move |bytes| (start, bytes))) {
        if let Some(key) = alone::<&[u8]>(bytes) {
            assert_eq!(prefix::<&[u8]>(start).contains(&key), bytes.starts_with(start), "{start:?} of {bytes:?}");
        }
    }
    assert_eq!(prefix::<&[u8]>(b"a\xFF"), prefix::<Vec<u8>>(b"a\xFF".to_vec()));
    assert_eq!(prefix::<&[u8]>(&b"a\xFF"[..]), prefix::<Vec<u8>>(*b"a\xFF"));
}

#[test]
fn leading_elements_match_exactly_the_tuples_that_begin_with_them() {
    type K = (&'static str, Option<u8>, u8);
    let texts = ["", "\0", "a", "a\0", "ab", "\u{10FFFF}"];
    let options = [None, Some(0), Some(255)];
    let keys = || texts.into_iter().flat_map(|text| options.map(|option| (text.to_owned(), option, 255)));
    for (a, b) in texts.into_iter().flat_map(|a| options.map(|b| (a, b))) {
        for key in keys() {
            let bytes = part::<K>(&key);
            assert_eq!(prefix::<K>((a,)).contains(&bytes), key.0 == a);
            assert_eq!(prefix::<K>((a, b)).contains(&bytes), key.0 == a && key.1 == b);
            assert_eq!(prefix::<K>((a, b, 255)).contains(&bytes), key.0 == a && key.1 == b);
            assert_eq!(prefix_text::<K>((a,)).contains(&bytes), key.0.starts_with(a), "{a:?} of {key:?}");
        }
    }
    assert!(prefix::<(u8, u8)>((255,)).contains(&[255, 255]), "nothing comes behind FF");
    assert_eq!(prefix::<(&str,)>((Cow::Borrowed("a"),)), prefix::<(String,)>((&"a".to_owned(),)));
}

proptest! {
    #[test]
    fn a_partial_text_matches_as_the_last_element_of_a_prefix(user: u8, start in <&str>::any(), keys in proptest::collection::vec(<(u8, &str, u8)>::any(), 1..20)) {
        let bounds = prefix_text::<(u8, &str, u8)>((user, &start));
        for key in keys.into_iter().chain([(user, start.clone(), 0), (user, start.clone() + "\0", 255)]) {
            let expected = key.0 == user && key.1.starts_with(&start);
            prop_assert_eq!(bounds.contains(&part::<(u8, &str, u8)>(&key)), expected);
        }
    }

    #[test]
    fn partial_bytes_match_as_the_last_element_of_a_prefix(start in <&[u8]>::any(), keys in proptest::collection::vec(<(&[u8], u8)>::any(), 1..20)) {
        let bounds = prefix_text::<(&[u8], u8)>((&start,));
        for key in keys.into_iter().chain([(start.clone(), 0), ([&start[..], b"\xFF"].concat(), 255)]) {
            prop_assert_eq!(bounds.contains(&part::<(&[u8], u8)>(&key)), key.0.starts_with(&start));
        }
    }
}
