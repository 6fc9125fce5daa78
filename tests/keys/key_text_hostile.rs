//! Type names, bytes and texts that are not those of keys are errors: no panic, no overflow of the stack.

use mapleaf::key::{self, AnyKey};
use mapleaf::{ErrorKind, Result};
use proptest::prelude::*;

const DEEP: usize = 200_000;

fn kind<T>(outcome: Result<T>) -> Option<ErrorKind> {
    outcome.err().map(|error| error.kind())
}

#[test]
fn names_of_unknown_types_are_unsupported() {
    let deep = ["(", "option<", "reverse<", "a=", "(u8,", "(option<"].map(|word| word.repeat(DEEP));
    let long = format!("({})", vec!["u8"; 500].join(","));
    let closed = format!("{}u8{}", "(".repeat(302), ")".repeat(302));
    let odd =
        ["", " ", "u9", "U8", "u8 ", "str,", "(u8", "u8)", "(u8,)", "(,u8)", "option", "option<u8", "option<u8>>"];
    let more = [
        "vec<u8>",
        "[u8;0]",
        "[u8;-1]",
        "[u8;]",
        "[u8;3",
        "[u16;3]",
        "[u8;99999999999999999999999]",
        "=",
        "unit",
        "n(x)=u8",
    ];
    for name in deep.iter().map(String::as_str).chain([&*long, &*closed]).chain(odd).chain(more) {
        let shown: String = name.chars().take(20).collect();
        assert_eq!(kind(key::display(name, b"\x07")), Some(ErrorKind::Unsupported), "{shown}");
        assert_eq!(kind(key::parse(name, "7")), Some(ErrorKind::Unsupported), "{shown}");
        assert!(key::parse(name, "7").is_err_and(|error| error.to_string().len() < 5000), "{shown}");
    }
}

/// The catalogue keeps names of up to 600 bytes, so no type that can be stored nests deeper.
#[test]
fn the_deepest_type_that_can_be_stored_is_shown() -> Result<()> {
    for (open, inner, close, levels, bytes) in [
        ("(", "u8", ")", 299, vec![7]),
        ("option<", "u8", ">", 74, [&[1; 74][..], &[7]].concat()),
        ("reverse<", "u8", ">", 66, vec![7]),
        ("a=", "u8", "", 299, vec![7]),
    ] {
        let name = format!("{}{inner}{}", open.repeat(levels), close.repeat(levels));
        assert!(name.len() <= 600);
        // A pair of a `MultiDbi` has both types in its name.
        for (name, bytes) in [(name.clone(), bytes.clone()), (format!("({name},{name})"), bytes.repeat(2))] {
            let text = key::display(&name, &bytes)?;
            assert_eq!(key::parse(&name, &text)?, bytes, "{text}");
        }
    }
    Ok(())
}

#[test]
fn texts_that_are_no_keys_are_refused() {
    for (name, texts) in [
        ("u8", &["", "256", "-1", "7 8", "seven", "0x07", "7u8", "\u{0667}"][..]),
        ("i128", &["170141183460469231731687303715884105728"]),
        ("f64", &["NaN", "nan", "-nan", "1.0.0", "", "0x1p3"]),
        ("bool", &["True", "1", ""]),
        ("char", &["a", "''", "'ab'", "'a", r"'\u{d800}'", r"'\u{110000}'", r"'\x41'", r#""a""#]),
        ("()", &["", "(", "(0)"]),
        (
            "str",
            &["", "\"\"", "a", "\"a", "\"a\" b", r#""\q""#, r#""\u{}""#, r#""\u{+1}""#, r#""\u{1234567}""#, r#""\u{1"#],
        ),
        ("bytes", &["", "0x", "00", "0x0", "0xgg", "0x00 0x00", "0x\u{e9}\u{e9}"]),
        ("[u8;2]", &["0x00", "0x000000", "0x"]),
        (
            "uuid",
            &[
                "",
                "01890a5dac96774bbcceb302099a8057",
                "01890a5d-ac96-774b-bcce-b302099a805",
                "01890a5d-ac96-774b-bcceb302099a8057-",
            ],
        ),
        ("path", &["\"\"", "/a", "\"/a:b:c\""]),
        ("option<u8>", &["", "7", "Some()", "Some(7", "None()", "Nonesense"]),
        ("reverse<u8>", &["7", "Reverse(7", "Reverse 7"]),
        ("(u8)", &["7", "(7)", "(7,", "(7,,)", "(,)", "()"]),
        ("(u8,u8)", &["(7)", "(7,)", "(7, 8, 9)", "7, 8", "[7, 8]"]),
        (
            "any",
            &[
                "",
                "Null",
                "NaN",
                "170141183460469231731687303715884105728",
                "[1 2]",
                "[,]",
                "[1,]",
                "uuid(0)",
                "timestamp(0)",
                "uuid",
            ],
        ),
        (
            "timestamp",
            &[
                "",
                "2023-11-14",
                "2023-11-14T22:13:20",
                "2023-11-14T22:13:20+00:00",
                "2023-11-14 22:13:20Z",
                "2023-02-29T00:00:00Z",
                "2023-13-01T00:00:00Z",
                "2023-00-01T00:00:00Z",
                "2023-01-00T00:00:00Z",
                "2023-11-14T24:00:00Z",
                "2023-11-14T22:60:00Z",
                "2016-12-31T23:59:60Z",
                "2023-11-14T22:13:20.Z",
                "2023-11-14T22:13:20.0000000000Z",
                "2023-11-14T22:13:20.-1Z",
                "+023-11-14T22:13:20Z",
                "1677-09-21T00:12:43.145224191Z",
                "2262-04-11T23:47:16.854775808Z",
                "9999-12-31T23:59:59Z",
                "0000-01-01T00:00:00Z",
            ],
        ),
    ] {
        for text in texts {
            assert_eq!(kind(key::parse(name, text)), Some(ErrorKind::InvalidKey), "{name}: {text:?}");
        }
    }
}

#[test]
fn deep_lists_end_at_the_limit_of_dynamic_keys() -> Result<()> {
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let most = key::parse("any", &nested(AnyKey::MAX_DEPTH))?;
    assert_eq!(key::display("any", &most)?, nested(AnyKey::MAX_DEPTH));
    for levels in [AnyKey::MAX_DEPTH + 1, DEEP] {
        assert_eq!(kind(key::parse("any", &nested(levels))), Some(ErrorKind::InvalidKey));
        assert_eq!(kind(key::parse("any", &"[".repeat(levels))), Some(ErrorKind::InvalidKey));
        assert_eq!(kind(key::display("any", &b"\x50".repeat(levels))), Some(ErrorKind::Decode));
    }
    Ok(())
}

proptest! {
    /// Any name, any bytes, any text: one of three kinds of error, or a key that comes back.
    #[test]
    fn any_input_is_answered(
        name in "(u8|str|any|path|option<|reverse<|\\(|\\)|,|>|=|a|\\[u8;3\\]){0,8}",
        bytes in prop::collection::vec(any::<u8>(), 0..24),
        text in "([0-9a-zA-Z\"'\\\\(){}\\[\\],.:+\\- é]|Some|None|Reverse|0x){0,12}",
    ) {
        match key::display(&name, &bytes) {
            Ok(shown) => prop_assert_eq!(key::parse(&name, &shown).ok(), Some(bytes)),
            Err(error) => prop_assert!(matches!(error.kind(), ErrorKind::Decode | ErrorKind::Unsupported)),
        }
        match key::parse(&name, &text) {
            Ok(key) => prop_assert!(key::display(&name, &key).is_ok()),
            Err(error) => prop_assert!(matches!(error.kind(), ErrorKind::InvalidKey | ErrorKind::Unsupported)),
        }
    }
}
