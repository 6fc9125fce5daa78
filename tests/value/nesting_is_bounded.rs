//! Nesting beyond 127 levels is refused in both directions, whatever it consists of: no input overflows the stack.

use crate::value_support::{decode, encode, refused};
use mapleaf::value::{MAX_DEPTH, decode_as};
use mapleaf::{ErrorKind, Msgpack, MsgpackCompact, Result, Value};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

const MANY: usize = 100_000;

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Chain {
    next: Option<Box<Chain>>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct List(Vec<List>, ());

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Peano {
    Zero,
    Next(Box<Peano>),
}

/// On a single byte, serde would recurse into this type without end if nothing stopped it.
#[derive(Debug, Serialize, Deserialize)]
struct Endless(Option<Box<Endless>>);

fn chain(levels: usize) -> Chain {
    (1..levels).fold(Chain::default(), |inner, _| Chain { next: Some(Box::new(inner)) })
}

fn peano(levels: usize) -> Peano {
    (0..levels).fold(Peano::Zero, |inner, _| Peano::Next(Box::new(inner)))
}

fn holds_the_limit<V: Value>(value: impl Fn(usize) -> V::Owned) -> Result<()>
where
    V::Owned: PartialEq + std::fmt::Debug,
{
    let most = value(usize::from(MAX_DEPTH));
    assert_eq!(decode::<V>(&encode::<V>(&V::as_arg(&most))?)?, most);
    for levels in [usize::from(MAX_DEPTH) + 1, 5_000] {
        let message = refused(encode::<V>(&V::as_arg(&value(levels))), ErrorKind::Encode);
        assert!(message.contains("nested deeper than 127 levels"), "{message}");
    }
    Ok(())
}

#[test]
fn values_nested_to_the_limit_are_written_and_read() -> Result<()> {
    holds_the_limit::<Msgpack<Chain>>(chain)?;
    holds_the_limit::<MsgpackCompact<Chain>>(chain)?;
    holds_the_limit::<Msgpack<Peano>>(peano)?;
    #[cfg(feature = "json")]
    {
        holds_the_limit::<mapleaf::Json<Chain>>(chain)?;
        holds_the_limit::<mapleaf::Json<Peano>>(peano)?;
    }
    Ok(())
}

/// Checks that `bytes` are refused as every type here, by value, skipped as a whole, and skipped as an unknown field.
fn refused_by_all(bytes: &[u8]) {
    let mut unknown = b"\x81\xa7unknown".to_vec();
    unknown.extend_from_slice(bytes);
    for bytes in [bytes, unknown.as_slice()] {
        refused(decode::<Msgpack<Chain>>(bytes), ErrorKind::Decode);
        refused(decode::<Msgpack<List>>(bytes), ErrorKind::Decode);
        refused(decode::<Msgpack<Peano>>(bytes), ErrorKind::Decode);
        refused(decode::<MsgpackCompact<Chain>>(bytes), ErrorKind::Decode);
        refused(decode::<Msgpack<serde_json::Value>>(bytes), ErrorKind::Decode);
        refused(decode_as::<IgnoredAny>(bytes), ErrorKind::Decode);
    }
}

#[test]
fn deep_messagepack_is_refused() {
    refused_by_all(&[0x91].repeat(MANY)); // arrays of one
    refused_by_all(&[0x92].repeat(MANY));
    refused_by_all(&[0xDD, 0, 0, 0, 1].repeat(MANY));
    refused_by_all(&[0x81].repeat(MANY)); // maps as keys of maps
    refused_by_all(&b"\x81\xa4next".repeat(MANY));
    refused_by_all(&b"\x81\xa4Next".repeat(MANY)); // variants
    refused_by_all(&[0xC7, 0, 0].repeat(MANY)); // extensions
}

#[test]
fn variants_that_contain_their_siblings_are_refused() {
    // MessagePack sees a flat array of short arrays here; `rmp_serde` takes each for a variant that contains the next.
    let mut bytes = vec![0xDD, 0, 3, 0x0D, 0x40];
    bytes.extend(b"\x91\xa4Next".repeat(MANY));
    refused(decode::<Msgpack<Vec<Peano>>>(&bytes), ErrorKind::Decode);
}

#[test]
fn endlessly_recursive_types_are_refused() -> Result<()> {
    refused(decode::<Msgpack<Endless>>(&[1]), ErrorKind::Decode);
    assert!(decode::<Msgpack<Endless>>(&[0xC0])?.0.is_none());
    #[cfg(feature = "json")]
    refused(decode::<mapleaf::Json<Endless>>(b"1"), ErrorKind::Decode);
    Ok(())
}

#[test]
#[cfg(feature = "json")]
fn deep_json_is_refused() {
    use mapleaf::Json;
    for part in ["[", "{\"next\":", "{\"Next\":", "{\"unknown\":["] {
        let text = part.repeat(MANY);
        refused(decode::<Json<Chain>>(text.as_bytes()), ErrorKind::Decode);
        refused(decode::<Json<List>>(text.as_bytes()), ErrorKind::Decode);
        refused(decode::<Json<Peano>>(text.as_bytes()), ErrorKind::Decode);
        refused(decode::<Json<serde_json::Value>>(text.as_bytes()), ErrorKind::Decode);
    }
}
