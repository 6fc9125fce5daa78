//! The exact limits of the promise: no codec can check what serde does not pass to it.

use std::collections::HashSet;
use std::net::{Ipv6Addr, SocketAddrV6};
use std::ops::RangeInclusive;

use mapleaf::value::Context;
use mapleaf::{ErrorKind, Msgpack, MsgpackCompact, Result, Value};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

fn through<C: for<'a> Value<Arg<'a> = &'a T, Owned = T>, T: 'static>(value: &T) -> Result<T> {
    let (context, mut buf) = (Context::new(&[0; 16], "d", b"k"), Vec::new());
    let bytes = C::encode(&value, &context, &mut buf)?.to_vec();
    C::decode(&bytes, &context).map(C::own)
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Alike {
    First(u32),
    Second(u32),
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Hidden {
    told: u8,
    #[serde(skip)]
    hidden: u8,
}

/// Deserializes numbers up to 100 only.
#[derive(Debug, PartialEq, Clone, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
struct Percent(u8);

impl TryFrom<u8> for Percent {
    type Error = &'static str;

    fn try_from(number: u8) -> std::result::Result<Self, &'static str> {
        if number <= 100 { Ok(Self(number)) } else { Err("more than all") }
    }
}

impl From<Percent> for u8 {
    fn from(percent: Percent) -> Self {
        percent.0
    }
}

#[test]
fn untagged_variants_with_the_same_data_are_read_as_the_first() -> Result<()> {
    assert_eq!(through::<Msgpack<_>, _>(&Alike::First(5))?, Alike::First(5));
    assert_eq!(through::<Msgpack<_>, _>(&Alike::Second(5))?, Alike::First(5));
    assert_eq!(through::<MsgpackCompact<_>, _>(&Alike::Second(5))?, Alike::First(5));
    Ok(())
}

#[test]
fn fields_hidden_from_serde_read_as_their_defaults() -> Result<()> {
    assert_eq!(through::<Msgpack<_>, _>(&Hidden { told: 1, hidden: 2 })?, Hidden { told: 1, hidden: 0 });
    Ok(())
}

/// The type's own conversion may refuse one value and accept another for which serde sees the same kinds of data. The
/// first value of each kind is read back after writing; later ones of that kind are not.
#[test]
fn conversions_are_checked_with_the_first_value_of_each_kind() -> Result<()> {
    let over = Percent(101);
    for _ in 0..2 {
        // Before one value was read back, none is trusted.
        let error = through::<Msgpack<_>, _>(&over).expect_err("it cannot be read");
        assert_eq!(error.kind(), ErrorKind::Encode, "{error}");
        assert!(error.message().contains("Percent") && error.message().contains("more than all"), "{error}");
    }
    assert_eq!(through::<Msgpack<_>, _>(&Percent(100))?, Percent(100));
    let error = through::<Msgpack<_>, _>(&over).expect_err("it cannot be read");
    assert_eq!(error.kind(), ErrorKind::Decode, "it was written: {error}");
    Ok(())
}

/// serde writes only the two bounds, both in human-readable and in binary formats.
#[test]
fn an_exhausted_inclusive_range_reads_back_as_a_fresh_one() -> Result<()> {
    let mut range = 5..=5_u8;
    assert_eq!(range.next(), Some(5));
    assert!(range.is_empty());
    let read: [RangeInclusive<u8>; 2] = [through::<Msgpack<_>, _>(&range)?, through::<MsgpackCompact<_>, _>(&range)?];
    assert_eq!(read, [5..=5, 5..=5]);
    Ok(())
}

/// Neither of the forms that serde writes has the flow information.
#[test]
fn a_socket_address_reads_back_without_its_flow_information() -> Result<()> {
    let of = |flow| SocketAddrV6::new(Ipv6Addr::LOCALHOST, 80, flow, 0);
    assert_eq!(through::<Msgpack<_>, _>(&of(9))?, of(0));
    assert_eq!(through::<MsgpackCompact<_>, _>(&of(9))?, of(0));
    #[cfg(feature = "json")]
    assert_eq!(through::<mapleaf::Json<_>, _>(&of(9))?, of(0));
    Ok(())
}

/// Words separated by spaces in human-readable formats, a set in binary ones.
#[derive(Clone, Debug, PartialEq)]
struct Tags(HashSet<String>);

impl Serialize for Tags {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            let words: Vec<&str> = self.0.iter().map(String::as_str).collect();
            serializer.serialize_str(&words.join(" "))
        } else {
            self.0.serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Tags {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let words = String::deserialize(deserializer)?;
            Ok(Self(words.split_whitespace().map(str::to_owned).collect()))
        } else {
            HashSet::deserialize(deserializer).map(Self)
        }
    }
}

#[test]
fn an_unordered_human_readable_form_refuses_nothing() -> Result<()> {
    for count in [0, 1, 2, 3, 20] {
        let tags = Tags((0..count).map(|n| format!("tag{n}")).collect());
        for _ in 0..50 {
            assert_eq!(through::<Msgpack<Tags>, _>(&tags)?, tags);
            assert_eq!(through::<MsgpackCompact<Tags>, _>(&tags)?, tags);
        }
    }
    Ok(())
}
