//! Shapes of structs: skipped, defaulted, renamed, flattened and converted fields.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::shapes_bytes::Bytes;
use super::shapes_table::{Row, row};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Plain {
    id: u64,
    name: String,
    inner: Vec<Inner>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Inner {
    a: i32,
    b: Option<bool>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Chain {
    next: Option<Box<Chain>>,
}

macro_rules! skips {
    ($($(#[$container:meta])* $name:ident { $($(#[$field:meta])* $key:ident: $type:ty,)* })*) => {$(
        #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
        $(#[$container])*
        struct $name { $($(#[$field])* $key: $type,)* }
    )*};
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_seven(number: &u8) -> bool {
    *number == 7
}

fn seven() -> u8 {
    7
}

skips! {
    #[serde(default)]
    Line {
        #[serde(skip_serializing_if = "Option::is_none")] debit: Option<u64>,
        #[serde(skip_serializing_if = "Option::is_none")] credit: Option<u64>,
    }
    SkipsFirst { #[serde(default, skip_serializing_if = "Option::is_none")] a: Option<u8>, b: u8, c: u8, }
    SkipsMiddle { a: u8, #[serde(default, skip_serializing_if = "Option::is_none")] b: Option<u8>, c: u8, }
    SkipsLast { a: u8, b: u8, #[serde(default, skip_serializing_if = "Option::is_none")] c: Option<u8>, }
    SkipsWithoutDefault { a: u8, #[serde(skip_serializing_if = "Vec::is_empty")] b: Vec<u8>, }
    SkipsOptionWithoutDefault { a: u8, #[serde(skip_serializing_if = "Option::is_none")] b: Option<u8>, }
    SkipsItsDefault { a: u8, #[serde(default = "seven", skip_serializing_if = "is_seven")] b: u8, }
    SkipsAnother { a: u8, #[serde(default, skip_serializing_if = "is_seven")] b: u8, }
    NeverStored { a: u8, #[serde(skip)] b: u8, c: u8, }
    NotWritten { a: u8, #[serde(skip_serializing)] b: u8, c: u8, }
    NotWrittenDefault { a: u8, #[serde(skip_serializing, default)] b: u8, #[serde(default)] c: u8, }
    NotWrittenLast { a: u8, c: u8, #[serde(skip_serializing, default)] b: u8, }
    NotRead { a: u8, #[serde(skip_deserializing)] b: u8, c: u8, }
    NotReadLast { a: u8, c: u8, #[serde(skip_deserializing)] b: u8, }
    Crossed { a: u8, #[serde(skip_serializing, default)] b: u8, #[serde(skip_deserializing)] c: u8, }
    Renamed { #[serde(rename = "x")] a: u8, #[serde(rename = "a")] b: u8, }
    RenamedOneWay { #[serde(rename(serialize = "x"))] a: u8, }
    RenamedOneWayDefault { #[serde(rename(serialize = "x"), default)] a: u8, }
    Aliased { #[serde(alias = "z", alias = "0")] a: u8, #[serde(alias = "old")] b: String, }
    AliasedSkips { #[serde(alias = "z")] a: u8, #[serde(default, skip_serializing_if = "Option::is_none")] b: Option<u8>, }
    #[serde(deny_unknown_fields, rename_all = "camelCase", default)]
    Denying { first_field: u8, second_field: Option<Inner>, }
    Converted { #[serde(with = "as_text")] a: u128, b: u8, }
}

/// A number stored as its decimal digits.
mod as_text {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(number: &u128, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(number)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u128, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "(i32, i32)", into = "(i32, i32)")]
struct Point {
    x: i32,
    y: i32,
}

impl From<(i32, i32)> for Point {
    fn from((x, y): (i32, i32)) -> Self {
        Self { x, y }
    }
}

impl From<Point> for (i32, i32) {
    fn from(point: Point) -> Self {
        (point.x, point.y)
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct TupleSkip(#[serde(default, skip_serializing_if = "Option::is_none")] Option<u8>, #[serde(default)] Option<u8>);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct TupleBothSkip(
    #[serde(default, skip_serializing_if = "Option::is_none")] Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")] Option<u8>,
);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct TupleSkipLast(u8, #[serde(default, skip_serializing_if = "Option::is_none")] Option<u8>);

/// A stand-in for a struct of another crate, with its serde form given here.
#[derive(Debug, PartialEq)]
struct Foreign {
    seconds: i64,
    name: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Foreign")]
struct ForeignForm {
    #[serde(rename = "s")]
    seconds: i64,
    name: Option<String>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct HoldsForeign {
    #[serde(with = "ForeignForm")]
    one: Foreign,
    #[serde(with = "ForeignForm")]
    other: Foreign,
}

/// Structs whose own names and field names are equal; one of them has a default for its skipped field.
mod with_default {
    use serde::{Deserialize, Serialize};

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub(super) struct Twin {
        #[serde(skip_serializing_if = "Vec::is_empty", default)]
        pub(super) items: Vec<u8>,
    }
}

mod without_default {
    use serde::{Deserialize, Serialize};

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub(super) struct Twin {
        #[serde(skip_serializing_if = "Vec::is_empty")]
        pub(super) items: Vec<u8>,
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Flat<T> {
    id: u8,
    #[serde(flatten)]
    rest: T,
    last: u8,
}

/// Fields of kinds that are read differently when their struct is flattened.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Kinds {
    #[serde(skip_serializing_if = "Option::is_none")]
    u128: Option<u128>,
    #[serde(skip_serializing_if = "Option::is_none")]
    i128: Option<i128>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<Bytes>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    nested: Vec<Nested>,
}

type Nested = Option<Option<u8>>;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct FlatTwice {
    #[serde(flatten)]
    first: BTreeMap<String, u8>,
    #[serde(flatten)]
    second: BTreeMap<String, u8>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct FlatPair {
    #[serde(flatten)]
    inner: Inner,
    #[serde(flatten)]
    rest: BTreeMap<String, u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
enum Colour {
    Red,
    Blue,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Field<T> {
    value: T,
}

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = plain();
    rows.extend(skipped());
    rows.extend(unlike());
    rows.extend(tuples());
    rows.extend(flattened());
    rows
}

fn plain() -> Vec<Row> {
    let inner = vec![Inner { a: -1, b: Some(true) }, Inner::default()];
    let point = Point { x: 1, y: 2 };
    let foreign = |name: Option<&str>| Foreign { seconds: -1, name: name.map(str::to_owned) };
    vec![
        row("struct", "MCJ", Plain { id: u64::MAX, name: "n".into(), inner }),
        row("recursive struct", "MCJ", Chain { next: Some(Box::new(Chain { next: None })) }),
        row("renamed fields", "MCJ", Renamed { a: 1, b: 2 }),
        row("aliased fields", "MCJ", Aliased { a: 1, b: "b".into() }),
        row("unknown fields denied", "MCJ", Denying { first_field: 1, second_field: Some(Inner::default()) }),
        row("field with a module of its own", "MCJ", Converted { a: u128::MAX, b: 1 }),
        row("struct by way of a tuple", "MCJ", vec![point.clone(), point]),
        row("field that is never stored, at its default", "MCJ", NeverStored { a: 1, b: 0, c: 3 }),
        row("remote structs", "MCJ", HoldsForeign { one: foreign(None), other: foreign(Some("x")) }),
        row("u128 in a struct", "MCJ", Field { value: u128::MAX }),
        row("i128 in a struct", "MCJ", Field { value: i128::MIN }),
        row("address in a struct", "MCJ", Field { value: std::net::IpAddr::from([1, 2, 3, 4]) }),
        row("generic structs of two kinds", "MCJ", (Field { value: 1_u8 }, Field { value: "x".to_string() })),
    ]
}

fn skipped() -> Vec<Row> {
    let line = |debit, credit| Line { debit, credit };
    vec![
        row("first of two skipped", "M-J", line(None, Some(100))),
        row("last of two skipped", "MCJ", line(Some(100), None)),
        row("both of two skipped", "MCJ", line(None, None)),
        row("none of two skipped", "MCJ", line(Some(1), Some(100))),
        row("first field skipped", "M-J", SkipsFirst { a: None, b: 2, c: 3 }),
        row("first field not skipped", "MCJ", SkipsFirst { a: Some(1), b: 2, c: 3 }),
        row("middle field skipped", "M-J", SkipsMiddle { a: 1, b: None, c: 3 }),
        row("last field skipped", "MCJ", SkipsLast { a: 1, b: 2, c: None }),
        row("skipped without a default", "---", SkipsWithoutDefault { a: 1, b: vec![] }),
        row("not skipped without a default", "MCJ", SkipsWithoutDefault { a: 1, b: vec![1] }),
        row("option skipped without a default", "M-J", SkipsOptionWithoutDefault { a: 1, b: None }),
        row("skipped where it is the default", "MCJ", SkipsItsDefault { a: 1, b: 7 }),
        row("skipped where it is another", "---", SkipsAnother { a: 1, b: 7 }),
        row("skipped with a default", "MCJ", with_default::Twin { items: vec![] }),
        row("skipped without one, by a struct of that name", "---", without_default::Twin { items: vec![] }),
        row("skipped beside an alias", "MCJ", AliasedSkips { a: 1, b: None }),
    ]
}

fn unlike() -> Vec<Row> {
    vec![
        row("not written, without a default", "---", NotWritten { a: 1, b: 0, c: 3 }),
        row("not written, in the middle", "M-J", NotWrittenDefault { a: 1, b: 0, c: 3 }),
        row("not written, at the end", "MCJ", NotWrittenLast { a: 1, b: 0, c: 3 }),
        row("not read, in the middle, at its default", "M-J", NotRead { a: 1, b: 0, c: 3 }),
        row("not read, in the middle", "---", NotRead { a: 1, b: 2, c: 3 }),
        row("not read, at the end", "---", NotReadLast { a: 1, b: 2, c: 3 }),
        row("one not written, one not read", "MCJ", Crossed { a: 1, b: 0, c: 0 }),
        row("one not written, one not read, exchanged", "---", Crossed { a: 1, b: 0, c: 5 }),
        row("renamed one way", "-C-", RenamedOneWay { a: 1 }),
        row("renamed one way, with a default", "-C-", RenamedOneWayDefault { a: 1 }),
    ]
}

fn tuples() -> Vec<Row> {
    vec![
        row("tuple struct, first skipped", "---", TupleSkip(None, Some(5))),
        row("tuple struct, first not skipped", "MCJ", TupleSkip(Some(1), Some(5))),
        row("tuple struct, first of two skipped", "---", TupleBothSkip(None, Some(5))),
        row("tuple struct, last of two skipped", "MCJ", TupleBothSkip(Some(5), None)),
        row("tuple struct, last skipped", "MCJ", TupleSkipLast(1, None)),
    ]
}

fn flattened() -> Vec<Row> {
    let map = |pairs: &[(&str, u8)]| pairs.iter().map(|(k, v)| ((*k).to_string(), *v)).collect::<BTreeMap<_, _>>();
    let inner = Inner { a: 1, b: None };
    let kinds = |rest| Flat { id: 1, rest, last: 2 };
    vec![
        row("flattened struct", "MCJ", Flat { id: 1, rest: inner.clone(), last: 2 }),
        row("flattened map", "MCJ", Flat { id: 1, rest: map(&[("x", 1), ("y", 2)]), last: 2 }),
        row("flattened map with a field's name", "---", Flat { id: 1, rest: map(&[("id", 7)]), last: 2 }),
        row("flattened option of a struct", "MCJ", Flat { id: 1, rest: Some(inner.clone()), last: 2 }),
        row("flattened None", "MCJ", Flat { id: 1, rest: None::<Inner>, last: 2 }),
        row("flattened map of numbers", "MC-", Flat { id: 1, rest: BTreeMap::from([(1_u8, 2_u8)]), last: 2 }),
        row("flattened u128", "---", kinds(Kinds { u128: Some(u64::MAX.into()), ..Kinds::default() })),
        row("flattened u128 beyond 64 bits", "---", kinds(Kinds { u128: Some(u128::MAX), ..Kinds::default() })),
        row("flattened i128", "---", kinds(Kinds { i128: Some(-1), ..Kinds::default() })),
        row("flattened bytes", "MCJ", kinds(Kinds { bytes: Some(Bytes(vec![1, 255])), ..Kinds::default() })),
        row("flattened options", "MCJ", kinds(Kinds { nested: vec![Some(Some(1)), None], ..Kinds::default() })),
        row("flattened Some of None", "---", kinds(Kinds { nested: vec![Some(None)], ..Kinds::default() })),
        row(
            "flattened unit variants",
            "MCJ",
            Flat { id: 1, rest: BTreeMap::from([(Colour::Red, Colour::Blue)]), last: 2 },
        ),
        row("two flattened maps", "---", FlatTwice { first: map(&[("a", 1)]), second: map(&[("b", 2)]) }),
        row("a flattened map behind a struct", "MCJ", FlatPair { inner, rest: map(&[("x", 1)]) }),
    ]
}
