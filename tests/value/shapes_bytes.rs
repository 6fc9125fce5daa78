//! Shapes of bytes, as numbers and as bytes.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::shapes_table::{Row, row};

/// Bytes that call `serialize_bytes`. They are read from bytes or, as in JSON, from numbers.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Bytes(pub(crate) Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_byte_buf(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Bytes;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Bytes, E> {
        Ok(Bytes(bytes.to_vec()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Bytes, A::Error> {
        let mut bytes = Vec::new();
        while let Some(byte) = access.next_element()? {
            bytes.push(byte);
        }
        Ok(Bytes(bytes))
    }
}

/// Bytes that are read from bytes only.
#[derive(Debug, PartialEq)]
struct Strict(Vec<u8>);

impl Serialize for Strict {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

struct StrictReader;

impl Visitor<'_> for StrictReader {
    type Value = Strict;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Strict, E> {
        Ok(Strict(bytes.to_vec()))
    }
}

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_bytes(StrictReader)
    }
}

fn as_bytes<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bytes(bytes)
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct WrittenAsBytes {
    #[serde(serialize_with = "as_bytes")]
    pixels: Vec<u8>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum TextOrBytes {
    Bytes(Bytes),
    Text(String),
}

pub(crate) fn rows() -> Vec<Row> {
    let all = || (0..=255).collect::<Vec<u8>>();
    vec![
        row("Vec<u8>", "MCJ", all()),
        row("Cow of bytes", "MCJ", Cow::<'static, [u8]>::Owned(all())),
        row("array of bytes", "MCJ", [0xFF_u8; 20]),
        row("bytes", "MCJ", Bytes(all())),
        row("no bytes", "MCJ", Bytes(Vec::new())),
        row("optional bytes", "MCJ", vec![Some(Bytes(all())), None, Some(Bytes(Vec::new()))]),
        row("bytes that are read from bytes alone", "MC-", Strict(all())),
        row("Vec<u8> written as bytes", "MCJ", WrittenAsBytes { pixels: all() }),
        row("untagged bytes", "MCJ", TextOrBytes::Bytes(Bytes(all()))),
        row("untagged text before which bytes stand", "MCJ", TextOrBytes::Text("text".into())),
    ]
}
