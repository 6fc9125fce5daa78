//! The bytes of dynamic keys sort as the keys do, by type and then by value, and read back unchanged.

use mapleaf::key::{AnyKey, AsKey, Key, KeyBuf, Timestamp};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::any_key_support::{encode, float, int, key, list};
use crate::key_support::hash;

/// The encoding alone, followed by the encoding as an element.
fn through(form: impl AsKey<AnyKey>) -> Vec<u8> {
    let mut buf = KeyBuf::from_slice(b"old");
    form.encode_key(&mut buf).expect("a key");
    form.encode_key_part(&mut buf).expect("a part");
    buf.to_vec()
}

#[test]
fn types_sort_in_one_fixed_order() {
    let sorted = [
        AnyKey::Null,
        false.into(),
        true.into(),
        AnyKey::Int(i128::MIN),
        i64::MIN.into(),
        (-1).into(),
        0_u8.into(),
        u64::MAX.into(),
        AnyKey::Int(i128::MAX),
        f64::NEG_INFINITY.into(),
        (-0.0).into(),
        0.0.into(),
        f64::INFINITY.into(),
        "".into(),
        "\0".into(),
        "a".into(),
        "a\0".into(),
        "ab".into(),
        "\u{10ffff}".into(),
        b""[..].into(),
        b"\0"[..].into(),
        b"\xFF"[..].into(),
        AnyKey::Uuid([0; 16]),
        AnyKey::Uuid([0xFF; 16]),
        Timestamp::MIN.into(),
        Timestamp::MAX.into(),
        AnyKey::List(vec![]),
        list([AnyKey::Null]),
        list(["a"]),
        list(["a", ""]),
        list(["a\0"]),
        list([AnyKey::List(vec![])]),
    ];
    for pair in sorted.windows(2) {
        assert!(pair[0] < pair[1], "{pair:?}");
        assert!(encode(&pair[0]) < encode(&pair[1]), "{pair:?}");
    }
}

#[test]
fn content_decides_the_order_before_length() {
    assert!(list([1, 1]) < list([9]));
    assert!(encode(&list([1, 1])) < encode(&list([9])));
    assert!(encode(&list([1, -1])) < encode(&list([1, 1])));
}

#[test]
fn nan_is_no_key_but_equals_itself_in_memory() {
    let nan = AnyKey::Float(f64::NAN);
    assert_eq!(nan, nan.clone());
    let error = AnyKey::encode(&&nan, &mut KeyBuf::new()).expect_err("NaN");
    assert_eq!(error.kind(), mapleaf::ErrorKind::InvalidKey);
    let within = list([list([AnyKey::Float(-f64::NAN)])]);
    assert_eq!(within.encode_key(&mut KeyBuf::new()).expect_err("NaN").kind(), mapleaf::ErrorKind::InvalidKey);
}

#[test]
fn the_schema_name_is_any_and_the_width_is_open() {
    let mut name = String::new();
    AnyKey::name(&mut name);
    assert_eq!((name.as_str(), AnyKey::WIDTH), ("any", None));
}

proptest! {
    #[test]
    fn bytes_keep_order_and_value_whatever_follows(
        a in key(), b in key(), after in vec(any::<u8>(), 0..4), more in vec(any::<u8>(), 0..4),
    ) {
        let (first, second) = (encode(&a), encode(&b));
        prop_assert_eq!(first.cmp(&second), a.cmp(&b));
        prop_assert_eq!(AnyKey::own(AnyKey::decode(&first).expect("its own bytes")), a.clone());
        let (first, second) = ([first, after.clone()].concat(), [second, more].concat());
        if a != b {
            prop_assert_eq!(first.cmp(&second), a.cmp(&b));
        }
        let mut rest = first.as_slice();
        prop_assert_eq!(AnyKey::own_part(AnyKey::decode_part(&mut rest).expect("its own bytes")), a);
        prop_assert_eq!(rest, after.as_slice());
    }

    #[test]
    fn integers_sort_as_integers(a in int(), b in int()) {
        prop_assert_eq!(encode(&AnyKey::Int(a)).cmp(&encode(&AnyKey::Int(b))), a.cmp(&b));
        let read = AnyKey::decode(&encode(&AnyKey::Int(a))).expect("its own bytes");
        prop_assert!(matches!(read, AnyKey::Int(value) if value == a));
    }

    #[test]
    fn floats_sort_by_total_order_and_keep_every_bit(a in float(), b in float()) {
        prop_assert_eq!(encode(&a.into()).cmp(&encode(&b.into())), a.total_cmp(&b));
        let read = AnyKey::decode(&encode(&a.into())).expect("its own bytes");
        prop_assert!(matches!(read, AnyKey::Float(value) if value.to_bits() == a.to_bits()));
    }

    #[test]
    fn equal_keys_hash_alike_and_clones_are_equal(a in key(), b in key()) {
        prop_assert_eq!(&a.clone(), &a);
        prop_assert_eq!(hash(&a.clone()), hash(&a));
        if a == b {
            prop_assert_eq!(hash(&a), hash(&b));
        }
    }

    #[test]
    fn every_form_of_a_key_has_the_same_bytes(key in key()) {
        let bytes = encode(&key);
        let (borrowed, twice) = (&key, &&key);
        prop_assert_eq!(through(borrowed), bytes.repeat(2));
        prop_assert_eq!(through(twice), bytes.repeat(2));
        prop_assert_eq!(through(key), bytes.repeat(2));
    }
}
