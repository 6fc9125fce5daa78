//! The least and the greatest value of each key type are keys, and are bounds of ranges that contain everything.

use std::fmt::Debug;

use mapleaf::{AnyKey, Key, Result, Timestamp};

use crate::law::{Case, holds};

/// Checks keys of a fixed-width type, in ascending order from the least to the greatest.
fn all_hold<K>(keys: &[K]) -> Result<()>
where
    K: for<'a> Key<Arg<'a> = K, Owned = K> + Copy + Debug + 'static,
{
    let ordinal = |key: &K| {
        let mut buf = mapleaf::key::KeyBuf::new();
        K::encode(key, &mut buf).expect("a key").to_vec()
    };
    // The keys are given in order; their bytes must be, too.
    assert!(keys.is_sorted_by(|a, b| ordinal(a) < ordinal(b)), "{keys:?}");
    holds::<K, Vec<u8>>(&Case {
        stored: keys.to_vec(),
        probes: vec![],
        ends: keys.to_vec(),
        arg: |key| *key,
        order: |key| {
            let mut buf = mapleaf::key::KeyBuf::new();
            K::encode(key, &mut buf).expect("a key").to_vec()
        },
        refusal: |_| None,
    })
}

macro_rules! integers {
    ($($test:ident $type:ident;)*) => {$(
        #[test]
        fn $test() -> Result<()> {
            let half = $type::MAX / 2;
            all_hold(&[$type::MIN, $type::MIN + 1, half, half + 1, $type::MAX - 1, $type::MAX])
        }
    )*};
}

integers! {
    u8_from_end_to_end u8;
    u16_from_end_to_end u16;
    u64_from_end_to_end u64;
    u128_from_end_to_end u128;
    usize_from_end_to_end usize;
    i8_from_end_to_end i8;
    i32_from_end_to_end i32;
    i64_from_end_to_end i64;
    i128_from_end_to_end i128;
    isize_from_end_to_end isize;
}

#[test]
fn floats_between_both_infinities_are_keys() -> Result<()> {
    let (least, tiny) = (f64::MIN, f64::from_bits(1));
    all_hold(&[f64::NEG_INFINITY, least, -1.0, -tiny, -0.0, 0.0, tiny, 1.0, -least, f64::INFINITY])?;
    all_hold(&[f32::NEG_INFINITY, f32::MIN, -0.0, 0.0, f32::MAX, f32::INFINITY])
}

#[test]
fn timestamps_from_the_earliest_to_the_latest_are_keys() -> Result<()> {
    all_hold(&[Timestamp::MIN, Timestamp::from_nanos(-1), Timestamp::UNIX_EPOCH, Timestamp::MAX])
}

#[test]
fn extreme_characters_booleans_and_arrays_are_keys() -> Result<()> {
    all_hold(&['\0', 'a', '\u{D7FF}', '\u{E000}', char::MAX])?;
    all_hold(&[false, true])?;
    all_hold(&[[0; 5], [0, 0, 0, 0, 1], [0xFE, 0xFF, 0xFF, 0xFF, 0xFF], [0xFF; 5]])
}

#[test]
fn tuples_and_options_of_extremes_are_keys() -> Result<()> {
    all_hold(&[(0_u8, i64::MIN), (0, i64::MAX), (7, 0), (u8::MAX, i64::MIN), (u8::MAX, i64::MAX)])?;
    all_hold(&[None, Some(i128::MIN), Some(0), Some(i128::MAX)])
}

#[cfg(feature = "uuid")]
#[test]
fn uuids_from_nil_to_max_are_keys() -> Result<()> {
    all_hold(&[uuid::Uuid::nil(), uuid::Uuid::from_u128(1 << 127), uuid::Uuid::max()])
}

#[test]
fn dynamic_keys_of_extremes_are_keys() -> Result<()> {
    let mut keys: Vec<AnyKey> = vec![AnyKey::Null, false.into(), true.into(), i128::MIN.into(), i128::MAX.into()];
    keys.extend([f64::NEG_INFINITY, f64::INFINITY].map(AnyKey::from));
    keys.extend(["".into(), "\u{10FFFF}".into(), AnyKey::Bytes(vec![]), AnyKey::Bytes(vec![0xFF; 9])]);
    keys.extend([AnyKey::Uuid([0; 16]), AnyKey::Uuid([0xFF; 16]), Timestamp::MIN.into(), Timestamp::MAX.into()]);
    keys.extend([AnyKey::List(vec![]), AnyKey::List(vec![AnyKey::List(vec![Timestamp::MAX.into()])])]);
    assert!(keys.is_sorted());
    let case = Case::<AnyKey, AnyKey> {
        stored: keys.clone(),
        probes: vec![],
        ends: keys,
        arg: |key| key,
        order: Clone::clone,
        refusal: |_| None,
    };
    holds::<AnyKey, AnyKey>(&case)
}
