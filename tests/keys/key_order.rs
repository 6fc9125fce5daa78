//! Bytes sort as values do, and every key reads back as it was written: each key type, alone and in a tuple.

use crate::key_support::{Sample, for_all, keeps_order, round_trips};
use mapleaf::key::Reverse;

fn law<K: Sample>() {
    let edges = K::edges();
    for a in &edges {
        round_trips::<K>(a);
        for b in &edges {
            keeps_order::<K>(a, b);
        }
    }
    for_all(128, &(K::any(), K::any()), |(a, b)| {
        keeps_order::<K>(&a, &b);
        round_trips::<K>(&a);
    });
}

macro_rules! laws {
    ($($name:ident: $($key:ty),+;)*) => {$(
        #[test]
        fn $name() {
            $(law::<$key>();)+
        }
    )*};
}

laws! {
    unsigned: u8, u16, u32, u64, u128, usize;
    signed: i8, i16, i32, i64, i128, isize;
    floats: f32, f64;
    small: bool, char, ();
    text: &str, String;
    bytes: &[u8], Vec<u8>;
    arrays: [u8; 1], [u8; 3], [u8; 16];
    options: Option<u8>, Option<&str>, Option<Option<&[u8]>>, Option<()>;
    reversed: Reverse<u16>, Reverse<f64>, Reverse<&str>, Reverse<&[u8]>, Reverse<Reverse<String>>;
    reversed_composites: Reverse<Option<&str>>, Reverse<(&str, &[u8])>, Option<Reverse<&str>>;
    tuples: (u8,), (&str,), (&str, &str), (&[u8], i64, &str), (u8, u16, u32, u64, i8, i16, i32, i64);
    nested_tuples: ((&str, &str), &str), (&str, (&str, &str)), ((((&[u8],),),),), (Option<(&str, u8)>, Reverse<&str>);
    eight_of_all: (&str, u8, &[u8], Option<&str>, Reverse<&str>, f64, [u8; 3], char);
}
