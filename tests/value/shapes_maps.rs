//! Shapes of maps and their keys.
#![expect(clippy::option_option, reason = "the tests are about nested options")]

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use super::shapes_bytes::Bytes;
use super::shapes_table::{Row, row};

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
enum Colour {
    Red,
    Other(u8),
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
struct Id(u64);

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
struct Point {
    x: i8,
    y: i8,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
enum NumberOrText {
    Number(u64),
    Text(String),
}

/// Maps with all kinds of keys. Each row fills one field.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Maps {
    u64: BTreeMap<u64, u8>,
    i64: BTreeMap<i64, u8>,
    i128: BTreeMap<i128, u8>,
    bool: BTreeMap<bool, u8>,
    char: BTreeMap<char, u8>,
    variant: BTreeMap<Colour, u8>,
    newtype: BTreeMap<Id, u8>,
    tuple: BTreeMap<(u8, u8), u8>,
    array: BTreeMap<[u8; 2], u8>,
    point: BTreeMap<Point, u8>,
    option: BTreeMap<Option<String>, u8>,
    nested: BTreeMap<Option<Option<String>>, u8>,
    unit: BTreeMap<(), u8>,
    bytes: BTreeMap<Bytes, u8>,
    untagged: BTreeMap<NumberOrText, u8>,
    address: BTreeMap<std::net::IpAddr, u8>,
    hashed: HashMap<String, Vec<bool>>,
    inner: BTreeMap<String, HashMap<u16, Vec<bool>>>,
}

pub(crate) fn rows() -> Vec<Row> {
    let text = |s: &str| s.to_string();
    let none = Maps::default;
    vec![
        row("empty maps", "MCJ", none()),
        row("HashMap by text", "MCJ", Maps { hashed: (0..50).map(|i| (i.to_string(), vec![])).collect(), ..none() }),
        row("map of maps", "MCJ", Maps { inner: [(text("a"), [(1, vec![true])].into())].into(), ..none() }),
        row("map by u64", "MCJ", Maps { u64: [(u64::MAX, 1), (0, 2)].into(), ..none() }),
        row("map by i64", "MCJ", Maps { i64: [(i64::MIN, 1), (0, 2)].into(), ..none() }),
        row("map by i128", "MCJ", Maps { i128: [(i128::MIN, 1), (0, 2)].into(), ..none() }),
        row("map by bool", "MCJ", Maps { bool: [(false, 1), (true, 2)].into(), ..none() }),
        row("map by char", "MCJ", Maps { char: [('"', 1), ('é', 2)].into(), ..none() }),
        row("map by unit variant", "MCJ", Maps { variant: [(Colour::Red, 1)].into(), ..none() }),
        row("map by newtype variant", "MC-", Maps { variant: [(Colour::Other(7), 1)].into(), ..none() }),
        row("map by newtype struct", "MCJ", Maps { newtype: [(Id(7), 1)].into(), ..none() }),
        row("map by tuple", "MC-", Maps { tuple: [((1, 2), 1)].into(), ..none() }),
        row("map by array", "MC-", Maps { array: [([1, 2], 1)].into(), ..none() }),
        row("map by struct", "MC-", Maps { point: [(Point { x: 1, y: -1 }, 1)].into(), ..none() }),
        row("map by Some", "MCJ", Maps { option: [(Some(text("a")), 1)].into(), ..none() }),
        row("map by None", "MC-", Maps { option: [(None, 1)].into(), ..none() }),
        row("map by Some of None", "---", Maps { nested: [(Some(None), 1)].into(), ..none() }),
        row("map by unit", "MC-", Maps { unit: [((), 1)].into(), ..none() }),
        row("map by bytes", "MC-", Maps { bytes: [(Bytes(vec![1, 0xFF]), 1)].into(), ..none() }),
        row("map by untagged number", "MC-", Maps { untagged: [(NumberOrText::Number(1), 1)].into(), ..none() }),
        row("map by untagged text", "MCJ", Maps { untagged: [(NumberOrText::Text(text("x")), 1)].into(), ..none() }),
        row("map by IP address", "MCJ", Maps { address: [([1, 2, 3, 4].into(), 1)].into(), ..none() }),
        row("JSON value", "MCJ", serde_json::json!({"a": [1, -1, 0.5, null, "x"], "b": {"c": true}})),
    ]
}
