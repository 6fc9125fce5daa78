//! A process that reads the files of its open environment, as a backup does, keeps its reader slots and its write lock,
//! although the system drops a process's POSIX locks on a file when the process closes any descriptor of it.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use mapleaf::{Durability, Result};

use crate::common::errors::{directory, io};
use crate::common::process;
use crate::rows;

/// Opens, reads and closes every file of the environment.
fn read_all(path: &Path) -> Result<()> {
    for entry in io(fs::read_dir(path))? {
        assert!(!io(fs::read(io(entry)?.path()))?.is_empty());
    }
    Ok(())
}

#[test]
fn closing_a_descriptor_does_not_make_readers_stale() -> Result<()> {
    if let Some(arguments) = process::arguments() {
        let (env, rows) = rows::open(Path::new(&arguments[0]), Durability::Process)?;
        assert_eq!(env.clear_stale_readers()?, 0, "the other process lives");
        for round in 1..40 {
            rows::write(&env, &rows, round)?;
        }
        return Ok(());
    }
    let dir = directory()?;
    let (env, rows) = rows::written(dir.path(), Durability::Process, 0)?;
    let snap = env.snapshot()?;
    for _ in 0..3 {
        read_all(dir.path())?;
        let name = "closed_descriptors_drop_no_lock::closing_a_descriptor_does_not_make_readers_stale";
        process::spawn(name, &[&dir.path().to_string_lossy()])?.passes()?;
        assert_eq!(rows::round(&rows, &snap)?, 0, "no page of the snapshot was written over");
    }
    assert_eq!(rows::round(&rows, &env.snapshot()?)?, 39);
    assert!(env.verify()?.is_clean());
    Ok(())
}

#[test]
fn closing_a_descriptor_does_not_release_the_write_lock() -> Result<()> {
    if let Some(arguments) = process::arguments() {
        let (env, _) = rows::open(Path::new(&arguments[0]), Durability::Immediate)?;
        process::tell("open");
        process::tell(&format!("counted {}", rows::count(&env)?));
        return Ok(());
    }
    let dir = directory()?;
    let (env, rows) = rows::open(dir.path(), Durability::Immediate)?;
    let counter = env.dbi::<u32, u32>("counter")?;
    rows::count(&env)?;
    let mut child = None;
    read_all(dir.path())?;
    env.transact(|txn| {
        let before = counter.get(txn, 0)?.unwrap_or(0);
        let name = "closed_descriptors_drop_no_lock::closing_a_descriptor_does_not_release_the_write_lock";
        let mut other = process::spawn(name, &[&dir.path().to_string_lossy()])?;
        other.expect("open");
        // Longer than a commit takes that does not wait.
        thread::sleep(Duration::from_millis(200));
        assert!(!other.has_ended()?, "it waits for this transaction");
        child = Some(other);
        counter.put(txn, 0, before + 1)?;
        rows.put(txn, 1, &vec![1; 3000])
    })?;
    let child = child.expect("spawned");
    child.expect("counted 3");
    child.passes()?;
    assert_eq!(rows::counted(&env)?, Some(3), "no commit was lost");
    Ok(())
}

#[test]
fn an_environment_closes_and_reopens_after_its_files_were_read() -> Result<()> {
    let dir = directory()?;
    for round in 0..5 {
        let (env, rows) = rows::written(dir.path(), Durability::Immediate, round)?;
        read_all(dir.path())?;
        assert_eq!(rows::round(&rows, &env.snapshot()?)?, round);
        if round % 2 == 0 {
            env.close()?;
        }
    }
    Ok(())
}
