//! A load beside concurrent writers and readers: all data stays whole.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::common::errors::directory;
use mapleaf::{Dbi, Durability, Env, Error, Result};

const ROWS: u64 = 60_000;
const CHUNK: u64 = 3_000;

#[test]
fn writers_commit_between_chunks_and_nothing_is_lost() -> Result<()> {
    let dir = directory()?;
    let env = Env::options().durability(Durability::Process).open(dir.path())?;
    let (loaded, pairs): (Dbi<u64, u64>, Dbi<u64, u64>) = (env.dbi("loaded")?, env.dbi("pairs")?);
    let done = AtomicBool::new(false);
    let (writers, between) = thread::scope(|scope| {
        // Each transaction puts two rows with the same number, one in each database. The load has other keys.
        let writer = |thread: u64| {
            let (env, done, loaded, pairs) = (&env, &done, &loaded, &pairs);
            scope.spawn(move || {
                let mut count = 0;
                while !done.load(Ordering::Relaxed) {
                    let key = (count * 2 + thread) * 2 + 1;
                    env.transact(|txn| {
                        loaded.put(txn, key, count)?;
                        pairs.put(txn, key, count)
                    })?;
                    count += 1;
                }
                Ok::<_, Error>(count)
            })
        };
        let writers = [writer(0), writer(1)];
        // A reader sees whole chunks and whole transactions.
        let reader = scope.spawn(|| {
            let mut partly = 0;
            while !done.load(Ordering::Relaxed) {
                let snap = env.snapshot()?;
                let even = loaded.keys(&snap)?.filter(|key| key.as_ref().is_ok_and(|key| key % 2 == 0)).count() as u64;
                assert_eq!(even % CHUNK, 0, "a part of a chunk is seen");
                assert_eq!(loaded.len(&snap)? - even, pairs.len(&snap)?);
                partly += u64::from(even > 0 && even < ROWS);
            }
            Ok::<_, Error>(partly)
        });
        let load = || {
            let mut load = env.loader().memory(64 << 10).chunk(usize::try_from(CHUNK * 32).unwrap_or(0));
            load.load(&loaded, (0..ROWS).rev().map(|n| (n * 2, n)))?;
            load.finish()
        };
        let report = load();
        done.store(true, Ordering::Relaxed);
        let mut counts = Vec::new();
        for writer in writers {
            counts.push(writer.join().map_err(|_| Error::other("a writer panicked"))??);
        }
        let partly = reader.join().map_err(|_| Error::other("the reader panicked"))??;
        assert_eq!((report?.stored, partly > 0), (ROWS, true));
        Ok::<_, Error>((counts, partly))
    })?;
    let snap = env.snapshot()?;
    let written: u64 = writers.iter().sum();
    println!("{written} transactions beside the load, {between} states seen within it");
    assert_eq!((loaded.len(&snap)?, pairs.len(&snap)?), (ROWS + written, written));
    for (thread, count) in (0..).zip(&writers) {
        for n in 0..*count {
            assert_eq!(loaded.get(&snap, (n * 2 + thread) * 2 + 1)?, Some(n));
        }
    }
    assert!((0..ROWS).all(|n| matches!(loaded.get(&snap, n * 2), Ok(Some(value)) if value == n)));
    assert!(env.verify()?.is_clean());
    Ok(())
}

#[test]
fn two_concurrent_loads_keep_all_rows_of_both() -> Result<()> {
    let dir = directory()?;
    let env = Env::options().durability(Durability::Process).open(dir.path())?;
    let numbers: Dbi<u64, u64> = env.dbi("numbers")?;
    let load = |from: u64| {
        let mut loader = env.loader().memory(64 << 10).chunk(50_000);
        loader.load(&numbers, (from..from + 40_000).rev().map(|n| (n, from)))?;
        loader.finish()
    };
    thread::scope(|scope| {
        let other = scope.spawn(|| load(30_000));
        load(0)?;
        other.join().map_err(|_| Error::other("a load panicked"))?
    })?;
    let snap = env.snapshot()?;
    let rows: Vec<(u64, u64)> = numbers.iter(&snap)?.collect::<Result<_>>()?;
    assert_eq!(rows.len(), 70_000);
    for (at, (key, from)) in (0..).zip(rows) {
        // A key that both loads have keeps the row of either.
        assert!(key == at && (from..from + 40_000).contains(&key), "{key} from {from}");
    }
    assert!(env.verify()?.is_clean());
    Ok(())
}
