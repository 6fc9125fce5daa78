//! Bytes that are no encoding of a key are a `Decode` error, never a panic and never a second encoding of a key.

use crate::key_support::{Sample, alone, for_all, part, random_bytes};
use mapleaf::key::{Key, Reverse};
use mapleaf::{Error, ErrorKind};

fn refused<T>(result: Result<T, Error>, what: &str) {
    assert_eq!(result.err().expect(what).kind(), ErrorKind::Decode, "{what}");
}

/// A key that is truncated or extended is refused.
fn broken<K: Sample>() {
    for value in K::edges() {
        let bytes = part::<K>(&value);
        for cut in 0..bytes.len() {
            let mut rest = &bytes[..cut];
            refused(K::decode_part(&mut rest), &format!("{value:?} as a part, cut to {cut} bytes"));
            assert_eq!(rest.len(), cut, "a refused part is not passed over");
        }
        if !K::SELF_DELIMITED {
            continue;
        }
        let bytes = alone::<K>(&value).expect("only bare text and bytes can be empty");
        (0..bytes.len()).for_each(|cut| refused(K::decode(&bytes[..cut]), "cut"));
        for behind in [0, 1, 0xFF] {
            refused(K::decode(&[&bytes[..], &[behind]].concat()), &format!("{value:?} and {behind:02X}"));
        }
    }
}

/// If arbitrary bytes decode to a key, the key encodes to the same bytes.
fn canonical<K: Sample>() {
    for_all(1024, &random_bytes(), |bytes| {
        match K::decode(&bytes) {
            Ok(key) => assert_eq!(alone::<K>(&K::own(key)), Some(bytes.clone())),
            Err(error) => assert_eq!(error.kind(), ErrorKind::Decode),
        }
        let mut rest = &bytes[..];
        match K::decode_part(&mut rest) {
            Ok(key) => assert_eq!(part::<K>(&K::own_part(key)), bytes[..bytes.len() - rest.len()]),
            Err(error) => assert_eq!((error.kind(), rest), (ErrorKind::Decode, &bytes[..])),
        }
    });
}

macro_rules! hostile {
    ($($name:ident: $($key:ty),+;)*) => {$(
        #[test]
        fn $name() {
            $(broken::<$key>();)+
            $(canonical::<$key>();)+
        }
    )*};
}

hostile! {
    integers: u8, u64, usize, i8, i128, isize;
    floats: f32, f64;
    small: bool, char, (), [u8; 3];
    text_and_bytes: &str, String, &[u8], Vec<u8>;
    composites: Option<&str>, Reverse<&str>, Reverse<u16>, Reverse<(bool, &[u8])>, Option<Reverse<char>>;
    tuples: (&str,), (&str, u8, &[u8]), ((bool, &str), Option<u8>);
}

#[test]
fn bytes_of_values_that_the_type_lacks_are_refused() {
    refused(bool::decode(b"\x02"), "neither true nor false");
    refused(<()>::decode(b"\x01"), "not the unit");
    refused(char::decode(b"\x00\x00\xD8\x00"), "a surrogate");
    refused(char::decode(b"\x00\x11\x00\x00"), "above the last character");
    refused(f64::decode(b"\xFF\xF8\x00\x00\x00\x00\x00\x00"), "NaN");
    refused(f32::decode(b"\x00\x00\x00\x00"), "negative NaN");
    refused(<&str>::decode(b""), "empty");
    refused(<&[u8]>::decode(b""), "empty");
    refused(<&str>::decode(b"\xFF"), "not UTF-8");
    refused(<(&str,)>::decode(b"\xC3\0\x01"), "not UTF-8");
    refused(<(&str,)>::decode(b"\xC3\0\xFF\0\x01"), "not UTF-8 around an escaped zero");
    refused(<(&str,)>::decode(b"a\0\x02"), "neither an end nor an escape");
    refused(Option::<u8>::decode(b"\x02\x07"), "neither none nor some");
}
