//! A refusal names what cannot be stored, the field if there is one and the type otherwise, and says what to do.

use std::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6};

use mapleaf::value::Context;
use mapleaf::{Error, ErrorKind, Msgpack, MsgpackCompact, Value};
use serde::{Deserialize, Serialize};

fn refused<C: for<'a> Value<Arg<'a> = &'a T>, T>(value: &T) -> Error {
    let (context, mut buf) = (Context::new(&[0; 16], "d", b"k"), Vec::new());
    let error = C::encode(&value, &context, &mut buf).expect_err("it is refused");
    assert_eq!(error.kind(), ErrorKind::Encode, "{error}");
    error
}

#[track_caller]
fn says(error: &Error, words: &[&str]) {
    for word in words {
        assert!(error.message().contains(word), "{word:?} is not in {:?}", error.message());
    }
}

#[derive(Serialize, Deserialize)]
struct Account {
    name: String,
    #[serde(skip_deserializing)]
    balance: u64,
}

#[derive(Serialize, Deserialize)]
#[expect(clippy::option_option, reason = "the test is about the error of a nested option")]
struct Patch {
    nick: Option<Option<String>>,
}

#[derive(Serialize, Deserialize)]
struct Cart {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    items: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "type")]
enum Event {
    Seen { from: IpAddr },
}

#[derive(Serialize, Deserialize)]
struct Line {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    debit: Option<u64>,
    credit: u64,
}

#[test]
fn a_refused_field_that_reads_back_differently_is_named() {
    let account = Account { name: "ann".into(), balance: 7 };
    says(&refused::<Msgpack<Account>, _>(&account), &["Account", "is read back as another value", "`Account.balance`"]);
}

#[test]
fn a_refused_option_around_an_empty_value_is_named() {
    let error = refused::<Msgpack<Vec<Patch>>, _>(&vec![Patch { nick: Some(None) }]);
    says(&error, &["Patch", "`Patch.nick`", "Some(None)", "use an enum"]);
}

#[test]
fn a_refused_field_that_is_missing_when_read_is_named() {
    says(
        &refused::<Msgpack<Cart>, _>(&Cart { items: vec![] }),
        &["Cart", "cannot be read back", "missing field `items`", "default"],
    );
}

#[test]
fn a_refused_enum_that_cannot_read_its_own_bytes_is_named() {
    let event = Event::Seen { from: IpAddr::from([1, 2, 3, 4]) };
    says(&refused::<MsgpackCompact<Event>, _>(&event), &["Event", "cannot be read back", "IP address", "another type"]);
}

#[test]
fn a_refused_field_that_shifts_others_is_named() {
    let line = Line { debit: None, credit: 5 };
    says(&refused::<MsgpackCompact<Line>, _>(&line), &["Line.debit", "Line.credit", "Msgpack", "skip_serializing_if"]);
}

#[derive(Serialize, Deserialize)]
struct Peer {
    name: String,
    at: SocketAddr,
}

#[test]
fn a_socket_address_that_would_lose_its_scope_is_named() {
    let peer = |scope| Peer { name: "a".into(), at: SocketAddrV6::new(Ipv6Addr::LOCALHOST, 80, 0, scope).into() };
    let (context, mut buf) = (Context::new(&[0; 16], "d", b"k"), Vec::new());
    // An address without a scope is kept; the refusal above does not affect it.
    Msgpack::<Peer>::encode(&&peer(0), &context, &mut buf).expect("it comes back");
    MsgpackCompact::<Peer>::encode(&&peer(0), &context, &mut buf).expect("it comes back");
    for error in [refused::<Msgpack<_>, _>(&peer(3)), refused::<MsgpackCompact<_>, _>(&peer(3))] {
        says(&error, &["Peer", "in `Peer.at`", "for binary formats", "Json"]);
    }
}
