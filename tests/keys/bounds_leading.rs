//! Leading elements of a tuple as a bound of a range stand for all keys that begin with them.

use std::cmp::Ordering;
use std::ops::Bound::{Excluded, Included, Unbounded};

use crate::key_support::{Sample, part};
use mapleaf::key::Key;
use mapleaf::scan::{ByteBounds, KeyRange};
use proptest::prelude::*;

fn range<K: Key>(keys: impl KeyRange<K>) -> ByteBounds {
    keys.byte_bounds().expect("ends with a place in the order")
}

/// Checks every form of range between `a` and `b` on keys of type `$key`; `$lead` are the leading elements.
macro_rules! check_forms {
    ($key:ty, $values:expr, $lead:expr, $a:expr, $b:expr) => {{
        let (a, b) = ($a, $b);
        let cases: [(ByteBounds, fn(Ordering, Ordering) -> bool); 8] = [
            (range::<$key>(a..b), |a, b| a.is_ge() && b.is_lt()),
            (range::<$key>(a..=b), |a, b| a.is_ge() && b.is_le()),
            (range::<$key>(a..), |a, _| a.is_ge()),
            (range::<$key>(..b), |_, b| b.is_lt()),
            (range::<$key>(..=b), |_, b| b.is_le()),
            (range::<$key>((Excluded(a), Included(b))), |a, b| a.is_gt() && b.is_le()),
            (range::<$key>((Excluded(a), Excluded(b))), |a, b| a.is_gt() && b.is_lt()),
            (range::<$key>((Excluded(a), Unbounded)), |a, _| a.is_gt()),
        ];
        for value in &$values {
            let lead = $lead(value);
            for (at, (bounds, within)) in cases.iter().enumerate() {
                let expected = within(lead.cmp(&a), lead.cmp(&b));
                let key = part::<$key>(value);
                assert_eq!(bounds.contains(&key), expected, "form {at}: {value:?} between {a:?} and {b:?}");
                assert!(!(expected && bounds.is_empty()));
            }
        }
    }};
}

type Readings = (&'static str, i64, u8);
type Reading = (String, i64, u8);

const STATIONS: [&str; 7] = ["", "\0", "a", "a\0", "ab", "b", "\u{10FFFF}"];
const TIMES: [i64; 5] = [i64::MIN, -1, 0, 1, i64::MAX];

fn readings() -> Vec<Reading> {
    let all = |(station, time): (&str, i64)| [0, 1, 254, 255].map(|n| (station.to_owned(), time, n));
    STATIONS.into_iter().flat_map(|station| TIMES.map(|time| (station, time))).flat_map(all).collect()
}

fn station(name: &str) -> &'static str {
    STATIONS.into_iter().find(|known| *known == name).expect("a station")
}

#[test]
fn one_leading_element_of_three_bounds_a_range() {
    let readings = readings();
    for (a, b) in STATIONS.into_iter().flat_map(|a| STATIONS.map(|b| (a, b))) {
        check_forms!(Readings, readings, |key: &Reading| (station(&key.0),), (a,), (b,));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn two_leading_elements_of_three_bound_a_range(
        a in (proptest::sample::select(STATIONS.to_vec()), i64::any()),
        b in (proptest::sample::select(STATIONS.to_vec()), i64::any()),
    ) {
        check_forms!(Readings, readings(), |key: &Reading| (station(&key.0), key.1), a, b);
    }

    /// Elements of FF bytes only, after which no key sorts.
    #[test]
    fn leading_elements_bound_a_range_at_the_end_of_the_key_space(a in u8::any(), b in u8::any(), c in u8::any(), d in u8::any()) {
        let ends = [0, 1, 254, 255, a, b, c, d];
        let values: Vec<_> = ends.into_iter().flat_map(|x| ends.map(|y| (x, y, 255u8))).collect();
        check_forms!((u8, u8, u8), values, |key: &(u8, u8, u8)| (key.0,), (a,), (b,));
        check_forms!((u8, u8, u8), values, |key: &(u8, u8, u8)| (key.0, key.1), (a, c), (b, d));
        check_forms!((u8, u8, u8), values, |key: &(u8, u8, u8)| *key, (a, c, 255), (b, d, 255));
    }
}

#[test]
fn seven_leading_elements_of_eight_bound_a_range() {
    type Eight = (u8, u8, u8, u8, u8, u8, u8, u8);
    let bounds = range::<Eight>((1, 2, 3, 4, 5, 6, 7)..=(1, 2, 3, 4, 5, 6, 7));
    assert_eq!(bounds, ByteBounds::prefix(&[1, 2, 3, 4, 5, 6, 7]));
    assert_eq!(range::<Eight>((1,)..=(1,)), ByteBounds::prefix(&[1]));
}
