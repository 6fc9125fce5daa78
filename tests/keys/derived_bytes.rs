//! A derived key has the name, the bytes and the order of the tuple of its fields.

use std::cmp::Ordering;

use mapleaf::key::{AnyKey, AsKey, Key, KeyBuf, Position, Timestamp};
use mapleaf::{ErrorKind, KeyAs, Path, Result, Reverse};
use proptest::prelude::*;

use crate::key_support::{Sample, part};

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, mapleaf::Key)]
#[key(name = "flight")]
struct Flight {
    carrier: String,
    number: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, mapleaf::Key)]
struct Email(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, mapleaf::Key)]
#[key(name = "account", by_value)]
struct Account {
    number: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, mapleaf::Key)]
#[repr(i16)]
enum Level {
    High = 300,
    Low = -5,
    Middle = 0,
}

/// A hand-written key type, as a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Port(u16);

impl KeyAs for Port {
    type As = u16;
    type Arg<'a> = Port;
    const NAME: &'static str = "port";
    fn to_key(&self) -> u16 {
        self.0
    }
    fn from_key(key: u16) -> Result<Self> {
        Ok(Self(key))
    }
}

/// Every kind of field; a private type in the field of a public one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, mapleaf::Key)]
pub struct Mixed(Account, Port, Option<Flight>, Reverse<Email>, (u8, Option<String>), Level, [u8; 3], Vec<u8>);

/// The tuple of the same fields.
type MixedTuple = (Account, Port, Option<Flight>, Reverse<Email>, (u8, Option<String>), Level, [u8; 3], Vec<u8>);

#[derive(Clone, Debug, mapleaf::Key)]
struct Others(f64, char, (), bool, Path, AnyKey, Timestamp);

/// Types and fields that are named as what the derive uses.
mod named_alike {
    #[derive(Clone, Debug, PartialEq, mapleaf::Key)]
    pub struct Result(pub u8);

    #[derive(Clone, Debug, PartialEq, mapleaf::Key)]
    pub struct Option {
        pub r#type: u8,
        pub buf: ::std::string::String,
        pub bytes: u16,
        pub position: u8,
    }

    #[derive(Clone, Debug, PartialEq, mapleaf::Key)]
    pub struct String(pub Result, pub Option);

    mod core {}
    mod std {}
}

fn bytes<K: Key>(key: impl AsKey<K>) -> Vec<u8> {
    key.encode_key(&mut KeyBuf::from_slice(b"left over")).expect("a key").to_vec()
}

fn name<K: Key>() -> String {
    let mut name = String::new();
    K::name(&mut name);
    name
}

fn flight(carrier: &str, number: u16) -> Flight {
    Flight { carrier: carrier.to_owned(), number }
}

#[test]
fn the_schema_name_is_that_of_the_type_and_of_its_fields() {
    assert_eq!(name::<Flight>(), "flight=(str,u16)");
    assert_eq!(name::<Email>(), "Email=str");
    assert_eq!(name::<Account>(), "account=u32");
    assert_eq!(name::<Level>(), "Level=i16");
    assert_eq!(
        name::<Mixed>(),
        "Mixed=(account=u32,port=u16,option<flight=(str,u16)>,reverse<Email=str>,(u8,option<str>),Level=i16,[u8;3],bytes)"
    );
    assert_eq!(name::<Others>(), "Others=(f64,char,(),bool,path,any,timestamp)");
}

#[test]
fn the_bytes_are_those_of_the_fields() {
    assert_eq!(bytes::<Flight>(&flight("UA", 175)), b"UA\0\x01\0\xAF");
    assert_eq!(bytes::<Flight>(flight("a\0b", 1)), b"a\0\xFFb\0\x01\0\x01");
    assert_eq!(bytes::<Flight>(("UA", 175)), b"UA\0\x01\0\xAF", "the tuple in place of the struct");
    assert_eq!(bytes::<(Flight, u8)>((&flight("", 7), 9)), b"\0\x01\0\x07\x09");
    assert_eq!(bytes::<Email>(&Email("ann".into())), b"ann\0\x01", "the field as an element, also alone");
    assert_eq!(bytes::<Email>(&Email(String::new())), b"\0\x01");
    assert_eq!(bytes::<Account>(Account { number: 258 }), [0, 0, 1, 2]);
    assert_eq!(bytes::<Level>(&Level::High), [0x81, 0x2C]);
    assert_eq!(bytes::<Level>(&Level::Low), [0x7F, 0xFB]);
    let time = Timestamp::from_nanos(1);
    let others = Others(1.0, 'a', (), true, Path::new(), AnyKey::from(7), time);
    let tuple = (1.0, 'a', (), true, &Path::new(), &AnyKey::from(7), time);
    assert_eq!(bytes::<Others>(&others), bytes::<(f64, char, (), bool, Path, AnyKey, Timestamp)>(tuple));
}

#[test]
fn names_do_not_interfere_with_the_derive() {
    use named_alike::{Option, Result, String};
    let key = String(Result(1), Option { r#type: 2, buf: "a".to_owned(), bytes: 3, position: 4 });
    let stored = bytes::<String>(&key);
    assert_eq!(stored, b"\x01\x02a\0\x01\0\x03\x04");
    assert_eq!(String::decode(&stored).expect("was encoded"), key);
    assert_eq!(name::<String>(), "String=(Result=u8,Option=(u8,str,u16,u8))");
}

#[test]
fn the_width_is_the_sum_of_the_fields() {
    assert_eq!((Flight::WIDTH, Email::WIDTH, Account::WIDTH, Level::WIDTH), (None, None, Some(4), Some(2)));
    assert_eq!(<(Account, Level)>::WIDTH, Some(6));
}

#[test]
fn enums_sort_by_their_numbers_and_refuse_others() {
    let mut levels = [Level::High, Level::Low, Level::Middle];
    levels.sort_by_key(|level| bytes::<Level>(level));
    assert_eq!(levels, [Level::Low, Level::Middle, Level::High]);
    for level in levels {
        assert_eq!(Level::decode(&bytes::<Level>(level)).expect("was encoded"), level);
    }
    let refused = Level::decode(&bytes::<i16>(7)).expect_err("no variant");
    assert_eq!(refused.kind(), ErrorKind::Decode);
    assert!(refused.message().contains("`Level`"), "{refused}");
}

#[test]
fn bytes_that_are_no_such_key_are_refused() {
    let stored = bytes::<Flight>(&flight("UA", 175));
    for cut in 0..stored.len() {
        assert_eq!(Flight::decode(&stored[..cut]).expect_err("too short").kind(), ErrorKind::Decode);
    }
    let longer = [&stored[..], b"x"].concat();
    assert_eq!(Flight::decode(&longer).expect_err("too long").kind(), ErrorKind::Decode);
    assert_eq!(Flight::decode(b"\xFF\0\x01\0\x01").expect_err("not UTF-8").kind(), ErrorKind::Decode);
    let mut rest = &longer[..];
    assert_eq!(Flight::decode_part(&mut rest).expect("the first element"), flight("UA", 175));
    assert_eq!(rest, b"x");
    let mut unread = &stored[..3];
    Flight::decode_part(&mut unread).expect_err("too short");
    assert_eq!(unread, &stored[..3], "an error moves nothing");
}

#[test]
fn fields_without_a_position_are_invalid_keys() {
    let nan = Others(f64::NAN, 'a', (), true, Path::new(), AnyKey::Null, Timestamp::from_nanos(1));
    let mut buf = KeyBuf::new();
    assert_eq!(AsKey::<Others>::encode_key(&nan, &mut buf).expect_err("NaN").kind(), ErrorKind::InvalidKey);
    assert_eq!(AsKey::<Others>::encode_bound(&nan, &mut buf).expect_err("NaN").kind(), ErrorKind::InvalidKey);
}

/// A time that cannot be stored has a position, below or above all keys with the same fields before it.
#[cfg(feature = "jiff")]
#[test]
fn fields_beyond_their_ends_have_the_position_of_the_tuple() {
    #[derive(Clone, Debug, mapleaf::Key)]
    struct Event(u8, Option<Reverse<(u8, jiff::Timestamp)>>, u8);

    for time in [jiff::Timestamp::MIN, jiff::Timestamp::MAX, jiff::Timestamp::UNIX_EPOCH] {
        let key = (7, Some(Reverse((1, time))), 9);
        let (mut derived, mut tuple) = (KeyBuf::new(), KeyBuf::from_slice(b"left over"));
        let event = Event(key.0, key.1, key.2);
        let derived = AsKey::<Event>::encode_bound(&event, &mut derived).expect("a position");
        let tuple = AsKey::<(u8, Option<Reverse<(u8, jiff::Timestamp)>>, u8)>::encode_bound(&key, &mut tuple);
        assert_eq!(derived, tuple.expect("a position"));
        assert_eq!(derived.1 == Position::At, time == jiff::Timestamp::UNIX_EPOCH);
    }
}

#[cfg(all(feature = "uuid", feature = "jiff", feature = "chrono"))]
#[test]
fn types_of_other_crates_are_fields() {
    use chrono::{DateTime, Utc};

    #[derive(Clone, Debug, PartialEq, mapleaf::Key)]
    struct Event(uuid::Uuid, jiff::Timestamp, DateTime<Utc>);

    let event = Event(uuid::Uuid::from_u128(7), jiff::Timestamp::UNIX_EPOCH, DateTime::UNIX_EPOCH);
    let stored = bytes::<Event>(&event);
    assert_eq!(stored, bytes::<(uuid::Uuid, jiff::Timestamp, DateTime<Utc>)>((event.0, event.1, event.2)));
    assert_eq!(Event::decode(&stored).expect("was encoded"), event);
}

fn text() -> impl Strategy<Value = String> {
    String::any()
}

fn mixed() -> impl Strategy<Value = Mixed> {
    let level = proptest::sample::select(vec![Level::High, Level::Low, Level::Middle]);
    let flight = (text(), u16::any()).prop_map(|(carrier, number)| Flight { carrier, number });
    let first = (u32::any(), u16::any(), proptest::option::of(flight), text());
    let last = (u8::any(), proptest::option::of(text()), level, <[u8; 3]>::any(), Vec::<u8>::any());
    (first, last).prop_map(|((account, port, flight, email), (n, nick, level, array, bytes))| {
        Mixed(Account { number: account }, Port(port), flight, Reverse(Email(email)), (n, nick), level, array, bytes)
    })
}

/// The bytes of the tuple of the fields.
fn as_tuple(key: &Mixed) -> Vec<u8> {
    let Mixed(account, port, flight, Reverse(email), (n, nick), level, array, bytes) = key;
    let key =
        (*account, *port, flight.as_ref(), Reverse(email), (*n, nick.as_deref()), level, *array, bytes.as_slice());
    <MixedTuple as Key>::encode(&key, &mut KeyBuf::new()).expect("a key").to_vec()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn derived_keys_have_the_bytes_and_the_order_of_the_tuple_and_read_back(a in mixed(), b in mixed()) {
        let stored = bytes::<Mixed>(&a);
        prop_assert_eq!(&stored, &as_tuple(&a));
        let order = if a == b { Ordering::Equal } else { a.cmp(&b) };
        prop_assert_eq!(stored.cmp(&bytes::<Mixed>(&b)), order);
        prop_assert_eq!(Mixed::decode(&stored).expect("was encoded"), a.clone());
        let mut buf = KeyBuf::from_slice(b"left over");
        let (bound, position) = AsKey::<Mixed>::encode_bound(&a, &mut buf).expect("has a position");
        prop_assert_eq!((bound, position), (&stored[..], Position::At));
    }

    #[test]
    fn a_newtype_has_the_bytes_and_the_order_of_its_field(a in String::any(), b in String::any()) {
        let (email, other) = (bytes::<Email>(&Email(a.clone())), bytes::<Email>(&Email(b.clone())));
        prop_assert_eq!(&email, &part::<String>(&a));
        prop_assert_eq!(email.cmp(&other), a.cmp(&b));
        prop_assert_eq!(Email::decode(&email).expect("was encoded"), Email(a));
    }
}
