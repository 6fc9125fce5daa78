//! `key::parse` reverses `key::display`, for each key type: alone, in a tuple, and for all bytes that `display`
//! accepts. What `parse` accepts, `display` shows.

use std::borrow::Cow;
use std::fmt::Debug;

use crate::any_key_support;
use crate::key_support::{Sample, alone, part, random_bytes};
use crate::path_support;
use mapleaf::key::{self, AnyKey, Key, KeyAs, KeyBuf, Path, Reverse, Timestamp};
use mapleaf::{ErrorKind, Result};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};

fn name<K: Key>() -> String {
    let mut name = String::new();
    K::name(&mut name);
    name
}

/// Runs a law on generated values.
fn check<T: Debug>(values: impl Strategy<Value = T>, law: impl Fn(T)) {
    let config = Config { cases: 96, failure_persistence: None, ..Config::default() };
    let run = TestRunner::new(config).run(&values, |value| {
        law(value);
        Ok(())
    });
    if let Err(error) = run {
        panic!("{error}");
    }
}

#[track_caller]
fn comes_back(name: &str, bytes: &[u8]) {
    let text = key::display(name, bytes).expect("a key of the type");
    assert!(!text.contains('\n') && !text.contains('\0'), "{text:?} is one line");
    assert_eq!(key::parse(name, &text).as_deref().ok(), Some(bytes), "{name}: {text}");
    assert_eq!(key::parse(name, &format!("  {text}\t")).as_deref().ok(), Some(bytes), "spaces around {text}");
}

fn key_comes_back<K: Sample>(value: &K::Owned) {
    if let Some(bytes) = alone::<K>(value) {
        comes_back(&name::<K>(), &bytes);
    }
    comes_back(&format!("({})", name::<K>()), &part::<K>(value));
}

/// Whatever `display` accepts comes back, and whatever it refuses is a `Decode` error.
fn bytes_come_back(name: &str, bytes: &[u8]) {
    match key::display(name, bytes) {
        Ok(_) => comes_back(name, bytes),
        Err(error) => assert_eq!(error.kind(), ErrorKind::Decode, "{error:?}"),
    }
}

/// Whatever `parse` accepts can be shown, and whatever it refuses is an `InvalidKey` error.
fn text_is_shown(name: &str, text: &str) {
    match key::parse(name, text) {
        Ok(bytes) => comes_back(name, &bytes),
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::InvalidKey, "{error:?}");
            assert!(error.message().len() > 10, "{error:?}");
        }
    }
}

/// A text with some characters replaced, removed and repeated.
fn harmed(text: &str, harm: &[(usize, char, u8)]) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    for (at, with, how) in harm {
        let at = at % (chars.len() + 1);
        match how % 3 {
            0 if at < chars.len() => chars[at] = *with,
            1 if at < chars.len() => drop(chars.remove(at)),
            _ => chars.insert(at, *with),
        }
    }
    chars.into_iter().collect()
}

fn harm() -> impl Strategy<Value = Vec<(usize, char, u8)>> {
    let marks: Vec<char> = "()[]<>,\"'\\ux{}0179.-+eE_:TZ/ \n\u{301}NSomeany".chars().collect();
    proptest::collection::vec((any::<usize>(), select(marks), any::<u8>()), 1..4)
}

fn law<K: Sample>() {
    K::edges().iter().for_each(key_comes_back::<K>);
    check(K::any(), |value| key_comes_back::<K>(&value));
    let tupled = format!("({})", name::<K>());
    check(random_bytes(), |bytes| {
        bytes_come_back(&name::<K>(), &bytes);
        bytes_come_back(&tupled, &bytes);
    });
    check((K::any(), harm()), |(value, harm)| {
        let text = key::display(&tupled, &part::<K>(&value)).expect("a key");
        text_is_shown(&tupled, &harmed(&text, &harm));
        let inner = text.trim_start_matches('(').trim_end_matches(",)");
        text_is_shown(&name::<K>(), &harmed(inner, &harm));
    });
}

macro_rules! laws {
    ($($name:ident: $($key:ty),+;)*) => {$(
        #[test]
        fn $name() {
            $(law::<$key>();)+
        }
    )*};
}

laws! {
    unsigned: u8, u16, u32, u64, u128, usize;
    signed: i8, i16, i32, i64, i128, isize;
    floats: f32, f64;
    small: bool, char, ();
    text_and_bytes: &str, &[u8];
    arrays: [u8; 1], [u8; 3], [u8; 16];
    options: Option<u8>, Option<&str>, Option<Option<&[u8]>>, Option<()>;
    reversed: Reverse<u16>, Reverse<f64>, Reverse<&str>, Reverse<&[u8]>, Reverse<Reverse<String>>, Reverse<()>;
    reversed_composites: Reverse<Option<&str>>, Reverse<(&str, &[u8])>, Option<Reverse<char>>;
    tuples: (u8,), (&str,), (&str, &str), (&[u8], i64, &str), (u8, u16, u32, u64, i8, i16, i32, i64);
    nested_tuples: ((&str, &str), &str), ((((&[u8],),),),), (Option<(&str, u8)>, Reverse<&str>), ((), ());
    eight_of_all: (&str, u8, &[u8], Option<&str>, Reverse<&str>, f64, [u8; 3], char);
}

/// The bytes of a key as the only element of a tuple, and under `Reverse`.
fn forms<K: Key>(key: &K::Arg<'_>) -> [(String, Vec<u8>); 2] {
    let mut buf = KeyBuf::new();
    K::encode_part(key, &mut buf).expect("a key");
    let inverted = buf.iter().map(|byte| !byte).collect();
    [(format!("({})", name::<K>()), buf.to_vec()), (format!("reverse<{}>", name::<K>()), inverted)]
}

#[test]
fn paths_come_back() {
    check((path_support::path(), harm()), |(path, harm)| {
        if !path.is_empty() {
            comes_back("path", &path_support::alone(&path));
        }
        for (name, bytes) in forms::<Path>(&&path) {
            comes_back(&name, &bytes);
            text_is_shown(&name, &harmed(&key::display(&name, &bytes).expect("a path"), &harm));
        }
    });
    check(random_bytes(), |bytes| bytes_come_back("path", &bytes));
}

#[test]
fn dynamic_keys_come_back() {
    check((any_key_support::key(), harm()), |(key, harm)| {
        let bytes = any_key_support::encode(&key);
        comes_back("any", &bytes);
        text_is_shown("any", &harmed(&key::display("any", &bytes).expect("a key"), &harm));
        for (name, bytes) in forms::<AnyKey>(&&key) {
            comes_back(&name, &bytes);
        }
    });
    check(random_bytes(), |bytes| bytes_come_back("any", &bytes));
}

#[test]
fn times_and_uuids_come_back() {
    check((any::<i64>(), any::<[u8; 16]>(), harm()), |(nanos, uuid, harm)| {
        let (at, mut buf) = (Timestamp::from_nanos(nanos), KeyBuf::new());
        let time = Timestamp::encode(&at, &mut buf).expect("a key");
        comes_back("timestamp", time);
        text_is_shown("timestamp", &harmed(&at.to_string(), &harm));
        comes_back("uuid", &uuid);
        text_is_shown("uuid", &harmed(&key::display("uuid", &uuid).expect("a UUID"), &harm));
        comes_back("(uuid,timestamp)", &[&uuid[..], time].concat());
    });
}

#[cfg(feature = "uuid")]
#[test]
fn a_uuid_is_shown_as_its_crate_does() {
    check(any::<[u8; 16]>(), |bytes| {
        assert_eq!(key::display("uuid", &bytes).ok(), Some(uuid::Uuid::from_bytes(bytes).to_string()));
    });
}

#[derive(Clone, Debug)]
struct Email(String);

impl KeyAs for Email {
    type As = &'static str;
    type Arg<'a> = &'a Email;
    const NAME: &'static str = "e-mail address";
    fn to_key(&self) -> &str {
        &self.0
    }
    fn from_key(key: Cow<'_, str>) -> Result<Self> {
        Ok(Self(key.into_owned()))
    }
}

#[test]
fn a_users_type_is_shown_as_what_it_is_stored_as() -> Result<()> {
    let ann = &Email("ann\0".into());
    let mut buf = KeyBuf::new();
    let bytes = Email::encode(&ann, &mut buf)?;
    assert_eq!(key::display(&name::<Email>(), bytes)?, r#""ann\0""#);
    comes_back(&name::<Email>(), bytes);
    for (name, bytes) in forms::<Option<(Email, u8)>>(&Some((ann, 7))) {
        comes_back(&name, &bytes);
    }
    Ok(())
}

/// The texts are read by people and by other programs: they stay as they are.
#[test]
fn known_keys_have_known_texts() -> Result<()> {
    for (name, bytes, text) in [
        ("i32", &b"\x7F\xFF\xFF\xF9"[..], "-7"),
        ("f64", b"\x80\0\0\0\0\0\0\0", "0.0"),
        ("f32", b"\x7F\xFF\xFF\xFF", "-0.0"),
        ("char", b"\0\0\0'", r"'\''"),
        ("()", b"\0", "()"),
        ("str", b"a\"b\n\xC3\xA9", r#""a\"b\né""#),
        ("bytes", b"\0\xFF", "0x00ff"),
        ("(bytes)", b"\0\x01", "(0x,)"),
        ("[u8;2]", b"\x0A\xB0", "0x0ab0"),
        ("(u8,(str,bool))", b"\x07a\0\xFF\0\x01\x01", r#"(7, ("a\0", true))"#),
        ("option<u8>", b"\0", "None"),
        ("reverse<option<u8>>", b"\xFE\xF8", "Reverse(Some(7))"),
        ("path", b"a:b\0\x01\0\x01", r#""/a:b/""#),
        ("(path)", b"\0", r#"("",)"#),
        (
            "any",
            b"\x50\x08\x18\x81\x07\x20\xC0\x1C\0\0\0\0\0\0\x30a\0\x01\x38\x02\0\x01\0",
            r#"[null, 7, 7.0, "a", 0x02]"#,
        ),
    ] {
        assert_eq!(key::display(name, bytes)?, text, "{name}");
        assert_eq!(key::parse(name, text)?, bytes, "{text}");
    }
    Ok(())
}

/// What people write, beside what `display` does.
#[test]
fn other_spellings_are_read() -> Result<()> {
    for (name, text, same) in [
        ("u8", "+7", "7"),
        ("f64", "1", "1.0"),
        ("(u8,u8)", "( 1 ,2, )", "(1, 2)"),
        ("bytes", "0xAb", "0xab"),
        ("str", r#""\u{61}\'""#, r#""a'""#),
        ("path", r#""a/ b""#, r#""/a/b""#),
        ("timestamp", "2023-11-14T22:13:20Z", "2023-11-14T22:13:20.000000000Z"),
        ("timestamp", "2023-11-14T22:13:20.5Z", "2023-11-14T22:13:20.500000000Z"),
        ("any", "[1,+2,1e3,]", ""),
        ("any", "[1,+2,1e3]", "[1, 2, 1000.0]"),
    ] {
        let shown = key::parse(name, text).and_then(|bytes| key::display(name, &bytes));
        if same.is_empty() {
            assert_eq!(shown.map_err(|error| error.kind()), Err(ErrorKind::InvalidKey), "{text}");
        } else {
            assert_eq!(shown?, same, "{text}");
        }
    }
    Ok(())
}
