//! Attributes in serde's formats: those that say what comes next, as JSON does.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};

use crate::store::policy::attribute::Attribute;

impl Serialize for Attribute {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Int(value) => serializer.serialize_i64(*value),
            Self::Float(value) => serializer.serialize_f64(*value),
            Self::Text(value) => serializer.serialize_str(value),
            Self::List(values) => serializer.collect_seq(values),
            Self::Map(values) => serializer.collect_map(values),
        }
    }
}

impl<'de> Deserialize<'de> for Attribute {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Shapes)
    }
}

struct Shapes;

impl<'de> Visitor<'de> for Shapes {
    type Value = Attribute;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("null, a boolean, a number, text, a list or a map with names")
    }

    fn visit_unit<E>(self) -> Result<Attribute, E> {
        Ok(Attribute::Null)
    }

    fn visit_none<E>(self) -> Result<Attribute, E> {
        Ok(Attribute::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Attribute, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Attribute, E> {
        Ok(Attribute::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Attribute, E> {
        Ok(Attribute::Int(value))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Attribute, E> {
        let refused = || E::custom(format!("the number {value} is too large; the greatest is {}", i64::MAX));
        i64::try_from(value).map(Attribute::Int).map_err(|_| refused())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Attribute, E> {
        Ok(Attribute::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Attribute, E> {
        Ok(Attribute::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Attribute, E> {
        Ok(Attribute::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Attribute, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = access.next_element()? {
            values.push(value);
        }
        Ok(Attribute::List(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Attribute, A::Error> {
        let mut values = BTreeMap::new();
        while let Some((name, value)) = access.next_entry::<String, Attribute>()? {
            // Of two values the reader of a policy may see the one that does not count.
            if values.contains_key(&name) {
                return Err(A::Error::custom(format!("the name {name:?} occurs twice in a map")));
            }
            values.insert(name, value);
        }
        Ok(Attribute::Map(values))
    }
}
