//! A length declared in the bytes allocates no more memory than the bytes could fill.

use std::collections::HashMap;
use std::fmt;

use crate::value_support::{decode, refused};
use mapleaf::{ErrorKind, Msgpack};
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

/// Fails with the size hint by which a collection would allocate memory.
#[derive(Debug, Serialize)]
struct Hint;

impl<'de> Deserialize<'de> for Hint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Hint)
    }
}

impl<'de> Visitor<'de> for Hint {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a collection")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, access: A) -> Result<Self, A::Error> {
        Err(A::Error::custom(format_args!("hint {:?}", access.size_hint())))
    }

    fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<Self, A::Error> {
        Err(A::Error::custom(format_args!("hint {:?}", access.size_hint())))
    }
}

#[test]
fn a_size_hint_is_at_most_the_number_of_bytes() {
    for (bytes, hint) in [
        (&[0x93, 1, 2, 3][..], "hint Some(3)"),
        (&[0x81, 1, 2], "hint Some(1)"),
        (&[0xDD, 0xFF, 0xFF, 0xFF, 0xFF], "hint Some(5)"),
        (&[0xDF, 0xFF, 0xFF, 0xFF, 0xFF], "hint Some(5)"),
    ] {
        let message = refused(decode::<Msgpack<Hint>>(bytes), ErrorKind::Decode);
        assert!(message.contains(&format!("{hint};")), "{message}");
    }
}

#[test]
fn huge_declared_lengths_are_refused() {
    for marker in [0xC6, 0xC9, 0xDB, 0xDD, 0xDF] {
        let bytes = [marker, 0xFF, 0xFF, 0xFF, 0xFF, 0x01];
        refused(decode::<Msgpack<Vec<u64>>>(&bytes), ErrorKind::Decode);
        refused(decode::<Msgpack<String>>(&bytes), ErrorKind::Decode);
        refused(decode::<Msgpack<HashMap<u64, u64>>>(&bytes), ErrorKind::Decode);
        refused(decode::<Msgpack<serde_json::Value>>(&bytes), ErrorKind::Decode);
    }
}
