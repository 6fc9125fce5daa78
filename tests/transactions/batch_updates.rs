//! The update functions of a batch run once, when it is committed, in its order, and harm no other batch.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use mapleaf::{Batch, Dbi, Durability, Env, Error, ErrorKind, Expect, Msgpack, Result};

const BOTH: [Durability; 2] = [Durability::Immediate, Durability::Process];

fn opened(durability: Durability) -> Result<(tempfile::TempDir, Env, Dbi<u32, u64>)> {
    let dir = tempfile::tempdir().map_err(Error::other)?;
    let env = Env::options().durability(durability).max_txn_bytes(1 << 20).open(dir.path())?;
    let dbi = env.dbi("d")?;
    Ok((dir, env, dbi))
}

fn kind<T>(outcome: Result<T>) -> Option<ErrorKind> {
    outcome.err().map(|error| error.kind())
}

fn add(n: u64) -> impl FnOnce(Option<u64>) -> Option<u64> + Send + 'static {
    move |old| Some(old.unwrap_or(0) + n)
}

#[test]
fn functions_see_what_the_batch_made_before_them() -> Result<()> {
    for durability in BOTH {
        let (_dir, env, dbi) = opened(durability)?;
        env.transact(|txn| dbi.put(txn, 1, 10))?;
        let mut batch = Batch::new();
        batch.update(&dbi, 1, add(1))?.put(&dbi, 1, 50)?.update(&dbi, 1, add(2))?;
        batch.update(&dbi, 2, |old| old.or(Some(7)))?.delete(&dbi, 2)?.update(&dbi, 2, add(3))?;
        batch.update(&dbi, 1, |old| old.map(|old| old * 2))?.update(&dbi, 3, |_| None)?;
        assert_eq!(batch.len(), 8);
        env.submit(batch)?.wait()?;
        assert_eq!(dbi.iter(&env.snapshot()?)?.collect::<Result<Vec<_>>>()?, [(1, 104), (2, 3)]);
        let mut batch = Batch::new();
        batch.update(&dbi, 1, |_| None)?;
        env.apply(batch)?;
        assert_eq!(dbi.get(&env.snapshot()?, 1)?, None);
    }
    Ok(())
}

#[test]
fn submitted_functions_lose_no_count() -> Result<()> {
    for durability in BOTH {
        let (_dir, env, dbi) = opened(durability)?;
        thread::scope(|scope| {
            let count = |own: u32| {
                let mut commits = Vec::new();
                for _ in 0..50 {
                    let mut batch = Batch::new();
                    batch.update(&dbi, 0, add(1))?.update(&dbi, own, add(1))?;
                    commits.push(env.submit(batch)?);
                    env.transact(|txn| dbi.update(txn, 0, add(1)).map(drop))?;
                }
                commits.into_iter().try_for_each(mapleaf::Commit::wait)
            };
            let threads: Vec<_> = (1..4).map(|own| scope.spawn(move || count(own))).collect();
            threads.into_iter().try_for_each(|thread| thread.join().map_err(|_| Error::other("a panic"))?)
        })?;
        assert_eq!(dbi.iter(&env.snapshot()?)?.collect::<Result<Vec<_>>>()?, [(0, 300), (1, 50), (2, 50), (3, 50)]);
    }
    Ok(())
}

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        if !thread::panicking() {
            std::panic::resume_unwind(Box::new("dropped"));
        }
    }
}

#[test]
fn a_failing_function_hurts_its_batch_alone() -> Result<()> {
    for durability in BOTH {
        let (_dir, env, dbi) = opened(durability)?;
        let mut commits = Vec::new();
        env.transact(|_| {
            // They wait for this transaction to end, and are then made together.
            for n in 0..12_u32 {
                let mut batch = Batch::new();
                batch.put(&dbi, 100 + n, 1)?;
                match n % 4 {
                    0 => batch.update(&dbi, n, |_| std::panic::resume_unwind(Box::new(String::from("on purpose"))))?,
                    1 => batch.try_update(&dbi, n, |_| Err(Error::new(ErrorKind::Conflict, "no")))?,
                    2 => {
                        let bomb = Bomb;
                        batch.check(&dbi, 999, Expect::Present)?.update(&dbi, n, move |_| {
                            let _bomb = &bomb;
                            None
                        })?
                    }
                    _ => batch.update(&dbi, n, add(1))?,
                };
                commits.push(env.submit(batch)?);
            }
            Ok(())
        })?;
        for (n, commit) in commits.into_iter().enumerate() {
            let outcome = commit.wait();
            match n % 4 {
                0 => {
                    let error = outcome.expect_err("it is refused");
                    assert_eq!(error.kind(), ErrorKind::Other);
                    assert!(error.message().contains("on purpose"), "{error}");
                }
                1 | 2 => assert_eq!(kind(outcome), Some(ErrorKind::Conflict)),
                _ => outcome?,
            }
        }
        let keys: Vec<_> = dbi.keys(&env.snapshot()?)?.collect::<Result<_>>()?;
        assert_eq!(keys, [3, 7, 11, 103, 107, 111]);
        let mut batch = Batch::new();
        batch.put(&dbi, 1, 1)?.update(&dbi, 2, |_| panic!("in apply"))?;
        assert_eq!(kind(env.apply(batch)), Some(ErrorKind::Other));
        assert_eq!(dbi.get(&env.snapshot()?, 1)?, None);
    }
    Ok(())
}

#[test]
fn functions_run_once_and_only_if_the_conditions_hold() -> Result<()> {
    let (_dir, env, dbi) = opened(Durability::Immediate)?;
    let big: Dbi<u32, &[u8]> = env.dbi("big")?;
    let runs = Arc::new(AtomicU32::new(0));
    let mut commits = Vec::new();
    env.transact(|_| {
        // Together they are far over the limit of one transaction, so they are made in several.
        for n in 0..20_u32 {
            let mut batch = Batch::new();
            let runs = Arc::clone(&runs);
            batch.put(&big, n, &vec![7; 300_000])?.update(&dbi, 0, move |old| {
                runs.fetch_add(1, Ordering::Relaxed);
                Some(old.unwrap_or(0) + 1)
            })?;
            commits.push(env.submit(batch)?);
        }
        Ok(())
    })?;
    commits.into_iter().try_for_each(mapleaf::Commit::wait)?;
    assert_eq!((runs.load(Ordering::Relaxed), dbi.get(&env.snapshot()?, 0)?), (20, Some(20)));
    // One that is too large by itself is refused, whatever comes with it.
    let mut commits = Vec::new();
    env.transact(|_| {
        for n in 0..3_u32 {
            let mut batch = Batch::new();
            let len = if n == 1 { 2 << 20 } else { 500_000 };
            // The function has run when the batch turns out to be too large.
            batch.update(&dbi, 0, add(1))?.put(&big, 100 + n, &vec![1; len])?;
            commits.push(env.submit(batch)?);
        }
        Ok(())
    })?;
    let outcomes: Vec<_> = commits.into_iter().map(|commit| kind(commit.wait())).collect();
    assert_eq!(outcomes, [None, Some(ErrorKind::TooLarge), None]);
    let runs_before = Arc::clone(&runs);
    let mut batch = Batch::new();
    batch.insert(&dbi, 0, 1)?.update(&dbi, 1, move |_| {
        runs_before.fetch_add(1, Ordering::Relaxed);
        Some(1)
    })?;
    assert_eq!(kind(env.apply(batch)), Some(ErrorKind::Conflict));
    assert_eq!(runs.load(Ordering::Relaxed), 20);
    Ok(())
}

#[test]
fn functions_are_checked_by_kind() -> Result<()> {
    let (_dir, env, dbi) = opened(Durability::Immediate)?;
    let texts: Dbi<&str, &str> = env.dbi("texts")?;
    let mut batch = Batch::new();
    assert_eq!(kind(batch.update(&texts, "", |_| None)), Some(ErrorKind::InvalidKey));
    assert_eq!(kind(batch.update(&texts, &"x".repeat(3000), |_| None)), Some(ErrorKind::TooLarge));
    assert!(batch.is_empty());
    // A stored value that is not of its type.
    let list: Dbi<u32, Msgpack<Vec<u32>>> = env.dbi("list")?;
    let raw = env.raw_dbi("list")?.unchecked_writes()?;
    env.transact(|txn| raw.put(txn, &7_u32.to_be_bytes(), b"\xc1"))?;
    let mut batch = Batch::new();
    batch.update(&list, 7, |old| old)?;
    let error = env.apply(batch).expect_err("it is refused");
    assert_eq!((error.kind(), error.dbi(), error.key()), (ErrorKind::Decode, Some("list"), Some(&[0, 0, 0, 7][..])));
    // A transaction in a function.
    let (inner, of_inner) = (env.clone(), dbi.clone());
    let mut batch = Batch::new();
    batch.try_update(&dbi, 1, move |_| inner.transact(|txn| of_inner.put(txn, 1, 1)).map(|()| None))?;
    assert_eq!(kind(env.submit(batch)?.wait()), Some(ErrorKind::Nested));
    Ok(())
}
