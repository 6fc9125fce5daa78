//! A file that is not in the page cache reads the same as one that is.

use std::fs::File;
use std::ops::ControlFlow;
use std::path::Path;

use crate::common::errors::{directory, io};
use mapleaf::{Dbi, Durability, Env, Result, Snapshot};
use nix::fcntl::{PosixFadviseAdvice, posix_fadvise};

/// Enough rows for about ten branch pages; beyond that scans request whole blocks.
const ROWS: u64 = 40_000;

type Numbers = Dbi<u64, Vec<u8>>;

/// Keys in no order, so that neighbours in the tree are far apart in the file.
fn key(n: u64) -> u64 {
    n.wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// A few values are too large for a leaf.
fn value(n: u64) -> Vec<u8> {
    let len = if n.is_multiple_of(50) { 9_000 } else { 150 };
    n.to_le_bytes().into_iter().cycle().take(len).collect()
}

fn fill(path: &Path) -> Result<()> {
    let env = Env::options().durability(Durability::Process).open(path)?;
    let numbers: Numbers = env.dbi("numbers")?;
    for part in 0..20 {
        let rows = part * (ROWS / 20)..(part + 1) * (ROWS / 20);
        env.transact(|txn| rows.into_iter().try_for_each(|n| numbers.put(txn, key(n), &value(n))))?;
    }
    env.close()
}

/// Reads from a file that is not open, after it was dropped from the page cache. On a file system in memory it stays
/// cached.
fn cold<T>(path: &Path, read: impl FnOnce(&Snapshot, &Numbers) -> Result<T>) -> Result<T> {
    let file = io(File::open(path.join("data.mdb")))?;
    io(file.sync_all())?;
    io(posix_fadvise(&file, 0, 0, PosixFadviseAdvice::POSIX_FADV_DONTNEED).map_err(Into::into))?;
    let env = Env::open(path)?;
    let numbers = env.dbi("numbers")?;
    let answer = read(&env.snapshot()?, &numbers)?;
    env.close()?;
    Ok(answer)
}

#[test]
fn scans_and_batches_of_a_cold_file_give_what_was_written() -> Result<()> {
    let dir = directory()?;
    fill(dir.path())?;
    let mut model: Vec<(u64, Vec<u8>)> = (0..ROWS).map(|n| (key(n), value(n))).collect();
    model.sort_unstable();

    let mut scanned = Vec::new();
    let _ = cold(dir.path(), |snap, numbers| {
        numbers.for_each(snap, .., |key, value| {
            scanned.push((key, value));
            ControlFlow::Continue(())
        })
    })?;
    assert!(scanned == model, "for_each");

    let back = cold(dir.path(), |snap, numbers| numbers.iter(snap)?.rev().collect::<Result<Vec<_>>>())?;
    assert!(back.iter().eq(model.iter().rev()), "backward");

    let half = model[model.len() / 2].0;
    assert_eq!(cold(dir.path(), |snap, numbers| numbers.count(snap, half..))?, ROWS / 2);

    for size in [1, 127, 128, 129, 1_024, 1_025, 5_000] {
        let keys: Vec<u64> = (0..size).map(|n| key(n * 7 % ROWS) + u64::from(n % 3 == 2)).collect();
        let found = cold(dir.path(), |snap, numbers| numbers.get_many(snap, &keys))?;
        for (n, found) in (0..size).zip(found) {
            let there = (n % 3 != 2).then(|| value(n * 7 % ROWS));
            assert!(found == there, "{size}: {n}");
        }
    }
    Ok(())
}
