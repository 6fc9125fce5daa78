//! `value::display` shows every built-in type of values, and refuses bytes that are not of the type.

use crate::value_support::{encode, name};
use mapleaf::value::{self, MAX_DEPTH};
use mapleaf::{ErrorKind, Msgpack, MsgpackCompact, Result, Value};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde::{Deserialize, Serialize, Serializer};

/// The text of a value, by its own schema name.
fn shown<V: Value>(value: V::Arg<'_>) -> String {
    value::display(&name::<V>(), &encode::<V>(&value).expect("encoded")).expect("a value of the type")
}

#[test]
fn known_values_have_known_texts() {
    assert_eq!([shown::<u8>(7), shown::<u128>(u128::MAX)], ["7", "340282366920938463463374607431768211455"]);
    assert_eq!([shown::<i8>(-7), shown::<i64>(i64::MIN)], ["-7", "-9223372036854775808"]);
    assert_eq!([shown::<f32>(-1.5), shown::<f64>(f64::NAN), shown::<f64>(1e300)], ["-1.5", "NaN", "1e300"]);
    assert_eq!([shown::<bool>(true), shown::<char>('\''), shown::<()>(())], ["true", r"'\''", "()"]);
    assert_eq!([shown::<&str>("a\n\u{1b}[31m"), shown::<String>("")], [r#""a\n\u{1b}[31m""#, r#""""#]);
    assert_eq!([shown::<&[u8]>(b"\0\xFF"), shown::<Vec<u8>>(b"")], ["0x00ff", "0x"]);
    assert_eq!([shown::<[u8; 2]>([1, 0xAB]), shown::<[u8; 0]>([])], ["0x01ab", "0x"]);
}

#[derive(Serialize, Deserialize)]
struct Shelf {
    id: u64,
    #[serde(serialize_with = "as_bytes")]
    seal: Vec<u8>,
    weight: f64,
    books: Vec<Book>,
    by_number: std::collections::BTreeMap<u8, Option<bool>>,
}

#[derive(Serialize, Deserialize)]
enum Book {
    Lost,
    Here { title: String, at: (u8, char) },
}

fn as_bytes<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bytes(bytes)
}

#[test]
fn messagepack_is_shown_as_json_with_more() {
    let here = Book::Here { title: "a\"\u{1b}\u{e0001}".into(), at: (1, 'x') };
    let by_number = [(7, None), (8, Some(true))].into();
    let shelf = Shelf { id: 7, seal: vec![0, 0xAB], weight: f64::INFINITY, books: vec![Book::Lost, here], by_number };
    let mut bytes = Vec::new();
    shelf.serialize(&mut rmp_serde::Serializer::new(&mut bytes).with_struct_map()).expect("written");
    let here = r#"{"Here":{"title":"a\"\u001b\udb40\udc01","at":[1,"x"]}}"#;
    let text =
        format!(r#"{{"id":7,"seal":0x00ab,"weight":inf,"books":["Lost",{here}],"by_number":{{7:null,8:true}}}}"#);
    assert_eq!(value::display("msgpack", &bytes).ok(), Some(text));
    assert_eq!(shown::<MsgpackCompact<(u8, Option<Vec<bool>>)>>(&(1, Some(vec![]))), "[1,[]]");
    // An extension, and text that is not UTF-8.
    assert_eq!(
        value::display("msgpack", b"\x92\xD4\x05\xAA\xC7\x02\xFF\x01\x02").ok().as_deref(),
        Some("[ext(5, 0xaa),ext(-1, 0x0102)]")
    );
    assert_eq!(value::display("msgpack", b"\xA1\xFF").ok().as_deref(), Some("0xff"));
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::Value;
    let finite = prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL | prop::num::f64::ZERO | prop::num::f64::NEGATIVE;
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        finite.prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map(any::<String>(), inner, 0..4).prop_map(Value::from_iter),
        ]
    })
}

proptest! {
    /// What is JSON, is shown as that JSON.
    #[test]
    fn messagepack_of_json_is_shown_as_that_json(json in json()) {
        for text in [shown::<Msgpack<serde_json::Value>>(&json), shown::<MsgpackCompact<serde_json::Value>>(&json)] {
            let read: serde_json::Value = serde_json::from_str(&text).expect("JSON");
            prop_assert_eq!(&read, &json, "{}", text);
        }
        #[cfg(feature = "json")]
        prop_assert_eq!(shown::<mapleaf::Json<serde_json::Value>>(&json), json.to_string());
    }

    #[test]
    fn any_bytes_are_shown_or_refused(bytes in vec(any::<u8>(), 0..40), pick in any::<prop::sample::Index>()) {
        for name in ["u32", "f64", "bool", "char", "unit", "str", "bytes[4]", "msgpack", "msgpack-compact", "json"] {
            if let Err(error) = value::display(name, &bytes) {
                let unknown = name == "json" && !cfg!(feature = "json");
                let kind = if unknown { ErrorKind::Unsupported } else { ErrorKind::Decode };
                prop_assert_eq!(error.kind(), kind, "{}", name);
            }
        }
        // A value that is cut is not a value.
        let whole = encode::<Msgpack<Vec<u8>>>(&&bytes).expect("encoded");
        let cut = pick.index(whole.len());
        prop_assert_eq!(value::display("msgpack", &whole[..cut]).map_err(|error| error.kind()), Err(ErrorKind::Decode));
        let longer = [&whole[..], b"\0"].concat();
        prop_assert_eq!(value::display("msgpack", &longer).map_err(|error| error.kind()), Err(ErrorKind::Decode));
    }
}

#[test]
fn bytes_of_another_type_are_refused() {
    for (name, bytes) in [
        ("u32", &b"\0\0\0"[..]),
        ("u8", b""),
        ("bool", b"\x02"),
        ("char", b"\0\0\xD8\0"),
        ("unit", b"\0"),
        ("str", b"\xFF"),
        ("bytes[2]", b"\0\0\0"),
        ("msgpack", b""),
        ("msgpack", b"\xC1"),
        ("msgpack", b"\xDD\xFF\xFF\xFF\xFF\x01"),
    ] {
        let refused = value::display(name, bytes).expect_err("not of the type");
        assert_eq!(refused.kind(), ErrorKind::Decode, "{name}: {refused:?}");
    }
    for name in
        ["", "colour", "u8 ", "bytes[]", "bytes[x]", "bytes[99999999999999999999]", "[u8;2]", "()", "msgpack<u8>"]
    {
        let refused = value::display(name, b"").expect_err("no built-in type");
        assert_eq!(refused.kind(), ErrorKind::Unsupported, "{name}: {refused:?}");
    }
}

#[cfg(feature = "json")]
#[test]
fn json_is_shown_as_it_is_if_it_is_json() {
    assert_eq!(value::display("json", b" {\"a\": [1 ]}").ok().as_deref(), Some(" {\"a\": [1 ]}"));
    for bytes in [&b""[..], b"{", b"[1] 2", b"nope", b"\"\xFF\"", b"\"a\nb\"", &b"[".repeat(200_000)] {
        assert_eq!(value::display("json", bytes).map_err(|error| error.kind()), Err(ErrorKind::Decode));
    }
}

#[test]
fn nesting_is_bounded() -> Result<()> {
    let nested = |levels: usize| [b"\x91".repeat(levels), vec![0x07]].concat();
    let most = usize::from(MAX_DEPTH);
    assert_eq!(value::display("msgpack", &nested(most))?, format!("{}7{}", "[".repeat(most), "]".repeat(most)));
    for deep in [nested(most + 1), nested(1_000_000), b"\x81\x07".repeat(1_000_000)] {
        assert_eq!(value::display("msgpack", &deep).map_err(|error| error.kind()), Err(ErrorKind::Decode));
    }
    Ok(())
}
