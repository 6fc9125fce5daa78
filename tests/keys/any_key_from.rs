//! Rust's own types convert to dynamic keys; integers of every width are one type.

use std::borrow::Cow;

use mapleaf::ErrorKind;
use mapleaf::key::{AnyKey, Timestamp};
use proptest::prelude::*;

use crate::any_key_support::encode;

#[test]
fn every_width_of_an_integer_is_the_same_key() {
    let seven = AnyKey::Int(7);
    for key in [7_i8.into(), 7_i16.into(), 7_i32.into(), 7_i64.into(), 7_i128.into(), 7_isize.into()] {
        assert_eq!(seven, key);
    }
    for key in [7_u8.into(), 7_u16.into(), 7_u32.into(), 7_u64.into(), 7_usize.into()] {
        assert_eq!(seven, key);
    }
    assert_eq!(AnyKey::try_from(7_u128).expect("small"), seven);
    let largest = i128::MAX.unsigned_abs();
    assert_eq!(AnyKey::try_from(largest).expect("the largest"), AnyKey::Int(i128::MAX));
    assert_eq!(AnyKey::try_from(largest + 1).expect_err("too large").kind(), ErrorKind::InvalidKey);
    assert_ne!(AnyKey::from(7), AnyKey::from(7.0));
}

#[test]
fn each_type_becomes_its_own_kind() {
    assert!(matches!(AnyKey::default(), AnyKey::Null));
    assert!(matches!(().into(), AnyKey::Null));
    assert!(matches!(None::<&str>.into(), AnyKey::Null));
    assert!(matches!(Some(true).into(), AnyKey::Bool(true)));
    assert!(matches!(0.5_f32.into(), AnyKey::Float(value) if value.to_bits() == 0.5_f64.to_bits()));
    for text in ["é".into(), 'é'.into(), String::from("é").into(), Cow::Borrowed("é").into()] {
        assert!(matches!(text, AnyKey::Text(text) if text == "é"));
    }
    for bytes in [b"x"[..].into(), b"x".to_vec().into(), Cow::Borrowed(&b"x"[..]).into()] {
        assert!(matches!(bytes, AnyKey::Bytes(bytes) if bytes == b"x"));
    }
    let time = Timestamp::from_nanos(7);
    assert!(matches!(time.into(), AnyKey::Timestamp(read) if read == time));
    let elements = vec![AnyKey::Null, 1.into()];
    for list in [elements.as_slice().into(), elements.clone().into(), elements.iter().cloned().collect()] {
        assert!(matches!(list, AnyKey::List(list) if list == elements));
    }
}

#[cfg(feature = "uuid")]
#[test]
fn a_uuid_becomes_its_bytes() {
    let uuid = uuid::Uuid::from_u128(7);
    assert!(matches!(uuid.into(), AnyKey::Uuid(bytes) if bytes == *uuid.as_bytes()));
}

#[cfg(feature = "jiff")]
#[test]
fn a_jiff_timestamp_becomes_a_timestamp_within_its_range() {
    let time = jiff::Timestamp::from_nanosecond(7).expect("in range");
    assert_eq!(AnyKey::try_from(time).expect("in range"), Timestamp::from_nanos(7).into());
    assert_eq!(AnyKey::try_from(jiff::Timestamp::MAX).expect_err("too late").kind(), ErrorKind::InvalidKey);
}

#[cfg(feature = "chrono")]
#[test]
fn a_chrono_time_becomes_a_timestamp_within_its_range() {
    let time = chrono::DateTime::from_timestamp_nanos(7);
    assert_eq!(AnyKey::try_from(time).expect("in range"), Timestamp::from_nanos(7).into());
    let late = chrono::DateTime::<chrono::Utc>::MAX_UTC;
    assert_eq!(AnyKey::try_from(late).expect_err("too late").kind(), ErrorKind::InvalidKey);
}

proptest! {
    #[test]
    fn signed_and_unsigned_sort_together(a in any::<i64>(), b in any::<u64>()) {
        let order = i128::from(a).cmp(&i128::from(b));
        prop_assert_eq!(AnyKey::from(a).cmp(&b.into()), order);
        prop_assert_eq!(encode(&a.into()).cmp(&encode(&b.into())), order);
    }

    #[test]
    fn narrow_floats_keep_their_order(a in any::<f32>(), b in any::<f32>()) {
        prop_assert_eq!(AnyKey::from(a).cmp(&b.into()), a.total_cmp(&b));
    }
}
