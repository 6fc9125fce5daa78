//! Databases of different types with the same small numbers as keys: key `n` sorts after key `n - 1` in each.

use std::fmt::Debug;
use std::sync::OnceLock;

use mapleaf::scan::KeyPrefix;
use mapleaf::value::AsValue;
use mapleaf::{Dbi, Key, Msgpack, NoPrefix, Read, Result, Value};
use serde::{Deserialize, Serialize};

/// How many keys each database draws from.
pub const KEYS: u16 = 360;
/// How many values each database draws from.
pub const VALUES: u16 = 48;

type KeyOf<D> = <<D as Kind>::K as Key>::Owned;
type ValueOf<D> = <<D as Kind>::V as Value>::Owned;

/// The types of a database, and its pools of keys and values.
pub trait Kind {
    type K: Key<Owned: Ord>;
    type V: Value<Owned: PartialEq + Clone + Debug, Arg<'static>: AsValue<Self::V>>;
    type Prefix: KeyPrefix<Self::K>;
    const NAME: &'static str;

    /// All keys in ascending order.
    fn keys() -> &'static [KeyOf<Self>];
    fn arg(key: &KeyOf<Self>) -> <Self::K as Key>::Arg<'_>;
    /// All values; no two are equal.
    fn values() -> &'static [ValueOf<Self>];
    fn prefix(n: u16) -> Self::Prefix;
    /// Whether key `key` begins with prefix `prefix`.
    fn begins(prefix: u16, key: u16) -> bool;

    /// Compares methods that only these types have with those that all types have.
    fn own_verbs<R: Read>(_dbi: &Dbi<Self::K, Self::V>, _state: &R, _n: u16) -> Result<()> {
        Ok(())
    }
}

fn at<T>(pool: &[T], n: u16) -> &T {
    &pool[usize::from(n)]
}

/// The argument for key `n`.
pub fn key<D: Kind>(n: u16) -> <D::K as Key>::Arg<'static> {
    D::arg(at(D::keys(), n))
}

/// The argument for value `n`.
pub fn value<D: Kind>(n: u16) -> <D::V as Value>::Arg<'static> {
    D::V::as_arg(at(D::values(), n))
}

/// The number of a key.
pub fn key_number<D: Kind>(key: <D::K as Key>::Ref<'_>) -> u16 {
    let key = D::K::own(key);
    let found = D::keys().binary_search(&key).unwrap_or_else(|_| panic!("{key:?} was never stored"));
    u16::try_from(found).expect("there are fewer keys")
}

/// The number of a value.
pub fn value_number<D: Kind>(value: <D::V as Value>::Ref<'_>) -> u16 {
    own_value_number::<D>(&D::V::own(value))
}

/// The number of an owned value.
pub fn own_value_number<D: Kind>(value: &ValueOf<D>) -> u16 {
    let found = D::values().iter().position(|known| known == value).expect("a value that was never stored");
    u16::try_from(found).expect("there are fewer values")
}

/// Distinct lengths from zero to several pages.
fn length(n: u16) -> usize {
    let short = [0, 4, 8, 12, 30, 60, 100, 300, 900, 1500, 2100, 25_000];
    let long = usize::from(n) / short.len();
    short[usize::from(n) % short.len()] + long + if n == VALUES - 1 { 60_000 } else { 0 }
}

/// Text keys with NUL and multi-byte characters, some as long as a tenth of a page; bytes as values.
pub struct Texts;

impl Kind for Texts {
    type K = &'static str;
    type V = &'static [u8];
    type Prefix = String;
    const NAME: &'static str = "texts";

    fn keys() -> &'static [String] {
        static POOL: OnceLock<Vec<String>> = OnceLock::new();
        POOL.get_or_init(|| {
            let tail = |n: u16| ["", "\0", "a", "é"][usize::from(n) % 4].to_owned();
            let long = |n: u16| if n % 4 == 3 { "x".repeat(usize::from(n)) } else { String::new() };
            (0..KEYS).map(|n| format!("{:04}{}{}", n / 4, tail(n), long(n))).collect()
        })
    }

    fn arg(key: &String) -> &str {
        key
    }

    fn values() -> &'static [Vec<u8>] {
        static POOL: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
        POOL.get_or_init(|| (0..VALUES).map(|n| vec![n.to_be_bytes()[1]; length(n)]).collect())
    }

    fn prefix(n: u16) -> String {
        at(Self::keys(), n).chars().take(usize::from(n) % 7).collect()
    }

    fn begins(prefix: u16, key: u16) -> bool {
        at(Self::keys(), key).starts_with(&Self::prefix(prefix))
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    id: u16,
    name: String,
    tags: Vec<u8>,
    parent: Option<u64>,
}

/// Numbers from the least to the greatest; structs as values.
pub struct Numbers;

impl Kind for Numbers {
    type K = u64;
    type V = Msgpack<Row>;
    type Prefix = NoPrefix;
    const NAME: &'static str = "numbers";

    fn keys() -> &'static [u64] {
        static POOL: OnceLock<Vec<u64>> = OnceLock::new();
        POOL.get_or_init(|| {
            let step = u64::MAX / u64::from(KEYS);
            let inner = (0..KEYS - 1).map(|n| u64::from(n) * step);
            inner.chain([u64::MAX]).collect()
        })
    }

    fn arg(key: &u64) -> u64 {
        *key
    }

    fn values() -> &'static [Row] {
        static POOL: OnceLock<Vec<Row>> = OnceLock::new();
        let row = |id: u16| Row {
            id,
            name: "n".repeat(length(id) / 2),
            tags: vec![7; length(id) % 50],
            parent: id.is_multiple_of(2).then_some(u64::MAX),
        };
        POOL.get_or_init(|| (0..VALUES).map(row).collect())
    }

    fn prefix(_: u16) -> NoPrefix {
        NoPrefix
    }

    fn begins(_: u16, _: u16) -> bool {
        true
    }

    /// `get_as` reads the same row with borrowed text.
    fn own_verbs<R: Read>(dbi: &Dbi<u64, Msgpack<Row>>, state: &R, n: u16) -> Result<()> {
        #[derive(Deserialize)]
        struct Borrowed<'a> {
            id: u16,
            name: &'a str,
        }
        let key = *at(Self::keys(), n);
        let whole = dbi.get(state, key)?.map(|row| (row.id, row.name));
        let part: Option<Borrowed<'_>> = dbi.get_as(state, key)?;
        assert_eq!(part.map(|row| (row.id, row.name.to_owned())), whole);
        Ok(())
    }
}

/// Tuples whose text contains bytes that tuples escape; numbers as values.
pub struct Tuples;

impl Kind for Tuples {
    type K = (i32, &'static str);
    type V = u32;
    type Prefix = (i32,);
    const NAME: &'static str = "tuples";

    fn keys() -> &'static [(i32, String)] {
        static POOL: OnceLock<Vec<(i32, String)>> = OnceLock::new();
        let texts = ["", "\0", "\0a", "a", "a\0", "ab", "b", "é"];
        let key = |n: u16| (i32::from(n / 8) - 20, texts[usize::from(n) % 8].to_owned());
        POOL.get_or_init(|| (0..KEYS).map(key).collect())
    }

    fn arg(key: &(i32, String)) -> (i32, &str) {
        (key.0, &key.1)
    }

    fn values() -> &'static [u32] {
        static POOL: OnceLock<Vec<u32>> = OnceLock::new();
        POOL.get_or_init(|| (0..u32::from(VALUES)).map(|n| n * 0x0101_0101).collect())
    }

    fn prefix(n: u16) -> (i32,) {
        (at(Self::keys(), n).0,)
    }

    fn begins(prefix: u16, key: u16) -> bool {
        at(Self::keys(), key).0 == Self::prefix(prefix).0
    }

    /// `prefix_text` finds the keys of a prefix whose text begins with the given text, in both directions.
    fn own_verbs<R: Read>(dbi: &Dbi<(i32, &'static str), u32>, state: &R, n: u16) -> Result<()> {
        let (first, text) = at(Self::keys(), n);
        for begun in [&**text, text.get(..1).unwrap_or_default(), ""] {
            let mut expected = dbi.prefix(state, (*first,))?.collect::<Result<Vec<_>>>()?;
            expected.retain(|((_, text), _)| text.starts_with(begun));
            let found = || dbi.prefix_text(state, (*first, begun));
            assert_eq!(found()?.collect::<Result<Vec<_>>>()?, expected);
            expected.reverse();
            assert_eq!(found()?.rev().collect::<Result<Vec<_>>>()?, expected);
        }
        Ok(())
    }
}

/// All strings of the bytes 00, 61 and FF up to length five; text as values.
pub struct Tails;

impl Kind for Tails {
    type K = &'static [u8];
    type V = &'static str;
    type Prefix = Vec<u8>;
    const NAME: &'static str = "tails";

    fn keys() -> &'static [Vec<u8>] {
        static POOL: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
        POOL.get_or_init(|| {
            let mut all: Vec<Vec<u8>> = vec![vec![]];
            for from in 0.. {
                if all[from].len() == 5 {
                    break;
                }
                all.extend([0x00, 0x61, 0xFF].map(|byte| [&all[from][..], &[byte]].concat()));
            }
            all.remove(0);
            all.sort();
            all.drain(usize::from(KEYS) - 1..all.len() - 1);
            all
        })
    }

    fn arg(key: &Vec<u8>) -> &[u8] {
        key
    }

    fn values() -> &'static [String] {
        static POOL: OnceLock<Vec<String>> = OnceLock::new();
        POOL.get_or_init(|| (0..VALUES).map(|n| "v".repeat(length(n))).collect())
    }

    fn prefix(n: u16) -> Vec<u8> {
        let key = at(Self::keys(), n);
        key[..key.len().min(usize::from(n) % 6)].to_vec()
    }

    fn begins(prefix: u16, key: u16) -> bool {
        at(Self::keys(), key).starts_with(&Self::prefix(prefix))
    }
}
