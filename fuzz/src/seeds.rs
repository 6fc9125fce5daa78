//! Small healthy files for a fuzzer to start from.

use std::fs;

use mapleaf::{Compact, Dbi, Env, Error, Msgpack, MultiDbi, Result};

use crate::damage::options;

/// Data files by name, each with a few pages of every kind.
pub fn files() -> Result<Vec<(&'static str, Vec<u8>)>> {
    Ok(vec![
        ("empty", file(|_| Ok(()))?),
        ("small", file(|env| fill(env, 30))?),
        ("levels", file(|env| fill(env, 400))?),
        ("free_pages", file(|env| fill(env, 60).and_then(|()| env.clear_dbi("small")))?),
        ("compact", compact()?),
    ])
}

fn fill(env: &Env, count: u32) -> Result<()> {
    let small: Dbi<u32, &[u8]> = env.dbi("small")?;
    let large: Dbi<&str, &[u8]> = env.dbi("large")?;
    let lists: Dbi<u32, Msgpack<Vec<u32>>> = env.dbi("lists")?;
    let pairs: MultiDbi<u16, u32> = env.multi_dbi("pairs")?;
    env.transact(|txn| {
        (0..count).try_for_each(|n| small.put(txn, n * 3, &[7; 60]))?;
        large.put(txn, "large 1", &[1; 5000])?;
        large.put(txn, "same", &[2; 100])?;
        (0..3).try_for_each(|n| lists.put(txn, n, &vec![9; 4]))?;
        (0..count).try_for_each(|n| pairs.insert(txn, 1 + u16::from(n % 2 == 0), n).map(drop))
    })
}

fn file(body: impl FnOnce(&Env) -> Result<()>) -> Result<Vec<u8>> {
    let dir = tempfile::tempdir().map_err(Error::other)?;
    let env = options().open(dir.path())?;
    // An environment before its first commit has no catalogue.
    env.dbi::<&[u8], &[u8]>("foreign")?;
    body(&env)?;
    drop(env);
    fs::read(dir.path().join("data.mdb")).map_err(Error::other)
}

fn compact() -> Result<Vec<u8>> {
    let dir = tempfile::tempdir().map_err(Error::other)?;
    let env = options().open(dir.path().join("env"))?;
    fill(&env, 200)?;
    env.copy_to(dir.path().join("copy"), Compact::Yes)?;
    fs::read(dir.path().join("copy/data.mdb")).map_err(Error::other)
}
