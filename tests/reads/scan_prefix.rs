//! Prefix scans: of text and bytes by their bytes, of tuples by leading elements, of paths by segments.

use mapleaf::{Dbi, Env, Path, Read, Result, WriteTxn};
use proptest::collection::vec;
use proptest::prelude::*;

/// The entries of a prefix in forward order; the backward scan must find the same.
macro_rules! found {
    ($entries:expr) => {{
        let forward = $entries.map(|entry| Ok(entry?.0)).collect::<Result<Vec<_>>>()?;
        let mut back = $entries.rev().map(|entry| Ok(entry?.0)).collect::<Result<Vec<_>>>()?;
        back.reverse();
        assert_eq!(forward, back);
        forward
    }};
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    vec(prop_oneof![Just(0x00), Just(0x61), Just(0xFE), Just(0xFF)], 1..6)
}

fn fill(dbi: &Dbi<&[u8], ()>, txn: &mut WriteTxn, keys: &[Vec<u8>]) -> Result<()> {
    keys.iter().try_for_each(|key| dbi.put(txn, key, ()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_byte_prefix_finds_exactly_the_keys_that_begin_with_it(base in vec(bytes(), 0..60), set in vec(bytes(), 0..30)) {
        let law = || -> Result<()> {
            let env = Env::temporary()?;
            let dbi: Dbi<&[u8], ()> = env.dbi("bytes")?;
            env.transact(|txn| fill(&dbi, txn, &base))?;
            env.transact(|txn| {
                fill(&dbi, txn, &set)?;
                let mut keys = [base.clone(), set.clone()].concat();
                keys.sort();
                keys.dedup();
                let prefixes = [&b""[..], b"\x00", b"a", b"a\xFF", b"\xFE\xFF", b"\xFF", b"\xFF\xFF", b"\xFF\xFF\xFF\xFF\xFF\xFF"];
                for prefix in prefixes {
                    let expected: Vec<_> = keys.iter().filter(|key| key.starts_with(prefix)).map(|key| &key[..]).collect();
                    assert_eq!(found!(dbi.prefix(txn, prefix)?), expected, "{prefix:?}");
                }
                for prefix in prefixes {
                    let before = keys.len();
                    keys.retain(|key| !key.starts_with(prefix) || prefix.is_empty());
                    if !prefix.is_empty() {
                        assert_eq!(dbi.delete_prefix(txn, prefix)?, (before - keys.len()) as u64, "{prefix:?}");
                    }
                    assert_eq!(found!(dbi.iter(txn)?), keys.iter().map(|key| &key[..]).collect::<Vec<_>>());
                }
                Ok(())
            })
        };
        law().unwrap_or_else(|error| panic!("{error:?}"));
    }
}

#[test]
fn a_text_prefix_compares_bytes_and_an_empty_one_finds_everything() -> Result<()> {
    let env = Env::temporary()?;
    let dbi: Dbi<&str, u8> = env.dbi("text")?;
    let keys = ["us", "user", "user:", "user:1", "user:2", "user;", "é", "ê"];
    env.transact(|txn| keys.iter().try_for_each(|key| dbi.put(txn, key, 0)))?;
    let snap = env.snapshot()?;
    assert_eq!(found!(dbi.prefix(&snap, "user:")?), ["user:", "user:1", "user:2"]);
    assert_eq!(found!(dbi.prefix(&snap, "")?), keys);
    assert_eq!(found!(dbi.prefix(&snap, "é")?), ["é"]);
    assert!(found!(dbi.prefix(&snap, "user:10")?).is_empty());
    Ok(())
}

/// Text with bytes that tuples escape, and numbers with a byte that could be a terminator.
const ROWS: [(u16, &str); 11] = [
    (1, ""),
    (1, "al"),
    (7, ""),
    (7, "\0"),
    (7, "a"),
    (7, "a\0"),
    (7, "a\0z"),
    (7, "al"),
    (7, "alice"),
    (7, "b"),
    (0xFFFF, "al"),
];

fn tuples_agree(dbi: &Dbi<(u16, &'static str), ()>, state: &impl Read) -> Result<()> {
    let owned = |keys: Vec<(u16, std::borrow::Cow<'_, str>)>| -> Vec<(u16, String)> {
        keys.into_iter().map(|(number, text)| (number, text.into_owned())).collect()
    };
    let rows = |wanted: &dyn Fn(u16, &str) -> bool| -> Vec<(u16, String)> {
        ROWS.iter().filter(|(n, text)| wanted(*n, text)).map(|(n, text)| (*n, (*text).to_owned())).collect()
    };
    for n in [0, 1, 7, 0xFFFF] {
        assert_eq!(owned(found!(dbi.prefix(state, (n,))?)), rows(&|m, _| m == n));
        for text in ["", "\0", "a", "a\0", "al", "alice", "alicee", "z"] {
            let begun = owned(found!(dbi.prefix_text(state, (n, text))?));
            assert_eq!(begun, rows(&|m, whole| m == n && whole.starts_with(text)), "{n} {text:?}");
            let whole = owned(found!(dbi.prefix(state, (n, text))?));
            assert_eq!(whole, rows(&|m, other| m == n && other == text), "{n} {text:?}");
        }
    }
    Ok(())
}

#[test]
fn a_tuple_prefix_compares_whole_elements_and_prefix_text_a_part_of_the_last() -> Result<()> {
    let env = Env::temporary()?;
    let dbi: Dbi<(u16, &str), ()> = env.dbi("tuples")?;
    env.transact(|txn| {
        ROWS.iter().try_for_each(|row| dbi.put(txn, *row, ()))?;
        tuples_agree(&dbi, txn)
    })?;
    tuples_agree(&dbi, &env.snapshot()?)
}

#[test]
fn a_path_prefix_finds_the_subtree_and_no_sibling() -> Result<()> {
    let env = Env::temporary()?;
    let dbi: Dbi<Path, ()> = env.dbi("paths")?;
    let parse = |text: &str| text.parse::<Path>();
    let paths = ["/a", "/a/b", "/a/b/c", "/a/z", "/a-b", "/ab", "/b"];
    env.transact(|txn| paths.iter().try_for_each(|path| dbi.put(txn, &parse(path)?, ())))?;
    let snap = env.snapshot()?;
    for (prefix, expected) in [("/a", &paths[..4]), ("/a/b", &paths[1..3]), ("/ab", &paths[5..6]), ("/c", &[])] {
        let mut expected = expected.iter().map(|path| parse(path)).collect::<Result<Vec<_>>>()?;
        expected.sort();
        assert_eq!(found!(dbi.prefix(&snap, &parse(prefix)?)?), expected, "{prefix}");
    }
    assert_eq!(env.transact(|txn| dbi.delete_prefix(txn, &parse("/a")?))?, 4);
    let left = found!(dbi.iter(&env.snapshot()?)?).iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(left, ["/a-b", "/ab", "/b"]);
    Ok(())
}
