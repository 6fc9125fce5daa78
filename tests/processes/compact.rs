//! Compaction beside other processes and threads: no acknowledged commit is lost with the replaced file, and dropped
//! databases do not use up `max_dbis`.

use crate::common::process;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::common::errors::directory;
use mapleaf::{Dbi, Durability, Env, EnvOptions, Error, ErrorKind, Result};

fn options() -> EnvOptions {
    Env::options().durability(Durability::Process).max_dbis(8)
}

/// The child: opens, counts, closes and reports the count, `rounds` times.
fn count(path: &Path, rounds: u64) -> Result<()> {
    for _ in 0..rounds {
        let env = options().open(path)?;
        let counter: Dbi<&str, u64> = env.dbi("counter")?;
        let reached = env.transact(|txn| counter.update(txn, "n", |n| Some(n.unwrap_or(0) + 1)))?;
        drop(env);
        process::tell(&reached.unwrap_or(0).to_string());
    }
    Ok(())
}

/// `Busy` is no failure here: another process or thread has the environment open.
fn or_busy(outcome: Result<()>) -> Result<()> {
    outcome.or_else(|error| if error.kind() == ErrorKind::Busy { Ok(()) } else { Err(error) })
}

#[test]
fn no_acknowledged_commit_is_lost_to_a_compaction() -> Result<()> {
    const NAME: &str = "no_acknowledged_commit_is_lost_to_a_compaction";
    if let Some(arguments) = process::arguments() {
        return count(Path::new(&arguments[0]), 150);
    }
    let dir = directory()?;
    let env = options().open(dir.path())?;
    let done = AtomicBool::new(false);
    let mut acknowledged = 0;
    thread::scope(|scope| {
        let drops = scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                drop(env.dbi::<u32, u32>("passing")?);
                env.drop_dbi("passing")?;
            }
            Ok::<_, Error>(())
        });
        let compactions = scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                or_busy(env.compact())?;
            }
            Ok::<_, Error>(())
        });
        let child = process::spawn(NAME, &[&dir.path().to_string_lossy()])?;
        while let Some(line) = child.line() {
            let counted: u64 = line.parse().map_err(Error::other)?;
            assert_eq!(counted, acknowledged + 1, "a commit was lost");
            acknowledged = counted;
        }
        done.store(true, Ordering::Relaxed);
        child.passes()?;
        drops.join().expect("it does not panic").and(compactions.join().expect("it does not panic"))
    })?;
    assert_eq!(acknowledged, 150);
    let counter: Dbi<&str, u64> = env.dbi("counter")?;
    assert_eq!(counter.get(&env.snapshot()?, "n")?, Some(150));
    assert!(env.verify()?.is_clean());
    Ok(())
}

/// The child: has the environment open until the parent tells it to end.
fn stand_by(path: &Path) -> Result<()> {
    let env = options().open(path)?;
    process::tell("open");
    process::hear()?;
    drop(env);
    Ok(())
}

#[test]
fn dbis_dropped_beside_another_process_are_released_when_it_ends() -> Result<()> {
    const NAME: &str = "dbis_dropped_beside_another_process_are_released_when_it_ends";
    if let Some(arguments) = process::arguments() {
        return stand_by(Path::new(&arguments[0]));
    }
    let dir = directory()?;
    let env = options().open(dir.path())?;
    let churn = |from: u32, to: u32| {
        (from..to).try_for_each(|n| {
            let dbi: Dbi<u32, u32> = env.dbi(&format!("passing {n}"))?;
            env.transact(|txn| dbi.put(txn, 1, 1))?;
            env.drop_dbi(&format!("passing {n}"))
        })
    };
    let mut child = process::spawn(NAME, &[&dir.path().to_string_lossy()])?;
    child.expect("open");
    churn(0, 10)?;
    child.say("end")?;
    child.passes()?;
    // No other process has it open any more: LMDB's handles of dropped databases are released.
    churn(10, 60)?;
    assert!(env.dbis()?.is_empty());
    assert!(env.verify()?.is_clean());
    Ok(())
}
