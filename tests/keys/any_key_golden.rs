//! The bytes of dynamic keys are frozen.

use mapleaf::key::{AnyKey, Key, Timestamp};

use crate::any_key_support::{encode, list};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}

#[test]
fn dynamic_keys_have_the_bytes_of_the_format() {
    for (key, bytes) in [
        (AnyKey::Null, "08"),
        (false.into(), "10 00"),
        (true.into(), "10 01"),
        (0.into(), "18 80"),
        (1.into(), "18 81 01"),
        (255.into(), "18 81 ff"),
        (256.into(), "18 82 01 00"),
        (u64::MAX.into(), "18 88 ff ff ff ff ff ff ff ff"),
        (AnyKey::Int(i128::MAX), "18 90 7f ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff"),
        ((-1).into(), "18 7e fe"),
        ((-255).into(), "18 7e 00"),
        ((-256).into(), "18 7d fe ff"),
        (AnyKey::Int(i128::MIN), "18 6f 7f ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff"),
        (f64::NEG_INFINITY.into(), "20 00 0f ff ff ff ff ff ff"),
        ((-1.0).into(), "20 40 0f ff ff ff ff ff ff"),
        ((-0.0).into(), "20 7f ff ff ff ff ff ff ff"),
        (0.0.into(), "20 80 00 00 00 00 00 00 00"),
        (1.0.into(), "20 bf f0 00 00 00 00 00 00"),
        (f64::INFINITY.into(), "20 ff f0 00 00 00 00 00 00"),
        ("".into(), "30 00 01"),
        ("a\0é".into(), "30 61 00 ff c3 a9 00 01"),
        (b"\x00\xFF"[..].into(), "38 00 ff ff 00 01"),
        (AnyKey::Uuid(*b"0123456789abcdef"), "40 30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66"),
        (Timestamp::UNIX_EPOCH.into(), "48 80 00 00 00 00 00 00 00"),
        (Timestamp::from_nanos(-1).into(), "48 7f ff ff ff ff ff ff ff"),
        (AnyKey::List(vec![]), "50 00"),
        (list([list(["a", "b"]), "c".into()]), "50 50 30 61 00 01 30 62 00 01 00 30 63 00 01 00"),
        (list(["a", "b", "c"]), "50 30 61 00 01 30 62 00 01 30 63 00 01 00"),
    ] {
        assert_eq!(hex(&encode(&key)), bytes, "{key:?}");
        assert_eq!(AnyKey::decode(&encode(&key)).expect("its own bytes"), key);
    }
}
