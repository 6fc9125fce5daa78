//! By name, fields may be added, removed and moved; by position, they may only be added at the end.

use crate::value_support::{decode, encode, refused};
use mapleaf::{ErrorKind, Msgpack, MsgpackCompact, Result, Value};
use serde::{Deserialize, Serialize};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct First {
    id: u32,
    name: String,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Longer {
    id: u32,
    name: String,
    #[serde(default)]
    score: i64,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Swapped {
    name: String,
    id: u32,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Shorter {
    name: String,
}

fn first() -> First {
    First { id: 7, name: "seven".into() }
}

fn longer(score: i64) -> Longer {
    Longer { id: 7, name: "seven".into(), score }
}

fn by_name<Old: Value, New: Value>(value: &Old::Arg<'_>) -> Result<New::Owned> {
    decode::<New>(&encode::<Old>(value)?)
}

#[test]
fn msgpack_finds_fields_by_name() -> Result<()> {
    assert_eq!(by_name::<Msgpack<First>, Msgpack<Longer>>(&&first())?, longer(0));
    assert_eq!(by_name::<Msgpack<Longer>, Msgpack<First>>(&&longer(9))?, first());
    assert_eq!(by_name::<Msgpack<First>, Msgpack<Swapped>>(&&first())?, Swapped { name: "seven".into(), id: 7 });
    assert_eq!(by_name::<Msgpack<First>, Msgpack<Shorter>>(&&first())?, Shorter { name: "seven".into() });
    refused(by_name::<Msgpack<Shorter>, Msgpack<First>>(&&Shorter { name: "x".into() }), ErrorKind::Decode);
    Ok(())
}

#[test]
#[cfg(feature = "json")]
fn json_finds_fields_by_name() -> Result<()> {
    use mapleaf::Json;
    assert_eq!(by_name::<Json<First>, Json<Longer>>(&&first())?, longer(0));
    assert_eq!(by_name::<Json<Longer>, Json<First>>(&&longer(9))?, first());
    assert_eq!(by_name::<Json<First>, Json<Swapped>>(&&first())?, Swapped { name: "seven".into(), id: 7 });
    Ok(())
}

#[test]
fn msgpack_compact_finds_fields_by_position() -> Result<()> {
    let read = by_name::<MsgpackCompact<First>, MsgpackCompact<Longer>>(&&first())?;
    assert_eq!(read, longer(0));
    refused(by_name::<MsgpackCompact<Longer>, MsgpackCompact<First>>(&&longer(9)), ErrorKind::Decode);
    refused(by_name::<MsgpackCompact<First>, MsgpackCompact<Swapped>>(&&first()), ErrorKind::Decode);
    Ok(())
}
