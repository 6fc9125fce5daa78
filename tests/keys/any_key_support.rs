//! Generated dynamic keys: boundary values of each type, close to each other.

use mapleaf::key::{AnyKey, Key, KeyBuf, Timestamp};
use proptest::collection::vec;
use proptest::prelude::*;

/// Integers around zero, around the powers of 256, and at the limits of Rust's types.
pub(crate) fn int() -> impl Strategy<Value = i128> {
    let power = (0..128_u32, -1..=1_i128, any::<bool>()).prop_map(|(bits, off, negative)| {
        let magnitude = (1_i128 << bits.min(126)).wrapping_add(off);
        if negative { -magnitude } else { magnitude }
    });
    let end = prop_oneof![Just(i128::MIN), Just(i128::MIN + 1), Just(i128::MAX), Just(i128::MAX - 1)];
    prop_oneof![4 => power, 2 => -300..300_i128, 1 => end, 1 => any::<i128>(), 1 => any::<i64>().prop_map(i128::from)]
}

/// Floats of every class except NaN.
pub(crate) fn float() -> impl Strategy<Value = f64> {
    use prop::num::f64::{INFINITE, NEGATIVE, NORMAL, POSITIVE, SUBNORMAL, ZERO};
    prop_oneof![POSITIVE | NEGATIVE | NORMAL | SUBNORMAL | ZERO | INFINITE, (-2..3).prop_map(f64::from)]
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    vec(prop_oneof![Just(0x00), Just(0x01), Just(0xFF), Just(b'a'), any::<u8>()], 0..4)
}

fn scalar() -> impl Strategy<Value = AnyKey> {
    prop_oneof![
        Just(AnyKey::Null),
        any::<bool>().prop_map(AnyKey::Bool),
        int().prop_map(AnyKey::Int),
        float().prop_map(AnyKey::Float),
        "[\\x00\\x01ab\u{ffff}\u{10ffff}]{0,3}".prop_map(AnyKey::Text),
        bytes().prop_map(AnyKey::Bytes),
        any::<[u8; 16]>().prop_map(AnyKey::Uuid),
        any::<i64>().prop_map(|nanos| AnyKey::Timestamp(Timestamp::from_nanos(nanos))),
    ]
}

/// Scalars, and lists of few different elements, so that lists often have a common prefix.
pub(crate) fn key() -> impl Strategy<Value = AnyKey> {
    let few = prop_oneof![Just(AnyKey::Null), Just(AnyKey::from("a")), Just(AnyKey::from(0)), scalar()];
    let list = few.prop_recursive(3, 12, 4, |element| vec(element, 0..4).prop_map(AnyKey::List));
    prop_oneof![2 => scalar(), 1 => list]
}

pub(crate) fn encode(key: &AnyKey) -> Vec<u8> {
    AnyKey::encode(&key, &mut KeyBuf::new()).expect("a key that can be stored").to_vec()
}

pub(crate) fn list(elements: impl IntoIterator<Item = impl Into<AnyKey>>) -> AnyKey {
    elements.into_iter().collect()
}
