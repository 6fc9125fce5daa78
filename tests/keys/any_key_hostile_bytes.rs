//! Bytes that are no encoding of a dynamic key are a decode error, and never a second encoding of a key.

use mapleaf::ErrorKind;
use mapleaf::key::{AnyKey, Key};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::any_key_support::{encode, key};

#[test]
fn bytes_that_no_key_encodes_to_are_refused() {
    let too_wide = [&[0x18, 0x91][..], &[1; 17]].concat();
    let above_max = [&[0x18, 0x90, 0x80][..], &[0; 15]].concat();
    let below_min = [&[0x18, 0x6F, 0x7F][..], &[0xFF; 14], &[0xFE]].concat();
    for bytes in [
        &b""[..],
        b"\x00",
        b"\x01",
        b"\x09",
        b"\x28",
        b"\x58",
        b"\xFF",
        b"\x08\x08",
        b"\x10",
        b"\x10\x02",
        b"\x18",
        b"\x18\x81",
        b"\x18\x81\x00",
        b"\x18\x82\x00\x01",
        b"\x18\x7F",
        b"\x18\x7E\xFF",
        b"\x18\x7D\xFF\xFE",
        b"\x18\xFF\x01",
        b"\x18\x00\x01",
        &too_wide,
        &above_max,
        &below_min,
        b"\x20\x80\0\0\0\0\0\0",
        b"\x20\xFF\xF8\0\0\0\0\0\0",
        b"\x20\x00\x07\xFF\xFF\xFF\xFF\xFF\xFF",
        b"\x30a",
        b"\x30a\0",
        b"\x30a\0\x02",
        b"\x30\xFF\0\x01",
        b"\x38a\0\x01\0",
        b"\x40123456789abcdef",
        b"\x48\0\0\0\0\0\0\0",
        b"\x50",
        b"\x50\x08",
        b"\x50\x01\0",
        b"\x50\0\0",
    ] {
        let error = AnyKey::decode(bytes).expect_err(&bytes.escape_ascii().to_string());
        assert_eq!(error.kind(), ErrorKind::Decode);
    }
}

fn nearly_a_key() -> impl Strategy<Value = Vec<u8>> {
    const TAGS: [u8; 10] = [0x00, 0x08, 0x10, 0x18, 0x20, 0x30, 0x38, 0x40, 0x48, 0x50];
    let byte = prop_oneof![
        4 => prop::sample::select(&TAGS[..]),
        2 => prop::sample::select(&[0x00, 0x01, 0x7E, 0x7F, 0x80, 0x81, 0xFF][..]),
        1 => any::<u8>(),
    ];
    vec(byte, 0..32)
}

/// Decodes a key from `bytes`; also returns how many bytes it takes.
fn read(bytes: &[u8]) -> mapleaf::Result<(AnyKey, usize)> {
    let mut rest = bytes;
    AnyKey::decode_part(&mut rest).map(|key| (key, bytes.len() - rest.len()))
}

proptest! {
    #[test]
    fn bytes_that_decode_are_the_encoding_of_their_key(bytes in nearly_a_key()) {
        match read(&bytes) {
            Ok((key, taken)) => {
                prop_assert_eq!(encode(&key), &bytes[..taken]);
                prop_assert_eq!(AnyKey::decode(&bytes).is_ok(), taken == bytes.len());
            }
            Err(error) => {
                prop_assert_eq!(error.kind(), ErrorKind::Decode);
                prop_assert!(AnyKey::decode(&bytes).is_err());
            }
        }
    }

    #[test]
    fn a_damaged_key_is_another_key_or_refused(key in key(), at in any::<prop::sample::Index>(), bit in 0..8_u32) {
        let mut bytes = encode(&key);
        let at = at.index(bytes.len());
        bytes[at] ^= 1_u8 << bit;
        match AnyKey::decode(&bytes) {
            Ok(other) => {
                prop_assert_ne!(&other, &key);
                prop_assert_eq!(encode(&other), bytes);
            }
            Err(error) => prop_assert_eq!(error.kind(), ErrorKind::Decode),
        }
    }

    #[test]
    fn a_truncated_key_is_refused(key in key(), cut in any::<prop::sample::Index>()) {
        let bytes = encode(&key);
        let short = &bytes[..cut.index(bytes.len())];
        prop_assert_eq!(read(short).expect_err("cut short").kind(), ErrorKind::Decode);
    }
}
