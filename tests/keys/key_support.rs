//! Sample values of every key type, and the laws that each type keeps.

use std::cmp::Ordering;
use std::hash::{DefaultHasher, Hash, Hasher};

use mapleaf::ErrorKind;
use mapleaf::key::{Key, KeyBuf, Reverse};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};

/// A key type with generated values: `Owned` is the value, `order` is the order in which it must be stored.
pub trait Sample: Key {
    /// Whether no key, encoded alone, is a prefix of another. Only bare text and bytes have such prefixes.
    const SELF_DELIMITED: bool = true;
    fn arg(value: &Self::Owned) -> Self::Arg<'_>;
    fn order(a: &Self::Owned, b: &Self::Owned) -> Ordering;
    fn edges() -> Vec<Self::Owned>;
    fn random() -> BoxedStrategy<Self::Owned>;

    fn any() -> BoxedStrategy<Self::Owned> {
        prop_oneof![select(Self::edges()), Self::random()].boxed()
    }
}

macro_rules! integers {
    ($($type:ident)*) => {$(
        impl Sample for $type {
            fn arg(value: &$type) -> $type {
                *value
            }
            fn order(a: &$type, b: &$type) -> Ordering {
                a.cmp(b)
            }
            fn edges() -> Vec<$type> {
                let near = |n: $type| [n.wrapping_sub(1), n, n.wrapping_add(1), (0 as $type).wrapping_sub(n)];
                let powers = (0..$type::BITS).step_by(8).map(|shift| (1 as $type) << shift);
                powers.chain([0, $type::MIN, $type::MAX]).flat_map(near).collect()
            }
            fn random() -> BoxedStrategy<$type> {
                proptest::prelude::any::<$type>().boxed()
            }
        }
    )*};
}

integers!(u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize);

macro_rules! floats {
    ($($type:ident)*) => {$(
        impl Sample for $type {
            fn arg(value: &$type) -> $type {
                *value
            }
            fn order(a: &$type, b: &$type) -> Ordering {
                a.total_cmp(b)
            }
            fn edges() -> Vec<$type> {
                let plain = [0.0, $type::from_bits(1), $type::MIN_POSITIVE, 1.0, 1.5, 256.0, $type::MAX, $type::INFINITY];
                plain.into_iter().flat_map(|n| [n, -n]).collect()
            }
            fn random() -> BoxedStrategy<$type> {
                use proptest::num::$type::{INFINITE, NEGATIVE, NORMAL, POSITIVE, SUBNORMAL, ZERO};
                (POSITIVE | NEGATIVE | NORMAL | SUBNORMAL | ZERO | INFINITE).boxed()
            }
        }
    )*};
}

floats!(f32 f64);

macro_rules! small {
    ($($type:ty: $edges:expr;)*) => {$(
        impl Sample for $type {
            fn arg(value: &$type) -> $type {
                *value
            }
            fn order(a: &$type, b: &$type) -> Ordering {
                a.cmp(b)
            }
            fn edges() -> Vec<$type> {
                $edges.to_vec()
            }
            fn random() -> BoxedStrategy<$type> {
                proptest::prelude::any::<$type>().boxed()
            }
        }
    )*};
}

small! {
    bool: [false, true];
    char: ['\0', '\u{1}', 'a', '\u{FF}', '\u{100}', '\u{D7FF}', '\u{E000}', '\u{FFFF}', '\u{10000}', char::MAX];
    (): [()];
    [u8; 1]: [[0], [1], [0xFE], [0xFF]];
    [u8; 3]: [[0; 3], [0, 0xFF, 1], [0, 1, 0], [1, 0, 0], [0xFF, 0, 1], [0xFF; 3]];
    [u8; 16]: [[0; 16], [0xFF; 16], *b"0123456789abcdef"];
}

/// Texts at boundaries: prefixes of each other, with zeros at their ends, of lengths where the encoding changes.
fn texts() -> Vec<String> {
    let short = ["", "\0", "\0\0", "\0\u{1}", "\u{1}", "a", "a\0", "a\0\0", "a\0b", "a\u{1}", "ab", "b", "\u{7F}"];
    let wide = ["\u{80}", "\u{FFFF}", "\u{10000}", "\u{1F600}", "\u{10FFFF}", "\u{10FFFF}\0"];
    let long = [63, 64, 510, 511, 512].map(|length| "x".repeat(length));
    let ended = [63, 64, 511].map(|length| "x".repeat(length - 1) + "\0");
    short.into_iter().chain(wide).map(str::to_owned).chain(long).chain(ended).collect()
}

fn random_text() -> BoxedStrategy<String> {
    let few = proptest::collection::vec(select(vec!["\0", "\u{1}", "a", "b", "\u{10FFFF}"]), 0..6);
    prop_oneof![few.prop_map(|pieces| pieces.concat()), ".{0,20}"].boxed()
}

fn byte_strings() -> Vec<Vec<u8>> {
    let ends = [&b"\xFF"[..], b"\xFF\xFF", b"a\xFF", b"a\xFF\0", b"\0\xFF", b"\0\x01", b"\xFE\xFF"].map(<[u8]>::to_vec);
    texts().into_iter().map(String::into_bytes).chain(ends).chain([vec![0xFF; 64], vec![0; 64]]).collect()
}

/// Bytes with many special values: terminators, escapes, tags and their inverses.
pub fn random_bytes() -> BoxedStrategy<Vec<u8>> {
    let byte = prop_oneof![select(vec![0x00u8, 0x01, 0x61, 0x7F, 0x80, 0xFE, 0xFF]), proptest::prelude::any::<u8>()];
    proptest::collection::vec(byte, 0..24).boxed()
}

macro_rules! raw {
    ($($key:ty, $arg:ident, $edges:expr, $random:expr;)*) => {$(
        impl Sample for $key {
            const SELF_DELIMITED: bool = false;
            fn arg(value: &Self::Owned) -> Self::Arg<'_> {
                value.$arg()
            }
            fn order(a: &Self::Owned, b: &Self::Owned) -> Ordering {
                a.cmp(b)
            }
            fn edges() -> Vec<Self::Owned> {
                $edges
            }
            fn random() -> BoxedStrategy<Self::Owned> {
                $random
            }
        }
    )*};
}

raw! {
    &str, as_str, texts(), random_text();
    String, as_str, texts(), random_text();
    &[u8], as_slice, byte_strings(), random_bytes();
    Vec<u8>, as_slice, byte_strings(), random_bytes();
}

impl<K: Sample<Owned: 'static>> Sample for Option<K> {
    fn arg(value: &Self::Owned) -> Self::Arg<'_> {
        value.as_ref().map(K::arg)
    }
    fn order(a: &Self::Owned, b: &Self::Owned) -> Ordering {
        match (a, b) {
            (Some(a), Some(b)) => K::order(a, b),
            _ => a.is_some().cmp(&b.is_some()),
        }
    }
    fn edges() -> Vec<Self::Owned> {
        std::iter::once(None).chain(K::edges().into_iter().map(Some)).collect()
    }
    fn random() -> BoxedStrategy<Self::Owned> {
        proptest::option::of(K::any()).boxed()
    }
}

impl<K: Sample> Sample for Reverse<K> {
    fn arg(value: &Self::Owned) -> Self::Arg<'_> {
        Reverse(K::arg(&value.0))
    }
    fn order(a: &Self::Owned, b: &Self::Owned) -> Ordering {
        K::order(&b.0, &a.0)
    }
    fn edges() -> Vec<Self::Owned> {
        K::edges().into_iter().map(Reverse).collect()
    }
    fn random() -> BoxedStrategy<Self::Owned> {
        K::any().prop_map(Reverse).boxed()
    }
}

macro_rules! tuples {
    ($($($key:ident $index:tt),+;)*) => {$(
        impl<$($key: Sample),+> Sample for ($($key,)+) {
            fn arg(value: &Self::Owned) -> Self::Arg<'_> {
                ($($key::arg(&value.$index),)+)
            }
            fn order(a: &Self::Owned, b: &Self::Owned) -> Ordering {
                Ordering::Equal$(.then_with(|| $key::order(&a.$index, &b.$index)))+
            }
            fn edges() -> Vec<Self::Owned> {
                let longest = [$($key::edges().len()),+].into_iter().max().unwrap_or(0);
                let all = ($($key::edges(),)+);
                (0..longest).map(|at| ($(all.$index[at % all.$index.len()].clone(),)+)).collect()
            }
            fn random() -> BoxedStrategy<Self::Owned> {
                ($($key::any(),)+).boxed()
            }
        }
    )*};
}

tuples! {
    A 0;
    A 0, B 1;
    A 0, B 1, C 2;
    A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7;
}

/// Checks a law of generated values, in this number of cases.
pub fn for_all<S: Strategy>(cases: u32, values: &S, law: impl Fn(S::Value)) {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let result = TestRunner::new(config).run(values, |value| {
        law(value);
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

/// The standard library's hash of a value.
pub fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// The key's bytes alone; `None` if it is refused because it is empty.
pub fn alone<K: Sample>(value: &K::Owned) -> Option<Vec<u8>> {
    let mut buf = KeyBuf::from_slice(b"left over");
    match K::encode(&K::arg(value), &mut buf) {
        Ok(bytes) => Some(bytes.to_vec()),
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::InvalidKey);
            assert_eq!(part::<K>(value), [0, 1], "only empty text and bytes are refused");
            None
        }
    }
}

/// The key's bytes as an element of a tuple.
pub fn part<K: Sample>(value: &K::Owned) -> Vec<u8> {
    let mut buf = KeyBuf::from_slice(b"before");
    K::encode_part(&K::arg(value), &mut buf).expect("has a place in the order");
    buf.strip_prefix(b"before").expect("is appended").to_vec()
}

/// Checks that bytes sort as values do, in both forms.
pub fn keeps_order<K: Sample>(a: &K::Owned, b: &K::Owned) {
    let order = K::order(a, b);
    assert_eq!(part::<K>(a).cmp(&part::<K>(b)), order, "parts of {a:?} and {b:?}");
    if let (Some(alone_a), Some(alone_b)) = (alone::<K>(a), alone::<K>(b)) {
        assert_eq!(alone_a.cmp(&alone_b), order, "{a:?} and {b:?} alone");
    }
}

/// Checks that a value reads back bit for bit, and that no byte too many is consumed.
pub fn round_trips<K: Sample>(value: &K::Owned) {
    let same = |read: K::Owned| assert_eq!(K::order(&read, value), Ordering::Equal, "{value:?} was read as {read:?}");
    let bytes = part::<K>(value);
    for behind in [&b""[..], b"\0", b"\x01", b"\xFF\xFF"] {
        let stored = [&bytes, behind].concat();
        let mut rest = &stored[..];
        same(K::own_part(K::decode_part(&mut rest).expect("was written by the codec")));
        assert_eq!(rest, behind);
    }
    let widths = [Some(bytes.len()), alone::<K>(value).map(|bytes| bytes.len())];
    if let Some(bytes) = alone::<K>(value) {
        same(K::own(K::decode(&bytes).expect("was written by the codec")));
    }
    if K::WIDTH.is_some() {
        assert_eq!([K::WIDTH; 2], widths, "width of {value:?}");
    }
}
