//! A range of any form contains the keys whose values lie in it, and is empty when its bounds are reversed.

use std::cmp::Ordering;
use std::ops::Bound::{self, Excluded, Included, Unbounded};

use crate::key_support::{Sample, alone};
use mapleaf::ErrorKind;
use mapleaf::key::{Key, Reverse};
use mapleaf::scan::{ByteBounds, KeyRange};

fn range<K: Key>(keys: impl KeyRange<K>) -> ByteBounds {
    keys.byte_bounds().expect("ends with a place in the order")
}

/// Whether a value lies between two bounds, given its order against each.
fn lies_between(start: Bound<Ordering>, end: Bound<Ordering>) -> bool {
    let above = match start {
        Included(order) => order.is_ge(),
        Excluded(order) => order.is_gt(),
        Unbounded => true,
    };
    let below = match end {
        Included(order) => order.is_le(),
        Excluded(order) => order.is_lt(),
        Unbounded => true,
    };
    above && below
}

/// Checks the nine intervals and their reverses between every two values.
fn law<K: Sample>() {
    let values = K::edges();
    let keys: Vec<_> = values.iter().filter_map(|value| Some((value, alone::<K>(value)?))).collect();
    let ends = |at: usize, value| [Included(value), Excluded(value), Unbounded][at];
    for (a, b) in values.iter().flat_map(|a| values.iter().map(move |b| (a, b))) {
        for (start, end) in (0..9).map(|at| (ends(at / 3, a), ends(at % 3, b))) {
            let bounds = range::<K>((start.map(K::arg), end.map(K::arg)));
            for (value, key) in &keys {
                let expected = lies_between(start.map(|a| K::order(value, a)), end.map(|b| K::order(value, b)));
                assert_eq!(bounds.contains(key), expected, "{value:?} in {start:?} to {end:?}");
                assert!(!(expected && bounds.is_empty()));
            }
        }
        let reversed = K::order(a, b).is_gt();
        assert_eq!(
            range::<K>((Included(K::arg(a)), Included(K::arg(b)))).is_empty(),
            reversed || alone::<K>(b).is_none()
        );
    }
}

#[test]
fn ranges_of_numbers_contain_the_keys_between_their_bounds() {
    law::<u8>();
    law::<i16>();
    law::<f64>();
    law::<Reverse<u8>>();
}

#[test]
fn ranges_of_text_bytes_and_composites_contain_the_keys_between_their_bounds() {
    law::<&str>();
    law::<&[u8]>();
    law::<[u8; 3]>();
    law::<Option<bool>>();
    law::<(&str, u8)>();
}

#[test]
fn every_form_of_range_is_its_interval() {
    let bounds = |start, end| range::<u16>((start, end));
    assert_eq!(range::<u16>(..), ByteBounds::full());
    assert_eq!(range::<u16>(3..9), bounds(Included(3), Excluded(9)));
    assert_eq!(range::<u16>(3..=9), bounds(Included(3), Included(9)));
    assert_eq!(range::<u16>(3..), bounds(Included(3), Unbounded));
    assert_eq!(range::<u16>(..9), bounds(Unbounded, Excluded(9)));
    assert_eq!(range::<u16>(..=9), bounds(Unbounded, Included(9)));
    assert_eq!(bounds(Excluded(3), Included(9)).as_refs(), (Excluded(&[0, 3][..]), Included(&[0, 9][..])));
    assert_eq!(range::<u16>(9..=9), ByteBounds::exact(&[0, 9]));
    let mut used_up = 9..=9;
    used_up.next();
    assert!(range::<u16>(used_up).is_empty());
}

#[test]
fn bounds_accept_the_forms_that_keys_accept() {
    let (owned, slice) = ("b".to_owned(), &b"b"[..]);
    let expected = range::<&str>("b"..);
    assert_eq!(range::<&str>(&owned..), expected);
    assert_eq!(range::<String>(owned.clone()..), expected);
    assert_eq!(range::<&str>("b"..), range::<&[u8]>(b"b"..));
    assert_eq!(range::<&[u8]>(slice..), range::<Vec<u8>>(b"b".to_vec()..));
    assert_eq!(range::<&[u8]>(b"a"..b"z"), range::<&str>("a".."z"));
    assert_eq!(range::<u8>(&1..&2), range::<u8>(1..2));
    assert_eq!(range::<Option<u8>>(None..=Some(3)).as_refs(), (Included(&[0][..]), Included(&[1, 3][..])));
}

#[test]
fn empty_text_as_a_bound_sorts_before_all_keys() {
    assert_eq!(range::<&str>(""..), ByteBounds::full());
    assert_eq!(range::<&str>((Excluded(""), Unbounded)), ByteBounds::full());
    assert_eq!(range::<&[u8]>(..b""), ByteBounds::empty());
    assert_eq!(range::<String>(..=""), ByteBounds::empty());
    assert!(ByteBounds::empty().is_empty() && !ByteBounds::full().is_empty());
    assert!(!ByteBounds::empty().contains(b"\0") && ByteBounds::full().contains(b"\0"));
}

#[test]
fn nan_is_no_bound() {
    let error = KeyRange::<f64>::byte_bounds(&(f64::NAN..)).expect_err("NaN");
    assert_eq!(error.kind(), ErrorKind::InvalidKey);
    let error = KeyRange::<(f64, u8)>::byte_bounds(&(..(f64::NAN,))).expect_err("NaN");
    assert_eq!(error.kind(), ErrorKind::InvalidKey);
}
