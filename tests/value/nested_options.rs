//! A value that would be read back as a different one is refused when it is written: an option around an empty value,
//! an omitted field before other fields where fields are found by position, and whatever the type's own `Deserialize`
//! refuses.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;

use mapleaf::value::Context;
use mapleaf::{ErrorKind, Json, Msgpack, MsgpackCompact, Result, Value};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

fn through<C: for<'a> Value<Arg<'a> = &'a T, Owned = T>, T: 'static>(value: &T) -> Result<T> {
    let (context, mut buf) = (Context::new(&[0; 16], "d", b"k"), Vec::new());
    let bytes = C::encode(&value, &context, &mut buf)?.to_vec();
    Ok(C::own(C::decode(&bytes, &context).expect("what was written is read")))
}

/// Checks the law for each codec, and returns the codecs that keep the value.
fn kept<T: Serialize + DeserializeOwned + PartialEq + Debug + 'static>(value: T) -> String {
    let all = [
        ('M', through::<Msgpack<T>, T>(&value)),
        ('C', through::<MsgpackCompact<T>, T>(&value)),
        ('J', through::<Json<T>, T>(&value)),
    ];
    let mut kept = String::new();
    for (codec, outcome) in all {
        match outcome {
            Ok(read) => {
                assert_eq!(read, value, "{codec}");
                kept.push(codec);
            }
            Err(error) => assert_eq!(error.kind(), ErrorKind::Encode, "{codec} {value:?}: {error:?}"),
        }
    }
    kept
}

#[derive(Serialize, Deserialize, Debug, Default, PartialEq, Clone)]
#[serde(default)]
struct Line {
    #[serde(skip_serializing_if = "Option::is_none")]
    debit: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    credit: Option<u64>,
}

#[derive(Serialize, Deserialize, Debug, PartialEq)]
struct NoDefault {
    first: u8,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    second: Vec<u8>,
}

#[derive(Serialize, Deserialize, Debug, PartialEq)]
struct OtherDefault {
    #[serde(skip_serializing_if = "is_five", default)]
    number: u8,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_five(number: &u8) -> bool {
    *number == 5
}

#[derive(Serialize, Deserialize, Debug, PartialEq)]
struct Unit;

#[derive(Serialize, Deserialize, Debug, PartialEq)]
struct Wrapped<T>(T);

#[derive(Serialize, Deserialize, Debug, PartialEq)]
struct Flat {
    name: String,
    #[serde(flatten)]
    rest: BTreeMap<String, i128>,
}

#[derive(Serialize, Deserialize, Debug, PartialEq)]
#[serde(tag = "kind")]
enum Tagged {
    Wide { number: i128 },
    Plain { number: i64 },
}

#[test]
fn options_around_empty_values_are_kept_or_refused() {
    assert_eq!(kept(None::<Option<u8>>), "MCJ");
    assert_eq!(kept(Some(Some(1))), "MCJ");
    assert_eq!(kept(Some(None::<u8>)), "");
    assert_eq!(kept(Some(())), "");
    assert_eq!(kept(Some(Wrapped(()))), "");
    assert_eq!(kept(Wrapped(Some(Wrapped(None::<u8>)))), "");
    assert_eq!(kept(vec![Some(vec![None::<u8>])]), "MCJ");
    assert_eq!(kept(vec![Some(Some(1)), Some(None), None]), "");
    assert_eq!(kept(HashMap::from([(1_u8, Some(None::<bool>))])), "");
    assert_eq!(kept(Some(Unit)), "MC", "JSON writes it as null");
    assert_eq!(kept(Unit), "MCJ");
    assert_eq!(kept(Some(Wrapped(3))), "MCJ");
}

#[test]
fn omitted_fields_are_kept_or_refused() {
    let line = |debit, credit| Line { debit, credit };
    assert_eq!(kept(line(Some(1), Some(2))), "MCJ");
    assert_eq!(kept(line(Some(1), None)), "MCJ", "none follows");
    assert_eq!(kept(line(None, Some(100))), "MJ");
    assert_eq!(kept(line(None, None)), "MCJ");
    assert_eq!(kept(vec![line(Some(1), Some(2)), line(None, Some(1))]), "MJ");
    let error = through::<MsgpackCompact<Line>, Line>(&line(None, Some(100))).expect_err("it is refused");
    for word in ["Line.debit", "Line.credit", "Msgpack", "skip_serializing_if"] {
        assert!(error.to_string().contains(word), "{error}");
    }
    for _ in 0..2 {
        // Not only for the first value of the type.
        assert_eq!(kept(NoDefault { first: 1, second: Vec::new() }), "");
        assert_eq!(kept(NoDefault { first: 1, second: vec![2] }), "MCJ");
        assert_eq!(kept(OtherDefault { number: 5 }), "", "it is read as its default");
        assert_eq!(kept(OtherDefault { number: 6 }), "MCJ");
    }
}

#[test]
fn types_read_through_deserialize_any_are_kept_or_refused() {
    let rest = |number| BTreeMap::from([("a".to_owned(), number)]);
    let name = || "n".to_owned();
    // `kept` checks that a kept value reads back equal and that the others are refused.
    for number in [0, -5, i128::from(u64::MAX), i128::MAX, i128::MIN] {
        kept(Flat { name: name(), rest: rest(number) });
        kept(Tagged::Wide { number });
        kept(Some(number));
        assert_eq!(kept(number), "MCJ");
    }
    kept(Tagged::Plain { number: -3 });
    assert_eq!(kept(HashMap::from([("a".to_owned(), 1_u8), ("b".to_owned(), 2)])), "MCJ");
}
