//! A user-defined key type is stored as the type that it names: with the same bytes, order and operations.

use mapleaf::key::{AsKey, Key, KeyAs, KeyBuf, Reverse};
use mapleaf::scan::{ByteBounds, KeyRange, TextPrefix};
use mapleaf::{Error, ErrorKind, Result};
use proptest::prelude::*;

use crate::common::user_keys::Email;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Celsius(i32);

impl KeyAs for Celsius {
    type As = i32;
    type Arg<'a> = Celsius;
    const NAME: &'static str = "celsius";
    fn to_key(&self) -> i32 {
        self.0
    }
    fn from_key(key: i32) -> Result<Self> {
        if key < -273 { Err(Error::new(ErrorKind::Decode, "below absolute zero")) } else { Ok(Self(key)) }
    }
}

fn bytes<K: Key>(key: impl AsKey<K>) -> Vec<u8> {
    key.encode_key(&mut KeyBuf::from_slice(b"left over")).expect("a key").to_vec()
}

fn range<K: Key>(keys: impl KeyRange<K>) -> ByteBounds {
    keys.byte_bounds().expect("bounds")
}

fn name<K: Key>() -> String {
    let mut name = String::new();
    K::name(&mut name);
    name
}

#[test]
fn a_user_key_type_is_stored_as_the_type_that_it_names() {
    assert_eq!(bytes::<Celsius>(Celsius(-1)), bytes::<i32>(-1));
    assert_eq!(bytes::<Celsius>(&Celsius(-1)), bytes::<i32>(-1));
    assert_eq!(bytes::<Email>(&Email("a\0".into())), b"a\0\xFF\0\x01");
    assert_eq!(bytes::<Email>(Email(String::new())), b"\0\x01", "so empty text is a key");
    let mut buf = KeyBuf::from_slice(b"left over");
    assert_eq!(<Celsius as Key>::encode(&Celsius(-1), &mut buf).expect("a key"), bytes::<i32>(-1));
    assert_eq!(Celsius::WIDTH, Some(4));
    assert_eq!(<(Celsius, u32)>::WIDTH, Some(8));
    assert_eq!(name::<(Email, Celsius)>(), "(email=str,celsius=i32)");
}

#[test]
fn errors_of_a_user_key_type_reach_the_reader() {
    let stored = bytes::<i32>(-300);
    assert_eq!(Celsius::decode(&stored).expect_err("too cold").message(), "below absolute zero");
    assert_eq!(Celsius::decode(&stored[1..]).expect_err("too short").kind(), ErrorKind::Decode);
    assert_eq!(Email::decode(b"a\0\x01b").expect_err("too long").kind(), ErrorKind::Decode);
}

#[test]
fn ranges_accept_a_user_key_type_alone_and_in_tuples() {
    let key = bytes::<(Celsius, Email)>((Celsius(5), &Email("x".into())));
    assert!(range::<(Celsius, Email)>((Celsius(5),)..=(Celsius(5),)).contains(&key));
    assert!(!range::<(Celsius, Email)>((Celsius(6),)..).contains(&key));
    assert!(range::<(Celsius, Email)>(..(Celsius(5), Email("y".into()))).contains(&key));
    assert!(range::<Celsius>(Celsius(-3)..Celsius(5)).contains(&bytes::<Celsius>(Celsius(4))));
    assert!(range::<Email>(&Email("a".into())..).contains(&bytes::<Email>(Email("b".into()))));
    let al = TextPrefix::<(Celsius, Email)>::text_prefix_bounds(&(Celsius(5), "al")).expect("bounds");
    assert!(al.contains(&bytes::<(Celsius, Email)>((Celsius(5), Email("alice".into())))));
    assert!(!al.contains(&bytes::<(Celsius, Email)>((Celsius(5), Email("bob".into())))));
}

proptest! {
    #[test]
    fn a_user_key_type_keeps_order_and_reads_back(a: (i32, String), b: (i32, String)) {
        type K = (Celsius, Option<Email>, Reverse<Email>);
        let key = |(degrees, text): (i32, String)| {
            let (celsius, email) = (Celsius(degrees.max(-273)), Email(text));
            let key = <K as Key>::encode(&(celsius, Some(&email), Reverse(&email)), &mut KeyBuf::new())
                .expect("a key").to_vec();
            ((celsius, Some(email.clone()), Reverse(email)), key)
        };
        let ((a, a_bytes), (b, b_bytes)) = (key(a), key(b));
        prop_assert_eq!(a.cmp(&b), a_bytes.cmp(&b_bytes));
        prop_assert_eq!(<K as Key>::decode(&a_bytes).expect("stored"), a);
    }
}
