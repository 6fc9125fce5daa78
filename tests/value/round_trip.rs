//! A value reads back as it was written, bit for bit.

use std::collections::BTreeMap;

use crate::value_support::{decode, encode};
use mapleaf::{Msgpack, MsgpackCompact, Result, Value};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Shape {
    Empty,
    Circle(f64),
    Line(i32, i32),
    Named { name: String, corners: Vec<(i64, u8)> },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Row {
    id: u64,
    big: u128,
    low: i128,
    ratio: f32,
    letter: char,
    note: Option<String>,
    shape: Shape,
    tags: BTreeMap<String, Vec<bool>>,
    unit: (),
}

fn shape() -> impl Strategy<Value = Shape> {
    prop_oneof![
        Just(Shape::Empty),
        prop::num::f64::ANY.prop_filter("NaN is not equal to itself", |x| x.is_finite()).prop_map(Shape::Circle),
        any::<(i32, i32)>().prop_map(|(a, b)| Shape::Line(a, b)),
        (any::<String>(), vec(any::<(i64, u8)>(), 0..20)).prop_map(|(name, corners)| Shape::Named { name, corners }),
    ]
}

fn row() -> impl Strategy<Value = Row> {
    let numbers = (any::<(u64, u128, i128)>(), prop::num::f32::NORMAL, any::<char>());
    (numbers, any::<Option<String>>(), shape(), btree_map("\\PC{0,20}", vec(any::<bool>(), 0..20), 0..5)).prop_map(
        |(((id, big, low), ratio, letter), note, shape, tags)| Row {
            id,
            big,
            low,
            ratio,
            letter,
            note,
            shape,
            tags,
            unit: (),
        },
    )
}

/// Encodes, decodes, and encodes the decoded value again.
fn again<V: Value>(value: &V::Arg<'_>) -> Result<(V::Owned, bool)> {
    let bytes = encode::<V>(value)?;
    let owned = decode::<V>(&bytes)?;
    let same = encode::<V>(&V::as_arg(&owned))? == bytes;
    Ok((owned, same))
}

macro_rules! numbers_round_trip {
    ($($type:ident)*) => {
        proptest! {$(
            #[test]
            fn $type(value in any::<$type>()) {
                prop_assert_eq!(again::<$type>(&value)?, (value, true));
            }
        )*}
    };
}

numbers_round_trip! { u8 u16 u32 u64 u128 i8 i16 i32 i64 i128 bool char }

proptest! {
    #[test]
    fn floats_round_trip_with_every_bit(a in any::<u32>(), b in any::<u64>()) {
        prop_assert_eq!(again::<f32>(&f32::from_bits(a))?.0.to_bits(), a);
        prop_assert_eq!(again::<f64>(&f64::from_bits(b))?.0.to_bits(), b);
    }

    #[test]
    fn text_and_bytes_round_trip(text in any::<String>(), bytes in any::<Vec<u8>>(), array in any::<[u8; 16]>()) {
        prop_assert_eq!(again::<&str>(&text.as_str())?, (text.clone(), true));
        prop_assert_eq!(again::<String>(&text.as_str())?, (text.clone(), true));
        prop_assert_eq!(again::<&[u8]>(&bytes.as_slice())?, (bytes.clone(), true));
        prop_assert_eq!(again::<Vec<u8>>(&bytes.as_slice())?, (bytes.clone(), true));
        prop_assert_eq!(again::<[u8; 16]>(&array)?, (array, true));
    }

    #[test]
    fn structs_round_trip(row in row()) {
        prop_assert_eq!(&again::<Msgpack<Row>>(&&row)?, &(row.clone(), true));
        prop_assert_eq!(&again::<MsgpackCompact<Row>>(&&row)?, &(row, true));
    }

    #[test]
    #[cfg(feature = "json")]
    fn structs_round_trip_as_json(row in row(), float in prop::num::f64::ANY) {
        prop_assert_eq!(&again::<mapleaf::Json<Row>>(&&row)?, &(row, true));
        if float.is_finite() {
            prop_assert_eq!(again::<mapleaf::Json<f64>>(&&float)?.0.to_bits(), float.to_bits());
        }
    }
}

#[test]
fn empty_values_round_trip() -> Result<()> {
    assert_eq!(again::<()>(&())?, ((), true));
    assert_eq!(again::<&[u8]>(&&[][..])?, (vec![], true));
    assert_eq!(again::<&str>(&"")?, (String::new(), true));
    assert_eq!(again::<[u8; 0]>(&[])?, ([], true));
    Ok(())
}
