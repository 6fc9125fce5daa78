//! The bytes of every codec are frozen: every later version must write the same.

use std::collections::BTreeMap;

use crate::value_support::{encode, name};
use mapleaf::{Msgpack, MsgpackCompact, Result};
use serde::{Deserialize, Serialize};

#[test]
fn plain_values_have_these_bytes() -> Result<()> {
    assert_eq!(encode::<u8>(&0xAB)?, [0xAB]);
    assert_eq!(encode::<u16>(&0x0102)?, [1, 2]);
    assert_eq!(encode::<u32>(&0x0102_0304)?, [1, 2, 3, 4]);
    assert_eq!(encode::<u64>(&0x0102_0304_0506_0708)?, [1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(encode::<u128>(&(1 << 120 | 2))?, [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
    assert_eq!(encode::<i8>(&-1)?, [0xFF]);
    assert_eq!(encode::<i16>(&-2)?, [0xFF, 0xFE]);
    assert_eq!(encode::<i32>(&i32::MIN)?, [0x80, 0, 0, 0]);
    assert_eq!(encode::<i64>(&1)?, [0, 0, 0, 0, 0, 0, 0, 1]);
    assert_eq!(encode::<i128>(&-1)?, [0xFF; 16]);
    assert_eq!(encode::<f32>(&1.0)?, [0x3F, 0x80, 0, 0]);
    assert_eq!(encode::<f64>(&-0.0)?, [0x80, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!((encode::<bool>(&false)?, encode::<bool>(&true)?), (vec![0], vec![1]));
    assert_eq!(encode::<char>(&'Ō')?, [0, 0, 0x01, 0x4C]);
    assert!(encode::<()>(&())?.is_empty());
    assert_eq!(encode::<[u8; 3]>(&[9, 0, 255])?, [9, 0, 255]);
    assert_eq!(encode::<&[u8]>(&&[0, 255][..])?, [0, 255]);
    assert_eq!(encode::<&str>(&"Ō")?, [0xC5, 0x8C]);
    Ok(())
}

#[test]
fn the_schema_names_are_frozen() {
    assert_eq!((name::<&[u8]>(), name::<Vec<u8>>()), ("bytes".into(), "bytes".into()));
    assert_eq!((name::<&str>(), name::<String>()), ("str".into(), "str".into()));
    let numbers = [name::<u8>(), name::<u16>(), name::<u32>(), name::<u64>(), name::<u128>()];
    assert_eq!(numbers, ["u8", "u16", "u32", "u64", "u128"]);
    let numbers = [name::<i8>(), name::<i16>(), name::<i32>(), name::<i64>(), name::<i128>()];
    assert_eq!(numbers, ["i8", "i16", "i32", "i64", "i128"]);
    let others = [name::<f32>(), name::<f64>(), name::<bool>(), name::<char>(), name::<()>(), name::<[u8; 16]>()];
    assert_eq!(others, ["f32", "f64", "bool", "char", "unit", "bytes[16]"]);
    assert_eq!([name::<Msgpack<u8>>(), name::<MsgpackCompact<u8>>()], ["msgpack", "msgpack-compact"]);
    #[cfg(feature = "json")]
    assert_eq!(name::<mapleaf::Json<u8>>(), "json");
}

#[derive(Serialize, Deserialize)]
enum Fare {
    Free,
    Flat(u16),
    Range(i8, i64),
    Zone { from: char, to: Option<u8> },
}

#[derive(Serialize, Deserialize)]
struct Trip {
    id: u32,
    rate: f64,
    fares: Vec<Fare>,
    seats: BTreeMap<u8, bool>,
    done: (),
}

fn trip() -> Trip {
    let fares = vec![Fare::Free, Fare::Flat(300), Fare::Range(-1, i64::MIN), Fare::Zone { from: 'A', to: None }];
    Trip { id: 70_000, rate: 0.5, fares, seats: BTreeMap::from([(1, true)]), done: () }
}

#[test]
fn msgpack_stores_field_names() -> Result<()> {
    let expected: &[u8] = b"\x85\xa2id\xce\x00\x01\x11\x70\xa4rate\xcb\x3f\xe0\0\0\0\0\0\0\
        \xa5fares\x94\xa4Free\x81\xa4Flat\xcd\x01\x2c\x81\xa5Range\x92\xff\xd3\x80\0\0\0\0\0\0\0\
        \x81\xa4Zone\x82\xa4from\xa1A\xa2to\xc0\xa5seats\x81\x01\xc3\xa4done\xc0";
    assert_eq!(encode::<Msgpack<Trip>>(&&trip())?, expected);
    Ok(())
}

#[test]
fn msgpack_compact_stores_no_field_names() -> Result<()> {
    let expected: &[u8] = b"\x95\xce\x00\x01\x11\x70\xcb\x3f\xe0\0\0\0\0\0\0\
        \x94\xa4Free\x81\xa4Flat\xcd\x01\x2c\x81\xa5Range\x92\xff\xd3\x80\0\0\0\0\0\0\0\
        \x81\xa4Zone\x92\xa1A\xc0\x81\x01\xc3\xc0";
    assert_eq!(encode::<MsgpackCompact<Trip>>(&&trip())?, expected);
    Ok(())
}

#[test]
#[cfg(feature = "json")]
fn json_has_no_spaces() -> Result<()> {
    let expected = r#"{"id":70000,"rate":0.5,"fares":["Free",{"Flat":300},{"Range":[-1,-9223372036854775808]},{"Zone":{"from":"A","to":null}}],"seats":{"1":true},"done":null}"#;
    assert_eq!(String::from_utf8_lossy(&encode::<mapleaf::Json<Trip>>(&&trip())?), expected);
    Ok(())
}
