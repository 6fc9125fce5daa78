//! The encodings of tuple elements never run together: every pair of element types, at the extremes of both.

use std::cmp::Ordering;

use crate::key_support::{Sample, part, round_trips};
use mapleaf::key::Reverse;

fn law<A: Sample, B: Sample>() {
    let (firsts, seconds) = (A::edges(), B::edges());
    let mut pairs: Vec<_> = firsts.iter().flat_map(|a| seconds.iter().map(move |b| (a.clone(), b.clone()))).collect();
    pairs.sort_by(<(A, B)>::order);
    let mut before: Option<(_, Vec<u8>)> = None;
    for pair in pairs {
        let bytes = part::<(A, B)>(&pair);
        if let Some((smaller, smaller_bytes)) = &before {
            let order = <(A, B)>::order(smaller, &pair);
            assert_ne!(order, Ordering::Greater);
            assert_eq!(smaller_bytes.cmp(&bytes), order, "{smaller:?} and {pair:?}");
        }
        round_trips::<(A, B)>(&pair);
        before = Some((pair, bytes));
    }
}

macro_rules! pairs {
    ($($name:ident: $first:ty;)*) => {$(
        #[test]
        fn $name() {
            pairs!(@with $first; u8, i16, f64, bool, char, (), &str, &[u8], [u8; 3]);
            pairs!(@with $first; Option<i8>, Option<&str>, Reverse<u8>, Reverse<&str>, (u8, &str));
        }
    )*};
    (@with $first:ty; $($second:ty),+) => {
        $(law::<$first, $second>();)+
    };
}

pairs! {
    after_unsigned: u8;
    after_signed: i16;
    after_float: f64;
    after_bool: bool;
    after_char: char;
    after_unit: ();
    after_text: &str;
    after_bytes: &[u8];
    after_array: [u8; 3];
    after_option: Option<i8>;
    after_option_of_text: Option<&str>;
    after_reversed: Reverse<u8>;
    after_reversed_text: Reverse<&str>;
    after_tuple: (u8, &str);
}
