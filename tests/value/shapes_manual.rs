//! Shapes with hand-written implementations of `Serialize` and `Deserialize`.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap, SerializeSeq, SerializeStruct};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::shapes_table::{Row, row};

/// A sequence that does not announce its length.
#[derive(Debug, PartialEq)]
struct Stream(Vec<u32>);

impl Serialize for Stream {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut seq = serializer.serialize_seq(None)?;
        self.0.iter().try_for_each(|number| seq.serialize_element(number))?;
        seq.end()
    }
}

impl<'de> Deserialize<'de> for Stream {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(Self)
    }
}

/// A map that does not announce its length; keys may repeat.
#[derive(Debug, PartialEq)]
struct Pairs(Vec<(String, u32)>);

impl Serialize for Pairs {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.0.iter().try_for_each(|(key, value)| map.serialize_entry(key, value))?;
        map.end()
    }
}

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Pairs;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = access.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Reader)
    }
}

/// Announces two fields and writes as many as it holds.
#[derive(Debug, PartialEq, Deserialize)]
struct Miscounted {
    a: u8,
    #[serde(default)]
    b: Option<u8>,
}

impl Serialize for Miscounted {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Miscounted", 2)?;
        fields.serialize_field("a", &self.a)?;
        if let Some(b) = self.b {
            fields.serialize_field("b", &b)?;
        }
        fields.end()
    }
}

/// Text written by `Display` and read by `FromStr`.
#[derive(Debug, PartialEq)]
struct Version(u16, u16);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let parts = text.split_once('.').and_then(|(a, b)| Some(Self(a.parse().ok()?, b.parse().ok()?)));
        parts.ok_or_else(|| serde::de::Error::custom("not a version"))
    }
}

/// Two consecutive parts: text in human-readable formats, numbers in binary ones.
#[derive(Debug, PartialEq)]
struct Both(u8);

impl Serialize for Both {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.serialize_str(&self.0.to_string())
        } else {
            serializer.serialize_u8(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Both {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            String::deserialize(deserializer)?.parse().map(Self).map_err(serde::de::Error::custom)
        } else {
            u8::deserialize(deserializer).map(Self)
        }
    }
}

/// Exact in binary formats, rounded in human-readable ones.
#[derive(Debug, PartialEq)]
struct Rounded(u32);

impl Serialize for Rounded {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let unit = if serializer.is_human_readable() { 10 } else { 1 };
        serializer.serialize_u32(self.0 / unit * unit)
    }
}

impl<'de> Deserialize<'de> for Rounded {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u32::deserialize(deserializer).map(Self)
    }
}

/// A pair that is written as a struct and read as a sequence.
#[derive(Debug, PartialEq)]
struct WrittenAsStruct(u8, u8);

impl Serialize for WrittenAsStruct {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("WrittenAsStruct", 2)?;
        fields.serialize_field("first", &self.0)?;
        fields.serialize_field("second", &self.1)?;
        fields.end()
    }
}

impl<'de> Deserialize<'de> for WrittenAsStruct {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = WrittenAsStruct;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("two numbers")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<WrittenAsStruct, A::Error> {
                let mut next = || access.next_element()?.ok_or_else(|| serde::de::Error::custom("too short"));
                Ok(WrittenAsStruct(next()?, next()?))
            }
        }
        deserializer.deserialize_tuple(2, Reader)
    }
}

/// Reads a value only after a check.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Even(u8);

impl Serialize for Even {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(self.0)
    }
}

impl<'de> Deserialize<'de> for Even {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = u8::deserialize(deserializer)?;
        if number % 2 == 0 { Ok(Self(number)) } else { Err(serde::de::Error::custom("odd")) }
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Checked {
    a: Even,
    b: (Even, Option<String>),
    c: BTreeMap<Even, Version>,
}

pub(crate) fn rows() -> Vec<Row> {
    let checked = Checked { a: Even(2), b: (Even(4), Some("x".into())), c: BTreeMap::from([(Even(6), Version(1, 2))]) };
    vec![
        row("sequence of unknown length", "MCJ", Stream(vec![1, 2, 3])),
        row("empty sequence of unknown length", "MCJ", Stream(vec![])),
        row("map of unknown length", "MCJ", Pairs(vec![("b".into(), 1), ("a".into(), 2), ("b".into(), 3)])),
        row("struct that announces its fields", "MCJ", Miscounted { a: 1, b: Some(2) }),
        row("struct that announces too many", "---", Miscounted { a: 1, b: None }),
        row("text by Display", "MCJ", vec![Version(1, 0), Version(2, 11)]),
        row("another form for people", "MCJ", Both(200)),
        row("rounded for people, already round", "MCJ", Rounded(20)),
        row("rounded for people", "MC-", Rounded(25)),
        row("written as a struct, read as a sequence", "-C-", WrittenAsStruct(1, 2)),
        row("values that are checked when read", "MCJ", checked),
        row("extension of MessagePack", "MCJ", Extension((5, super::shapes_bytes::Bytes(vec![1, 2, 3])))),
    ]
}

/// A type that `rmp_serde` stores as a `MessagePack` extension.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename = "_ExtStruct")]
struct Extension((i8, super::shapes_bytes::Bytes));
