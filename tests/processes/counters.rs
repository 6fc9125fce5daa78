//! Two processes on one environment: their transactions are serial, and a reader never sees half of one.

use crate::common::process;
use std::path::Path;

use mapleaf::{Dbi, Durability, Env, Error, Result};

const TURNS: u64 = 250;

type Counter = Dbi<u32, u64>;

fn open(path: &Path) -> Result<(Env, Counter, Counter)> {
    let env = Env::options().durability(Durability::Process).open(path)?;
    let (left, right) = (env.dbi("left")?, env.dbi("right")?);
    Ok((env, left, right))
}

/// Adds one to both counters, again and again.
fn count(path: &Path) -> Result<()> {
    let (env, left, right) = open(path)?;
    for _ in 0..TURNS {
        env.transact(|txn| {
            let next = left.get(txn, 0)?.unwrap_or(0) + 1;
            left.put(txn, 0, next)?;
            right.put(txn, 0, next)
        })?;
    }
    Ok(())
}

/// Reads both counters in one snapshot until they are at the end.
fn watch(path: &Path) -> Result<()> {
    let env = Env::options().durability(Durability::Process).read_only(true).open(path)?;
    let (left, right): (Dbi<u32, u64>, Dbi<u32, u64>) = (env.dbi("left")?, env.dbi("right")?);
    let (mut before, mut id) = (0, 0);
    while before < 2 * TURNS {
        let snap = env.snapshot()?;
        let now = left.get(&snap, 0)?.unwrap_or(0);
        assert_eq!(right.get(&snap, 0)?.unwrap_or(0), now);
        assert!(now >= before && snap.id() >= id, "time runs forward");
        (before, id) = (now, snap.id());
    }
    Ok(())
}

#[test]
fn counters_of_two_processes_are_exact_and_whole() -> Result<()> {
    if let Some(arguments) = process::arguments() {
        process::tell("ready");
        process::hear()?;
        let path = Path::new(&arguments[1]);
        return if arguments[0] == "count" { count(path) } else { watch(path) };
    }
    let dir = tempfile::tempdir().map_err(Error::other)?;
    let (env, left, right) = open(dir.path())?;
    let path = dir.path().to_string_lossy();
    let mut children = Vec::new();
    for part in ["count", "watch"] {
        children.push(process::spawn("counters_of_two_processes_are_exact_and_whole", &[part, &path])?);
    }
    for child in &mut children {
        child.expect("ready");
        child.say("go")?;
    }
    count(dir.path())?;
    for child in children {
        child.passes()?;
    }
    let snap = env.snapshot()?;
    assert_eq!((left.get(&snap, 0)?, right.get(&snap, 0)?), (Some(2 * TURNS), Some(2 * TURNS)));
    assert!(env.verify()?.is_clean());
    Ok(())
}
