//! A process that dies inside a transaction or with a snapshot blocks nobody. A living one is waited for, or the caller
//! gets `Busy`.

use crate::common::process::{self, Child};
use std::path::Path;

use crate::common::errors::{directory, refused_with};
use mapleaf::{Compact, Dbi, Env, ErrorKind, Result};

/// The child: begins a transaction and ends it when the parent says so, or takes a snapshot and holds it.
fn play(part: &str, path: &Path) -> Result<()> {
    let env = Env::open(path)?;
    let dbi: Dbi<u32, u32> = env.dbi("d")?;
    if part == "write" {
        return env.transact(|txn| {
            dbi.put(txn, 1, 100)?;
            process::tell("inside");
            process::hear()?;
            Ok(())
        });
    }
    let snap = env.snapshot()?;
    process::tell("inside");
    process::hear()?;
    assert_eq!(dbi.get(&snap, 1)?, Some(1));
    Ok(())
}

/// Opens the environment and stores the entry that the children read.
fn with_one_entry(path: &Path) -> Result<(Env, Dbi<u32, u32>)> {
    let env = Env::open(path)?;
    let dbi = env.dbi("d")?;
    env.transact(|txn| dbi.put(txn, 1, 1))?;
    Ok((env, dbi))
}

/// Starts the child of the test `name`; returns when it is in its transaction or has its snapshot.
fn inside(name: &str, part: &str, path: &Path) -> Result<Child> {
    let child = process::spawn(name, &[part, &path.to_string_lossy()])?;
    child.expect("inside");
    Ok(child)
}

#[test]
fn a_writer_that_dies_inside_its_transaction_blocks_nobody() -> Result<()> {
    if let Some(arguments) = process::arguments() {
        return play(&arguments[0], Path::new(&arguments[1]));
    }
    let dir = directory()?;
    let (env, dbi) = with_one_entry(dir.path())?;
    for turn in 1..4 {
        let mut child = inside("a_writer_that_dies_inside_its_transaction_blocks_nobody", "write", dir.path())?;
        let busy = refused_with(env.try_transact(|_| Ok(())), ErrorKind::Busy, &["retry", "try_transact"]);
        assert!(busy.is_retryable());
        // Reads, and transactions that only read, wait for nobody.
        assert_eq!(dbi.get(&env.snapshot()?, 1)?, Some(turn));
        assert!(env.verify()?.is_clean());
        child.kill()?;
        env.transact(|txn| {
            assert_eq!(dbi.get(txn, 1)?, Some(turn), "nothing of the dead one's");
            dbi.put(txn, 1, turn + 1)
        })?;
    }
    env.copy_to(dir.path().join("copy"), Compact::Yes)?;
    assert!(env.verify()?.is_clean());
    Ok(())
}

#[test]
fn the_slot_of_a_dead_reader_is_cleared() -> Result<()> {
    if let Some(arguments) = process::arguments() {
        return play(&arguments[0], Path::new(&arguments[1]));
    }
    let dir = directory()?;
    let (env, dbi) = with_one_entry(dir.path())?;
    assert_eq!(env.clear_stale_readers()?, 0);
    let mut child = inside("the_slot_of_a_dead_reader_is_cleared", "read", dir.path())?;
    assert_eq!(env.clear_stale_readers()?, 0, "it lives");
    refused_with(env.compact(), ErrorKind::Busy, &["another process"]);
    child.kill()?;
    assert_eq!(env.clear_stale_readers()?, 1);
    assert_eq!(env.clear_stale_readers()?, 0);
    env.compact()?;
    assert_eq!(dbi.get(&env.snapshot()?, 1)?, Some(1));
    Ok(())
}

#[test]
fn compaction_and_removal_wait_for_the_last_process() -> Result<()> {
    if let Some(arguments) = process::arguments() {
        return play(&arguments[0], Path::new(&arguments[1]));
    }
    let dir = directory()?;
    let path = dir.path().join("env");
    let (env, _) = with_one_entry(&path)?;
    let mut child = inside("compaction_and_removal_wait_for_the_last_process", "read", &path)?;
    refused_with(env.compact(), ErrorKind::Busy, &["compact", "another process"]);
    drop(env);
    refused_with(Env::destroy(&path), ErrorKind::Busy, &["destroy", "another process"]);
    let env = Env::open(&path)?;
    let dbi: Dbi<u32, u32> = env.dbi("d")?;
    env.transact(|txn| dbi.put(txn, 1, 2))?;
    child.say("end")?;
    child.passes()?;
    env.compact()?;
    drop(env);
    Env::destroy(&path)?;
    assert!(!path.exists());
    Ok(())
}
