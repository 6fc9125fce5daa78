//! A killed writer loses no acknowledged commit, leaves no transaction in part, and blocks nobody.

use crate::common::process;
use std::collections::BTreeMap;
use std::path::Path;
use std::thread;
use std::time::Duration;

use crate::common::damage::Random;
use mapleaf::{Dbi, Env, EnvOptions, Error, MultiDbi, Result};

fn options() -> EnvOptions {
    Env::options().map_size(1 << 20)
}

/// The changes of transaction `number`: a value for each key, or a deletion.
fn changes(number: u64) -> Vec<(u32, Option<Vec<u8>>)> {
    let mut random = Random(number << 20);
    let mut changes = Vec::new();
    for _ in 0..=random.below(30) {
        let key = u32::try_from(random.below(400)).unwrap_or(0);
        let length = [0, 10, 200, 5000, 20_000][random.below(5)];
        let value = (random.below(4) > 0).then(|| vec![u8::try_from(number % 251).unwrap_or(0); length]);
        changes.push((key, value));
    }
    changes
}

/// The child: transactions without end, each reported after it was acknowledged.
fn write(path: &Path) -> Result<()> {
    let env = options().open(path)?;
    let counter: Dbi<u32, u64> = env.dbi("counter")?;
    let data: Dbi<u32, &[u8]> = env.dbi("data")?;
    let index: MultiDbi<u64, u32> = env.multi_dbi("index")?;
    loop {
        let number = env.transact(|txn| {
            let number = counter.get(txn, 0)?.unwrap_or(0) + 1;
            counter.put(txn, 0, number)?;
            for (key, value) in changes(number) {
                match value {
                    Some(value) => data.put(txn, key, &value)?,
                    None => data.delete(txn, key).map(drop)?,
                }
                index.insert(txn, number, key)?;
            }
            if number.is_multiple_of(50) {
                data.clear(txn)?;
            }
            Ok(number)
        })?;
        process::tell(&number.to_string());
    }
}

/// Checks that the environment holds exactly the transactions up to some number, and returns it.
fn check(env: &Env) -> Result<u64> {
    let snap = env.snapshot()?;
    let last = env.dbi::<u32, u64>("counter")?.get(&snap, 0)?.unwrap_or(0);
    let mut model = BTreeMap::new();
    let mut pairs = 0;
    for number in 1..=last {
        let mut keys = Vec::new();
        for (key, value) in changes(number) {
            match value {
                Some(value) => model.insert(key, value),
                None => model.remove(&key),
            };
            keys.push(key);
        }
        keys.sort_unstable();
        keys.dedup();
        pairs += keys.len() as u64;
        if number.is_multiple_of(50) {
            model.clear();
        }
    }
    let mut found = BTreeMap::new();
    for entry in env.dbi::<u32, &[u8]>("data")?.iter(&snap)? {
        let (key, value) = entry?;
        found.insert(key, value.to_vec());
    }
    assert!(found == model, "after {last} transactions");
    assert_eq!(env.multi_dbi::<u64, u32>("index")?.len(&snap)?, pairs);
    let report = env.verify()?;
    assert!(report.is_clean(), "{:?}", report.faults);
    Ok(last)
}

/// Kills a writer `pause` after its first commit. Returns the last number that it acknowledged.
fn kill_one(name: &str, path: &Path, pause: Duration) -> Result<u64> {
    let mut child = process::spawn(name, &[&path.to_string_lossy()])?;
    let number = |line: String| line.parse().unwrap_or(0);
    let mut acknowledged = child.line().map_or(0, number);
    thread::sleep(pause);
    child.kill()?;
    while let Some(line) = child.line() {
        // The kill may have cut the last line short.
        acknowledged = acknowledged.max(number(line));
    }
    Ok(acknowledged)
}

fn rounds(name: &str, count: usize, keep_open: bool) -> Result<()> {
    if let Some(arguments) = process::arguments() {
        return write(Path::new(&arguments[0]));
    }
    let dir = tempfile::tempdir().map_err(Error::other)?;
    let beside = keep_open.then(|| options().open(dir.path())).transpose()?;
    let mut random = Random(42);
    for round in 0..count {
        let pause = Duration::from_micros(random.below(25_000) as u64);
        let acknowledged = kill_one(name, dir.path(), pause)?;
        let env = options().open(dir.path())?;
        let last = check(&env)?;
        assert!((acknowledged..=acknowledged + 1).contains(&last), "round {round}: {acknowledged}, found {last}");
    }
    drop(beside);
    Ok(())
}

#[test]
fn every_acknowledged_commit_survives_a_kill() -> Result<()> {
    rounds("every_acknowledged_commit_survives_a_kill", 25, false)
}

#[test]
fn a_surviving_process_sees_the_commits_of_a_killed_one() -> Result<()> {
    rounds("a_surviving_process_sees_the_commits_of_a_killed_one", 15, true)
}
