//! An environment that tests copy, and all that it holds, read by every verb.

#![allow(dead_code, unreachable_pub, reason = "each test file is a crate and uses its part of these")]

use std::collections::BTreeMap;
use std::fs;

use mapleaf::{Dbi, Env, Error, Msgpack, MultiDbi, Result};

use crate::damage::{PAGE, options};

/// What the sample holds.
#[derive(Debug, Default, PartialEq)]
pub struct Content {
    pub small: BTreeMap<u32, Vec<u8>>,
    pub large: BTreeMap<String, Vec<u8>>,
    pub pairs: Vec<(u16, u32)>,
    pub lists: BTreeMap<u32, Vec<u32>>,
}

/// The bytes of a data file with several levels, large values and free pages, and what it holds.
pub fn sample() -> Result<(Vec<u8>, Content)> {
    let dir = tempfile::tempdir().map_err(Error::other)?;
    let env = options().open(dir.path())?;
    let small: Dbi<u32, &[u8]> = env.dbi("small")?;
    let large: Dbi<&str, &[u8]> = env.dbi("large")?;
    let pairs: MultiDbi<u16, u32> = env.multi_dbi("pairs")?;
    let lists: Dbi<u32, Msgpack<Vec<u32>>> = env.dbi("lists")?;
    for round in 0..4_u8 {
        env.transact(|txn| {
            for n in 0..900 {
                small.put(txn, n * 7919 % 1800, &vec![round; 20 + n as usize % 60])?;
            }
            large.put(txn, &format!("large {round}"), &vec![round; 9000])?;
            large.put(txn, "same", &vec![round; 6000])?;
            lists.put(txn, round.into(), &vec![9; usize::from(round) * 100])?;
            (0..300).try_for_each(|n| pairs.insert(txn, u16::from(round), n).map(drop))
        })?;
    }
    env.transact(|txn| small.delete_range(txn, 300..700))?;
    let content = read(&env)?;
    assert!(env.verify()?.is_clean());
    drop(env);
    let bytes = fs::read(dir.path().join("data.mdb")).map_err(Error::other)?;
    assert!(bytes.len() > 30 * PAGE && bytes.len().is_multiple_of(PAGE), "{}", bytes.len());
    Ok((bytes, content))
}

/// Everything in the environment, by forward scans; backward scans, counts and look-ups must agree where they answer.
pub fn read(env: &Env) -> Result<Content> {
    let snap = env.snapshot()?;
    let mut content = Content::default();
    let must = |name: &str| env.dbi_options().create(false).open::<u32, &[u8]>(name);
    let small = must("small")?;
    for entry in small.iter(&snap)? {
        let (key, value) = entry?;
        // Keys out of order hide from a search; but then a check finds that.
        let hidden = small.get(&snap, key)? != Some(value);
        assert!(!hidden || !env.verify()?.is_clean(), "{key} is found by a scan, and not by a search");
        content.small.insert(key, value.to_vec());
    }
    small.iter(&snap)?.rev().try_for_each(|entry| entry.map(drop))?;
    small.count(&snap, 5..)?;
    small.rank(&snap, 1700)?;
    small.get_many(&snap, [0, 500, 1799])?;
    small.nth(&snap, 700)?;
    small.sample(&snap, 3, 1)?;
    small.estimate(&snap, ..)?;
    for part in small.par_scan(&snap, .., 3)? {
        for entry in part {
            entry?;
        }
    }
    let large = env.dbi_options().create(false).open::<&str, &[u8]>("large")?;
    for entry in large.iter(&snap)? {
        let (key, value) = entry?;
        content.large.insert(key.to_owned(), value.to_vec());
    }
    for pair in env.dbi_options().create(false).open_multi::<u16, u32>("pairs")?.pairs(&snap)? {
        content.pairs.push(pair?);
    }
    for entry in env.dbi_options().create(false).open::<u32, Msgpack<Vec<u32>>>("lists")?.iter(&snap)? {
        let (key, value) = entry?;
        content.lists.insert(key, value);
    }
    Ok(content)
}
