//! Shapes of options, including nested ones and options around values that take no bytes.
#![expect(clippy::option_option, reason = "the tests are about nested options")]

use std::collections::BTreeMap;
use std::marker::PhantomData;

use serde::{Deserialize, Deserializer, Serialize};

use super::shapes_table::{Row, row};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Unit;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Wrapped(Option<u8>);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct WrappedUnit(());

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Patch {
    name: Option<Option<String>>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Change {
    Set(Option<Option<u8>>),
    Named { to: Option<Option<u8>> },
    Both(Option<()>, u8),
}

/// Reads `null` as `Some(None)`: with `default`, this distinguishes a missing field from a `null` one.
fn some<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct TrueMergePatch {
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "some")]
    name: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "some")]
    age: Option<Option<u8>>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Nothing {
    Null,
    Number(u8),
}

type Nested = Option<Option<u8>>;

/// Options around all kinds of values. Each row fills one field.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Options {
    number: Vec<Option<u8>>,
    unit: Option<()>,
    list: Option<Vec<Option<u8>>>,
    tuple: Option<((),)>,
    text: BTreeMap<u8, Option<String>>,
    newtype: Option<Wrapped>,
    nested: Nested,
    deeper: Option<Nested>,
    unit_struct: Option<Unit>,
    phantom: Option<PhantomData<u8>>,
    newtype_unit: Option<WrappedUnit>,
    boxed: Option<Box<Option<u8>>>,
    untagged: Option<Nothing>,
    json: Option<serde_json::Value>,
}

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = plain();
    rows.extend(nested());
    rows.extend(inside());
    rows
}

fn plain() -> Vec<Row> {
    let none = Options::default;
    vec![
        row("None", "MCJ", None::<u8>),
        row("Some", "MCJ", Some(1_u8)),
        row("None of all kinds", "MCJ", none()),
        row("Some of a vector of None", "MCJ", Options { list: Some(vec![None]), ..none() }),
        row("Some of a tuple of unit", "MCJ", Options { tuple: Some(((),)), ..none() }),
        row("options in a vector", "MCJ", Options { number: vec![None, Some(1)], ..none() }),
        row("options in a map", "MCJ", Options { text: [(1, None), (2, Some("x".to_string()))].into(), ..none() }),
        row("Some of a newtype of Some", "MCJ", Options { newtype: Some(Wrapped(Some(1))), ..none() }),
        row("a newtype of None", "MCJ", Wrapped(None)),
    ]
}

fn nested() -> Vec<Row> {
    let none = Options::default;
    vec![
        row("Some of None", "---", Some(None::<u8>) as Nested),
        row("nested None", "MCJ", None as Nested),
        row("Some of Some", "MCJ", Some(Some(1_u8)) as Nested),
        row("Some of Some of None", "---", Options { deeper: Some(Some(None)), ..none() }),
        row("Some of unit", "---", Options { unit: Some(()), ..none() }),
        row("Some of a unit struct", "MC-", Options { unit_struct: Some(Unit), ..none() }),
        row("Some of PhantomData", "MC-", Options { phantom: Some(PhantomData), ..none() }),
        row("Some of a newtype of None", "---", Options { newtype: Some(Wrapped(None)), ..none() }),
        row("Some of a newtype of unit", "---", Options { newtype_unit: Some(WrappedUnit(())), ..none() }),
        row("Some of a box of None", "---", Options { boxed: Some(Box::new(None)), ..none() }),
        row("Some of an untagged null", "---", Options { untagged: Some(Nothing::Null), ..none() }),
        row("Some of an untagged number", "MCJ", Options { untagged: Some(Nothing::Number(1)), ..none() }),
        row("an untagged null", "MCJ", vec![Nothing::Null, Nothing::Number(1)]),
        row("Some of JSON's null", "---", Options { json: Some(serde_json::Value::Null), ..none() }),
        row("Some of None in a vector", "---", vec![Some(Some(1_u8)), Some(None)]),
    ]
}

fn inside() -> Vec<Row> {
    let patch = |name: Option<Option<&str>>| Patch { name: name.map(|name| name.map(str::to_owned)) };
    let merge = |name: Option<Option<&str>>, age| TrueMergePatch { name: patch(name).name, age };
    vec![
        row("Some of None in a struct", "---", patch(Some(None))),
        row("None in a struct", "MCJ", patch(None)),
        row("Some of Some in a struct", "MCJ", patch(Some(Some("x")))),
        row("Some of None in a map", "---", BTreeMap::from([("k".to_string(), Some(None::<u8>))])),
        row("Some of None in a tuple", "---", (1_u8, Some(None::<u8>))),
        row("Some of None in a newtype variant", "---", Change::Set(Some(None))),
        row("Some of None in a struct variant", "---", Change::Named { to: Some(None) }),
        row("Some of unit in a tuple variant", "---", Change::Both(Some(()), 1)),
        row("None in a newtype variant", "MCJ", Change::Set(None)),
        row("Some of None, read as such", "MCJ", merge(Some(None), Some(None))),
        row("Some of None, read as such, beside a missing field", "M-J", merge(None, Some(None))),
        row("Some of None before a missing field", "MCJ", merge(Some(None), None)),
    ]
}
