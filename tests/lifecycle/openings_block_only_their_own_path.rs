//! An opening that waits for another process does not block opening, closing and writing of environments elsewhere.

use std::fs::OpenOptions;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use mapleaf::{Durability, Env, Error, Result};
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;

use crate::common::errors::{directory, io};
use crate::rows;

/// Locks the byte of `mapleaf.lock` that `compact` and a first opening lock, until the result is dropped.
fn keep(path: &Path) -> Result<std::fs::File> {
    let file = io(OpenOptions::new().read(true).write(true).open(path.join("mapleaf.lock")))?;
    let lock = libc::flock {
        l_type: i16::try_from(libc::F_WRLCK).unwrap_or_default(),
        l_whence: i16::try_from(libc::SEEK_SET).unwrap_or_default(),
        l_start: 0,
        l_len: 1,
        l_pid: 0,
    };
    fcntl(&file, FcntlArg::F_OFD_SETLK(&lock)).map_err(Error::other)?;
    Ok(file)
}

#[test]
fn a_waiting_opening_does_not_block_other_environments() -> Result<()> {
    let dir = directory()?;
    let (kept, elsewhere) = (dir.path().join("kept"), dir.path().join("elsewhere"));
    drop(rows::open(&kept, Durability::Immediate)?);
    let held = keep(&kept)?;
    let opened = AtomicBool::new(false);
    thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            let opened_now = rows::open(&kept, Durability::Immediate);
            opened.store(true, Ordering::SeqCst);
            opened_now.map(drop)
        });
        thread::sleep(Duration::from_millis(100));
        // All of this while the other opening waits.
        for round in 0..5 {
            let (env, _) = rows::written(&elsewhere, Durability::Immediate, round)?;
            env.compact()?;
            Env::temporary()?.close()?;
            env.close()?;
        }
        Env::destroy(&elsewhere)?;
        assert!(!opened.load(Ordering::SeqCst), "it was not kept waiting");
        drop(held);
        waiting.join().expect("it does not panic")
    })?;
    assert!(opened.load(Ordering::SeqCst));
    Ok(())
}

#[test]
fn concurrent_openings_of_one_path_share_one_engine() -> Result<()> {
    let dir = directory()?;
    let path = dir.path().join("env");
    for _ in 0..20 {
        let commits = thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| rows::count(&Env::open(&path)?))).collect();
            threads.into_iter().map(|thread| thread.join().expect("it does not panic")).collect::<Result<Vec<_>>>()
        })?;
        assert_eq!(commits.iter().max(), Some(&8));
        Env::destroy(&path)?;
    }
    Ok(())
}
