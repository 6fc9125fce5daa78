//! Healthy files to damage, and their exact content.

use std::collections::BTreeMap;
use std::fs;

use mapleaf::{Dbi, Env, Error, Msgpack, MultiDbi, Result, Snapshot};

use super::atlas::{Atlas, Kind};
use crate::common::damage::{PAGE, options};

/// The entries of each database in their stored form, by the database's name.
pub type Content = BTreeMap<&'static str, Vec<(Vec<u8>, Vec<u8>)>>;

/// The databases of all samples.
pub const NAMES: [&str; 5] = ["deep", "small", "large", "lists", "pairs"];

/// A data file, its content, and the roles of its pages.
pub struct Sample {
    pub bytes: Vec<u8>,
    pub content: Content,
    /// Its content before its last commit.
    pub before: Content,
    pub atlas: Atlas,
}

/// Several levels of small entries, values of several pages, sets, values of a serde type, free pages.
pub fn mixed() -> Result<Sample> {
    let dir = tempfile::tempdir().map_err(Error::other)?;
    let env = options().open(dir.path())?;
    let small: Dbi<u32, &[u8]> = env.dbi("small")?;
    let large: Dbi<&str, &[u8]> = env.dbi("large")?;
    let pairs: MultiDbi<u16, u32> = env.multi_dbi("pairs")?;
    let lists: Dbi<u32, Msgpack<Vec<u32>>> = env.dbi("lists")?;
    for round in 0..4_u8 {
        env.transact(|txn| {
            for n in 0..260 {
                small.put(txn, n * 7919 % 520, &vec![round; 90 + n as usize % 160])?;
            }
            large.put(txn, &format!("large {round}"), &vec![round; 9000])?;
            large.put(txn, "same", &vec![round; 6000])?;
            lists.put(txn, round.into(), &vec![9; usize::from(round) * 100])?;
            (0..90).try_for_each(|n| pairs.insert(txn, u16::from(round), n).map(drop))
        })?;
    }
    let before = read(&env.snapshot()?, &env)?;
    env.transact(|txn| small.delete_range(txn, 100..200))?;
    finish(&env, before)
}

/// Long keys, few entries per page: a tree of four levels.
pub fn deep() -> Result<Sample> {
    let dir = tempfile::tempdir().map_err(Error::other)?;
    let env = options().open(dir.path())?;
    let deep: Dbi<&str, &[u8]> = env.dbi("deep")?;
    let key = |n: usize| format!("{n:08}{}", "k".repeat(470 + n % 33));
    // The first transaction appends in key order, which fills pages; the second splits nearly all of them.
    for round in 0..2 {
        let numbers = (0..420).filter(|n| n % 2 == round);
        env.transact(|txn| numbers.into_iter().try_for_each(|n| deep.put(txn, &key(n), &vec![1; n % 60])))?;
    }
    let before = read(&env.snapshot()?, &env)?;
    env.transact(|txn| deep.put(txn, &key(7), b"another value"))?;
    let sample = finish(&env, before)?;
    let depth = deep.stat(&env.snapshot()?)?.depth;
    assert!(depth >= 4, "{depth} levels");
    Ok(sample)
}

fn finish(env: &Env, before: Content) -> Result<Sample> {
    let content = read(&env.snapshot()?, env)?;
    assert!(env.verify()?.is_clean());
    let bytes = fs::read(env.path().join("data.mdb")).map_err(Error::other)?;
    assert!((100_000..640_000).contains(&bytes.len()) && bytes.len().is_multiple_of(PAGE), "{}", bytes.len());
    let atlas = Atlas::of(&bytes);
    let used: Vec<usize> =
        [Kind::Meta, Kind::Branch, Kind::Leaf, Kind::Large, Kind::Rest].map(|kind| atlas.pages_of(kind).len()).to_vec();
    assert_eq!(used.iter().sum::<usize>() as u64, env.info()?.used_pages, "{used:?}");
    Ok(Sample { bytes, content, before, atlas })
}

/// The content of a healthy environment.
fn read(snap: &Snapshot, env: &Env) -> Result<Content> {
    let mut content = Content::new();
    for info in env.dbis()? {
        let name = NAMES.into_iter().find(|name| *name == info.name).unwrap_or_else(|| panic!("{info:?}"));
        content.insert(name, raw(snap, env, name)?);
    }
    Ok(content)
}

/// The entries of one database in their stored form, read by a scan.
pub fn raw(snap: &Snapshot, env: &Env, name: &str) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
    let owned = |entry: Result<(&[u8], &[u8])>| entry.map(|(key, value)| (key.to_vec(), value.to_vec()));
    let options = env.dbi_options().create(false);
    match name {
        "deep" | "large" => options.open::<&str, &[u8]>(name)?.iter(snap)?.raw().map(owned).collect(),
        "small" => options.open::<u32, &[u8]>(name)?.iter(snap)?.raw().map(owned).collect(),
        "lists" => options.open::<u32, Msgpack<Vec<u32>>>(name)?.iter(snap)?.raw().map(owned).collect(),
        _ => {
            let pair = |pair: Result<(u16, u32)>| {
                pair.map(|(key, value)| ([&key.to_be_bytes()[..], &value.to_be_bytes()].concat(), Vec::new()))
            };
            options.open_multi::<u16, u32>(name)?.pairs(snap)?.map(pair).collect()
        }
    }
}
