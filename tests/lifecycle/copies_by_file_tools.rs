//! A copy of a live environment by file tools opens as one whole state, or is refused.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use mapleaf::{Durability, Env, Error, ErrorKind, Result, Verify};

use crate::common::errors::{directory, io};
use crate::rows;

/// Copies each file separately, as `cp -r` does.
fn copy(from: &Path, to: &Path) -> Result<()> {
    io(fs::create_dir(to))?;
    for entry in io(fs::read_dir(from))? {
        let entry = io(entry)?;
        io(fs::copy(entry.path(), to.join(entry.file_name())))?;
    }
    Ok(())
}

#[test]
fn a_file_copy_made_beside_a_writer_is_whole_or_refused() -> Result<()> {
    let dir = directory()?;
    let (env, rows) = rows::written(&dir.path().join("env"), Durability::Eventual, 0)?;
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let writing = scope.spawn(|| {
            for round in (0..=255).cycle().take_while(|_| !stop.load(Ordering::Relaxed)) {
                rows::write(&env, &rows, round)?;
            }
            Ok::<_, Error>(())
        });
        let (mut whole, mut refused) = (0, 0);
        for turn in 0..40 {
            let path = dir.path().join(format!("copy-{turn}"));
            copy(&dir.path().join("env"), &path)?;
            match Env::options().verify(Verify::Full).open(&path) {
                Ok(copy) => {
                    whole += 1;
                    let rows: rows::Rows = copy.dbi("rows")?;
                    rows::round(&rows, &copy.snapshot()?)?;
                    assert!(copy.verify()?.is_clean());
                    rows::write(&copy, &rows, 1)?;
                }
                Err(error) => {
                    refused += 1;
                    assert_eq!(error.kind(), ErrorKind::Corrupted, "{error:?}");
                }
            }
            io(fs::remove_dir_all(path))?;
        }
        println!("{whole} whole, {refused} refused");
        stop.store(true, Ordering::Relaxed);
        writing.join().expect("it does not panic")
    })?;
    // The original is unharmed.
    rows::round(&rows, &env.snapshot()?)?;
    assert!(env.verify()?.is_clean());
    Ok(())
}

#[test]
fn a_file_copy_of_a_closed_environment_is_equal() -> Result<()> {
    let dir = directory()?;
    let (path, copied) = (dir.path().join("env"), dir.path().join("copied"));
    let (env, rows) = rows::written(&path, Durability::Immediate, 1)?;
    drop((env, rows));
    copy(&path, &copied)?;
    let (env, rows) = rows::reopened(&copied, 1)?;
    rows::write(&env, &rows, 2)?;
    let (env, rows) = rows::open(&path, Durability::Immediate)?;
    assert_eq!(rows::round(&rows, &env.snapshot()?)?, 1, "each has its own files");
    Ok(())
}
