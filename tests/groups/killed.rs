//! When a process is killed during group commits, every acknowledged commit is there, and no transaction is there in
//! part.

use crate::common::process;
use std::collections::BTreeMap;
use std::path::Path;
use std::thread;
use std::time::Duration;

use mapleaf::{Dbi, Durability, Env, Error, Result};

const THREADS: u64 = 8;

type Rows = Dbi<u64, u64>;

fn open(path: &Path) -> Result<(Env, Rows, Rows)> {
    let env = Env::options().durability(Durability::Immediate).open(path)?;
    let (left, right) = (env.dbi("left")?, env.dbi("right")?);
    Ok((env, left, right))
}

/// Counts without end; each thread updates two rows of its own.
fn write(path: &Path) -> Result<()> {
    let (env, left, right) = open(path)?;
    let count = |worker: u64| -> Result<()> {
        loop {
            let count = env.transact(|txn| {
                let next = left.get(txn, worker)?.unwrap_or(0) + 1;
                left.put(txn, worker, next)?;
                right.put(txn, worker, next)?;
                Ok(next)
            })?;
            process::tell(&format!("{worker} {count}"));
        }
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|worker| scope.spawn(move || count(worker))).collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("no thread panics"))
    })
}

#[test]
fn acknowledged_commits_survive_a_kill() -> Result<()> {
    if let Some(arguments) = process::arguments() {
        return write(Path::new(&arguments[0]));
    }
    let dir = tempfile::tempdir().map_err(Error::other)?;
    for round in 0..6 {
        let path = dir.path().to_string_lossy();
        let mut child = process::spawn("acknowledged_commits_survive_a_kill", &[&path])?;
        let mut told = BTreeMap::new();
        let note = |line: String, told: &mut BTreeMap<u64, u64>| {
            let mut numbers = line.split(' ').map(|number| number.parse::<u64>().unwrap_or(0));
            told.insert(numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        };
        for _ in 0..200 + round * 37 {
            note(child.line().expect("it writes on"), &mut told);
        }
        thread::sleep(Duration::from_millis(round * 3));
        child.kill()?;
        while let Some(line) = child.line() {
            note(line, &mut told);
        }
        let (env, left, right) = open(dir.path())?;
        let snap = env.snapshot()?;
        for (worker, count) in told {
            let (left, right) = (left.get(&snap, worker)?, right.get(&snap, worker)?);
            assert_eq!(left, right, "half a transaction");
            assert!(left >= Some(count), "{worker} was told of {count}, and {left:?} is there");
        }
        assert!(env.verify()?.is_clean());
    }
    Ok(())
}
