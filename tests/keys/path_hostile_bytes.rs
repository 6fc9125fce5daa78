//! Bytes that are no encoding of a path are a decode error, and never a second encoding of a path.

use mapleaf::ErrorKind;
use mapleaf::key::{Key, Path};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::path_support::{alone, part_bytes, path};

#[test]
fn bytes_that_no_path_encodes_to_are_refused() {
    for bytes in [
        &b""[..],
        b"a",
        b"a\0",
        b"a\0\x02",
        b"a\0\xFF",
        b"a\0\x01b",
        b"a\0\x01\0",
        b"\xFF\0\x01",
        b"\xC3\0\x01",
        b"a/b\0\x01",
        b"a:b:c\0\x01",
        b":a\0\x01",
        b" a\0\x01",
        b"a \0\x01",
        b"a :b\0\x01",
        b"a: b\0\x01",
        b":\0\x01",
    ] {
        assert_eq!(Path::decode(bytes).expect_err("no path").kind(), ErrorKind::Decode, "{}", bytes.escape_ascii());
        let part = [b"\x01", bytes, b"\0"].concat();
        let mut rest = part.as_slice();
        if bytes != b"" && bytes != b"a\0\x01\0" {
            assert_eq!(Path::decode_part(&mut rest).expect_err("no path").kind(), ErrorKind::Decode);
            assert_eq!(rest, part);
        }
    }
    for part in [&b""[..], b"\x01", b"\x01a\0\x01", b"\x02a\0\x01\0", b"\x01a\0\x01\x01"] {
        assert_eq!(Path::decode_part(&mut { part }).expect_err("no path").kind(), ErrorKind::Decode);
    }
}

fn nearly_a_path() -> impl Strategy<Value = Vec<u8>> {
    let byte =
        prop_oneof![Just(0x00), Just(0x01), Just(0xFF), Just(b'a'), Just(b':'), Just(b'/'), Just(b' '), any::<u8>()];
    vec(byte, 0..24)
}

proptest! {
    #[test]
    fn bytes_that_decode_are_the_encoding_of_their_path(bytes in nearly_a_path()) {
        match Path::decode(&bytes) {
            Ok(path) => prop_assert_eq!(alone(&path), bytes.clone()),
            Err(error) => prop_assert_eq!(error.kind(), ErrorKind::Decode),
        }
        let mut rest = bytes.as_slice();
        match Path::decode_part(&mut rest) {
            Ok(path) => prop_assert_eq!([part_bytes(&path).as_slice(), rest].concat(), bytes),
            Err(error) => {
                prop_assert_eq!(error.kind(), ErrorKind::Decode);
                prop_assert_eq!(rest, bytes.as_slice());
            }
        }
    }

    #[test]
    fn a_truncated_element_is_refused(path in path(), cut in any::<prop::sample::Index>()) {
        let bytes = part_bytes(&path);
        let short = &bytes[..cut.index(bytes.len())];
        prop_assert_eq!(Path::decode_part(&mut { short }).expect_err("cut short").kind(), ErrorKind::Decode);
    }
}
