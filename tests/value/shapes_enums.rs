//! Shapes of enums with every kind of tag.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::shapes_bytes::Bytes;
use super::shapes_plain::Bits;
use super::shapes_table::{Row, row};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Named {
    a: u8,
    b: Option<String>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum External {
    Unit,
    Newtype(u8),
    NewtypeUnit(()),
    NewtypeNone(Option<u8>),
    Tuple(u8, String),
    Struct {
        a: u8,
        b: Option<String>,
    },
    Skips {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        a: Option<u8>,
        #[serde(default)]
        b: Option<u8>,
    },
    Nested(Box<External>),
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
enum Internal {
    Unit,
    Newtype(Named),
    Map(BTreeMap<String, u8>),
    Numbered(BTreeMap<u64, u8>),
    Struct {
        a: u8,
        b: Option<String>,
    },
    Wide {
        a: u128,
    },
    Bytes {
        a: Bytes,
    },
    Float {
        a: Bits,
    },
    Address {
        a: IpAddr,
    },
    Letter {
        a: char,
    },
    UnitStruct {
        a: UnitStruct,
    },
    Plain {
        a: External,
    },
    Skips {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        a: Option<u8>,
        b: Option<u8>,
    },
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct UnitStruct;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "t", content = "c")]
enum Adjacent {
    Unit,
    Newtype(u128),
    Tuple(u8, String),
    Struct { a: u8, b: Option<String> },
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Untagged {
    Number(u64),
    Text(String),
    Pair(u8, String),
    Struct { a: u8, b: Option<String> },
    Wide(u128),
    Address(IpAddr),
}

/// What the second variant writes is read as the first.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Shadowed {
    Short { a: u8 },
    Long { a: u8, b: u8 },
    Float(Bits),
    Number(u32),
    Wider(u64),
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum WithOther {
    Known,
    #[serde(other)]
    Unknown,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Lopsided {
    #[serde(alias = "old")]
    Fine,
    #[serde(rename(serialize = "x"))]
    RenamedOneWay,
    #[serde(skip_deserializing)]
    NotRead(u8),
    #[serde(skip)]
    Never,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Outer {
    id: u64,
    events: Vec<Internal>,
}

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = external();
    rows.extend(internal());
    rows.extend(adjacent());
    rows.extend(untagged());
    rows
}

fn external() -> Vec<Row> {
    let b = || Some("b".to_string());
    vec![
        row("unit variant", "MCJ", External::Unit),
        row("newtype variant", "MCJ", External::Newtype(1)),
        row("newtype variant of unit", "MCJ", External::NewtypeUnit(())),
        row("newtype variant of None", "MCJ", External::NewtypeNone(None)),
        row("tuple variant", "MCJ", External::Tuple(1, "x".into())),
        row("struct variant", "MCJ", External::Struct { a: 1, b: b() }),
        row("struct variant, field skipped", "M-J", External::Skips { a: None, b: Some(1) }),
        row("struct variant, field not skipped", "MCJ", External::Skips { a: Some(1), b: None }),
        row("variants in variants", "MCJ", External::Nested(Box::new(External::Nested(Box::new(External::Unit))))),
        row("Some of variants", "MCJ", vec![Some(External::Unit), Some(External::Tuple(1, String::new())), None]),
        row("variant for all others", "MCJ", vec![WithOther::Known, WithOther::Unknown]),
        row("variant with an alias", "MCJ", Lopsided::Fine),
        row("variant renamed one way", "---", Lopsided::RenamedOneWay),
        row("variant that is not read", "---", Lopsided::NotRead(1)),
        row("variant that is never stored", "---", Lopsided::Never),
    ]
}

fn internal() -> Vec<Row> {
    let named = Named { a: 1, b: Some("b".into()) };
    let events = || vec![Internal::Unit, Internal::Struct { a: 1, b: None }];
    vec![
        row("internally tagged unit", "MCJ", Internal::Unit),
        row("internally tagged newtype", "MCJ", Internal::Newtype(named)),
        row("internally tagged map", "MCJ", Internal::Map(BTreeMap::from([("k".into(), 1)]))),
        row("internally tagged map with the tag", "---", Internal::Map(BTreeMap::from([("type".into(), 1)]))),
        row("internally tagged map of numbers", "MC-", Internal::Numbered(BTreeMap::from([(7, 1)]))),
        row("internally tagged struct", "MCJ", Internal::Struct { a: 1, b: None }),
        row("internally tagged u128", "---", Internal::Wide { a: 7 }),
        row("internally tagged u128 beyond 64 bits", "---", Internal::Wide { a: u128::MAX }),
        row("internally tagged bytes", "MCJ", Internal::Bytes { a: Bytes(vec![1, 255]) }),
        row("internally tagged float", "MCJ", Internal::Float { a: Bits(0.1) }),
        row("internally tagged address", "--J", Internal::Address { a: IpAddr::from([1, 2, 3, 4]) }),
        row("internally tagged char", "MCJ", Internal::Letter { a: 'é' }),
        row("internally tagged unit struct", "MCJ", Internal::UnitStruct { a: UnitStruct }),
        row("internally tagged externally tagged", "MCJ", Internal::Plain { a: External::Tuple(1, "x".into()) }),
        row("internally tagged, field skipped", "M-J", Internal::Skips { a: None, b: Some(1) }),
        row("internally tagged in a vector", "MCJ", Outer { id: 1, events: events() }),
    ]
}

fn adjacent() -> Vec<Row> {
    vec![
        row("adjacently tagged unit", "M-J", Adjacent::Unit),
        row("adjacently tagged newtype", "MCJ", Adjacent::Newtype(u128::MAX)),
        row("adjacently tagged tuple", "MCJ", Adjacent::Tuple(1, "x".into())),
        row("adjacently tagged struct", "M-J", Adjacent::Struct { a: 1, b: None }),
    ]
}

fn untagged() -> Vec<Row> {
    vec![
        row("untagged number", "MCJ", Untagged::Number(1)),
        row("untagged text", "MCJ", Untagged::Text("x".into())),
        row("untagged tuple", "MCJ", Untagged::Pair(1, "x".into())),
        row("untagged struct", "M-J", Untagged::Struct { a: 1, b: Some("x".into()) }),
        row("untagged u128", "---", Untagged::Wide(u128::MAX)),
        row("untagged u128 within 64 bits", "---", Untagged::Wide(1)),
        row("untagged address", "---", Untagged::Address(IpAddr::from([1, 2, 3, 4]))),
        row("untagged before the others", "M-J", Shadowed::Short { a: 1 }),
        row("untagged behind one that takes a part", "---", Shadowed::Long { a: 1, b: 2 }),
        row("untagged float before a number", "MCJ", Shadowed::Float(Bits(0.5))),
        row("untagged number behind a float", "---", Shadowed::Number(1)),
        row("untagged number behind a narrower one", "---", Shadowed::Wider(1)),
    ]
}
