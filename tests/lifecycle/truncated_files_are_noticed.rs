//! A file is truncated while an environment is open: nothing is committed after the cut, and later callers get an
//! error. These tests cut only bytes that are not read afterwards; reading them would raise a signal.

use std::fs::{self, OpenOptions};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use mapleaf::{Durability, Env, Error, ErrorKind, Result};

use crate::common::errors::{directory, io, refused_with};
use crate::common::process;
use crate::rows;

fn cut(path: &Path, length: u64) -> Result<()> {
    io(OpenOptions::new().write(true).open(path).and_then(|file| file.set_len(length)))
}

/// Adds a large value, which is then at the end of the file.
fn grow(env: &Env, round: u32) -> Result<()> {
    let large = env.dbi::<u32, Vec<u8>>("large")?;
    env.transact(|txn| large.put(txn, round, &vec![7; 50_000]))
}

#[test]
fn a_truncated_data_file_is_noticed_by_the_next_commit() -> Result<()> {
    for durability in [Durability::Immediate, Durability::Eventual] {
        for asked in [false, true] {
            let dir = directory()?;
            let (env, rows) = rows::written(dir.path(), durability, 1)?;
            grow(&env, 0)?;
            let path = dir.path().join("data.mdb");
            cut(&path, io(fs::metadata(&path))?.len() - 1)?;
            if asked {
                // A call to `info` does not make the shorter length the known one.
                env.info()?;
            }
            for _ in 0..2 {
                refused_with(grow(&env, 1), ErrorKind::NotFound, &["data.mdb", "cut short"]);
                refused_with(env.sync(), ErrorKind::NotFound, &["data.mdb"]);
                refused_with(env.compact(), ErrorKind::NotFound, &["data.mdb"]);
            }
            assert_eq!(rows::round(&rows, &env.snapshot()?)?, 1);
        }
    }
    Ok(())
}

#[test]
fn a_truncated_lock_file_is_noticed() -> Result<()> {
    for (file, length) in [("lock.mdb", 577), ("lock.mdb", 1), ("mapleaf.lock", 127), ("mapleaf.lock", 1)] {
        let dir = directory()?;
        let (env, rows) = rows::written(dir.path(), Durability::Immediate, 1)?;
        cut(&dir.path().join(file), length)?;
        for _ in 0..2 {
            refused_with(rows::write(&env, &rows, 2), ErrorKind::NotFound, &[file, "cut short"]);
            refused_with(env.sync(), ErrorKind::NotFound, &[file]);
        }
        drop((env, rows));
        rows::reopened(dir.path(), 1)?;
    }
    Ok(())
}

#[test]
fn opening_with_a_too_short_lmdb_lock_file_does_not_crash() -> Result<()> {
    const NAME: &str = "truncated_files_are_noticed::opening_with_a_too_short_lmdb_lock_file_does_not_crash";
    if let Some(arguments) = process::arguments() {
        for _ in 0..3 {
            refused_with(Env::open(&arguments[0]), ErrorKind::Busy, &["lock.mdb", "cut short"]);
        }
        process::tell("refused");
        return Ok(());
    }
    for length in [1, 191] {
        let dir = directory()?;
        let (env, _) = rows::written(dir.path(), Durability::Immediate, 1)?;
        let _snap = env.snapshot()?;
        cut(&dir.path().join("lock.mdb"), length)?;
        let child = process::spawn(NAME, &[&dir.path().to_string_lossy()])?;
        child.expect("refused");
        child.passes()?;
    }
    Ok(())
}

#[test]
fn growth_is_not_taken_for_a_truncation() -> Result<()> {
    let dir = directory()?;
    let (env, _) = rows::written(dir.path(), Durability::Eventual, 1)?;
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let looking: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| {
                    while !done.load(Ordering::Relaxed) {
                        env.sync()?;
                    }
                    Ok::<_, Error>(())
                })
            })
            .collect();
        let grown = (0..300).try_for_each(|round| grow(&env, round));
        done.store(true, Ordering::Relaxed);
        looking.into_iter().try_for_each(|looking| looking.join().expect("it does not panic"))?;
        grown
    })
}
