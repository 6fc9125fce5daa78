//! Bytes that no codec wrote are a `Decode` error, never a panic. A value must use all of its bytes.

use std::collections::{BTreeMap, HashMap};

use crate::value_support::{decode, encode, refused};
use mapleaf::{ErrorKind, Msgpack, MsgpackCompact, Result, Value};
use proptest::prelude::*;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Leaf {
    Unit,
    One(u8),
    Two(f32, Option<bool>),
    Named { text: String },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Tree {
    leaves: Vec<Leaf>,
    map: BTreeMap<String, HashMap<u8, Option<Tree>>>,
    #[serde(default)]
    wide: Option<u128>,
}

fn tree() -> Tree {
    let leaf = Leaf::Named { text: "ü".into() };
    let inner = Tree { leaves: vec![leaf, Leaf::Two(1.5, None)], map: BTreeMap::new(), wide: Some(u128::MAX) };
    let map = BTreeMap::from([("k".into(), HashMap::from([(3, Some(inner))]))]);
    Tree { leaves: vec![Leaf::Unit, Leaf::One(200)], map, wide: None }
}

/// Decodes as `V`: the result is a value or a `Decode` error.
fn read<V: Value>(bytes: &[u8]) {
    if let Err(error) = decode::<V>(bytes) {
        assert_eq!(error.kind(), ErrorKind::Decode, "{error:?}");
    }
}

fn read_as_everything(bytes: &[u8]) {
    read::<&str>(bytes);
    read::<String>(bytes);
    read::<u64>(bytes);
    read::<f64>(bytes);
    read::<bool>(bytes);
    read::<char>(bytes);
    read::<()>(bytes);
    read::<[u8; 4]>(bytes);
    read::<Msgpack<Tree>>(bytes);
    read::<Msgpack<Vec<Leaf>>>(bytes);
    read::<Msgpack<serde_json::Value>>(bytes);
    read::<MsgpackCompact<Tree>>(bytes);
    let _: Result<IgnoredAny> = mapleaf::value::decode_as(bytes);
    #[cfg(feature = "json")]
    {
        read::<mapleaf::Json<Tree>>(bytes);
        read::<mapleaf::Json<serde_json::Value>>(bytes);
    }
}

proptest! {
    #[test]
    fn random_bytes_are_a_value_or_a_decode_error(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        read_as_everything(&bytes);
    }

    #[test]
    fn damaged_values_are_a_value_or_a_decode_error(at in any::<prop::sample::Index>(), with in any::<u8>()) {
        for mut bytes in [encode::<Msgpack<Tree>>(&&tree())?, encode::<MsgpackCompact<Tree>>(&&tree())?] {
            let at = at.index(bytes.len());
            bytes[at] = with;
            read_as_everything(&bytes);
        }
    }
}

fn is_all_of_its_bytes<V: Value>(value: &V::Arg<'_>) -> Result<()> {
    let mut bytes = encode::<V>(value)?;
    for len in 0..bytes.len() {
        refused(decode::<V>(&bytes[..len]), ErrorKind::Decode);
    }
    for more in [0x00, 0x01, 0x91, 0xC0, 0xC1, 0xD9, b'}', 0xFF] {
        bytes.push(more);
        refused(decode::<V>(&bytes), ErrorKind::Decode);
        bytes.pop();
    }
    decode::<V>(&bytes).map(drop)
}

#[test]
fn truncated_or_extended_values_are_decode_errors() -> Result<()> {
    is_all_of_its_bytes::<Msgpack<Tree>>(&&tree())?;
    is_all_of_its_bytes::<MsgpackCompact<Tree>>(&&tree())?;
    is_all_of_its_bytes::<Msgpack<Option<u8>>>(&&None)?;
    #[cfg(feature = "json")]
    is_all_of_its_bytes::<mapleaf::Json<Tree>>(&&tree())?;
    is_all_of_its_bytes::<u32>(&7)?;
    is_all_of_its_bytes::<bool>(&true)?;
    is_all_of_its_bytes::<char>(&'x')?;
    is_all_of_its_bytes::<()>(&())?;
    is_all_of_its_bytes::<[u8; 5]>(&[0; 5])
}

#[test]
fn bytes_of_another_type_are_a_decode_error() {
    refused(decode::<bool>(&[2]), ErrorKind::Decode);
    refused(decode::<char>(&0xD800_u32.to_be_bytes()), ErrorKind::Decode);
    refused(decode::<char>(&0x11_0000_u32.to_be_bytes()), ErrorKind::Decode);
    refused(decode::<&str>(&[0xFF]), ErrorKind::Decode);
    let message = refused(decode::<u32>(&[0; 3]), ErrorKind::Decode);
    assert_eq!(
        message,
        "the stored value is no `u32`: its length is 3 and not 4; open the DBI with the value type it was written with"
    );
}
