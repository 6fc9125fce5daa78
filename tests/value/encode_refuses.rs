//! A value that could not be read back is not written.

use crate::value_support;
use crate::value_support::{encode, refused};
use mapleaf::value::MAX_VALUE_LEN;
use mapleaf::{ErrorKind, Msgpack, MsgpackCompact, Result};
use serde::ser::{Error, SerializeMap, SerializeSeq, SerializeStruct};
use serde::{Deserialize, Serialize, Serializer};

#[derive(Deserialize)]
struct Unwilling;

impl Serialize for Unwilling {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(S::Error::custom("not today"))
    }
}

#[test]
fn an_error_of_serialize_is_returned() {
    for message in [
        refused(encode::<Msgpack<Vec<Unwilling>>>(&&vec![Unwilling]), ErrorKind::Encode),
        refused(encode::<MsgpackCompact<Unwilling>>(&&Unwilling), ErrorKind::Encode),
    ] {
        assert_eq!(message, "the value cannot be written as MessagePack: not today");
    }
}

/// Announces `announced` elements and writes two.
#[derive(Deserialize)]
struct Miscounted {
    announced: usize,
    as_what: u8,
}

impl Serialize for Miscounted {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.as_what {
            0 => {
                let mut seq = serializer.serialize_seq(Some(self.announced))?;
                seq.serialize_element(&1)?;
                seq.serialize_element(&2)?;
                seq.end()
            }
            1 => {
                let mut map = serializer.serialize_map(Some(self.announced))?;
                map.serialize_entry("a", &1)?;
                map.serialize_entry("b", &2)?;
                map.end()
            }
            _ => {
                let mut fields = serializer.serialize_struct("Miscounted", self.announced)?;
                fields.serialize_field("a", &1)?;
                fields.serialize_field("b", &2)?;
                fields.end()
            }
        }
    }
}

#[test]
fn a_wrong_announced_length_is_refused() {
    for as_what in 0..3 {
        for announced in [0, 1, 3] {
            let value = Miscounted { announced, as_what };
            refused(encode::<Msgpack<Miscounted>>(&&value), ErrorKind::Encode);
            refused(encode::<MsgpackCompact<Miscounted>>(&&value), ErrorKind::Encode);
            #[cfg(feature = "json")]
            refused(encode::<mapleaf::Json<Miscounted>>(&&value), ErrorKind::Encode);
        }
        // The number is right, but the elements do not read back as this type.
        let other = refused(encode::<Msgpack<Miscounted>>(&&Miscounted { announced: 2, as_what }), ErrorKind::Encode);
        assert!(!other.contains("announced 2"), "{other}");
    }
}

#[test]
#[cfg(feature = "json")]
fn values_that_json_cannot_express_are_refused() -> Result<()> {
    use mapleaf::Json;
    use std::collections::BTreeMap;
    refused(encode::<Json<BTreeMap<(u8, u8), u8>>>(&&BTreeMap::from([((1, 2), 3)])), ErrorKind::Encode);
    for float in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        refused(encode::<Json<Option<f64>>>(&&Some(float)), ErrorKind::Encode);
        refused(encode::<Json<Vec<f32>>>(&&vec![f32::NAN]), ErrorKind::Encode);
        encode::<Msgpack<f64>>(&&float)?;
    }
    Ok(())
}

#[test]
#[cfg(target_pointer_width = "64")]
fn values_too_long_for_the_file_are_refused() -> Result<()> {
    // Zeroed memory that is never touched takes no physical memory.
    let zeros = vec![0_u8; MAX_VALUE_LEN + 1];
    refused(encode_len::<&[u8]>(&&zeros[..]), ErrorKind::TooLarge);
    assert_eq!(encode_len::<&[u8]>(&&zeros[1..])?, MAX_VALUE_LEN);
    Ok(())
}

fn encode_len<V: mapleaf::Value>(value: &V::Arg<'_>) -> Result<usize> {
    V::encode(value, &value_support::context(), &mut Vec::new()).map(<[u8]>::len)
}
