//! A commit that fails fails its own with the cause and what was made on it with a retryable conflict, and nothing else.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::common::errors::{directory, refused};
use crate::common::stacked::{MARK, Rows, beside_commit, fill};
use mapleaf::{Batch, Conflicts, Dbi, Env, Error, ErrorKind, Expect, Result};

/// An environment of which a transaction of ten megabytes fills the map.
fn small(dir: &tempfile::TempDir) -> Result<(Env, Rows)> {
    let env = Env::options().map_size(1 << 22).max_map_size(1 << 23).open(dir.path())?;
    let rows: Rows = env.dbi("rows")?;
    env.transact(|txn| rows.put(txn, 0, &[1; 100]))?;
    Ok((env, rows))
}

const TRIES: usize = 50;

#[test]
fn what_was_made_on_a_commit_that_failed_is_a_conflict_and_can_be_retried() -> Result<()> {
    let dir = directory()?;
    let (env, rows) = small(&dir)?;
    let other: Dbi<u64, u64> = env.dbi("other")?;
    let mut stacked = 0;
    for n in 0..TRIES as u64 {
        let before = env.info()?.commits;
        let write = || env.transact(|txn| other.put(txn, n, u64::from(rows.get(txn, MARK)?.is_some())));
        let (slow, beside) = beside_commit(&env, &rows, (10, b"seen"), write);
        refused(slow, ErrorKind::MapFull);
        let failed = beside.is_err();
        if failed {
            stacked += 1;
            assert!(refused(beside, ErrorKind::Conflict).is_retryable());
            assert_eq!(other.get(&env.snapshot()?, n)?, None);
            write()?;
        }
        // Now, or before, it ran on what is there.
        let snap = env.snapshot()?;
        assert_eq!((other.get(&snap, n)?, rows.get(&snap, MARK)?, rows.len(&snap)?), (Some(0), None, 1));
        assert_eq!(snap.id(), before + 1);
        if stacked == 3 {
            return Ok(());
        }
    }
    panic!("nothing was ever made on a commit under way");
}

#[test]
fn a_closure_that_still_runs_when_what_it_read_fails_is_a_conflict() -> Result<()> {
    let dir = directory()?;
    let (env, rows) = small(&dir)?;
    let other: Dbi<u64, u64> = env.dbi("other")?;
    for n in 0..TRIES as u64 {
        let (ready, failed, saw) = (Barrier::new(2), AtomicBool::new(false), AtomicBool::new(false));
        let beside = thread::scope(|scope| {
            let beside = scope.spawn(|| {
                ready.wait();
                env.transact(|txn| {
                    saw.store(rows.get(txn, MARK)?.is_some(), Ordering::Relaxed);
                    // It stands on what is being committed; its own changes come too late for that to matter.
                    while !failed.load(Ordering::Acquire) {
                        thread::yield_now();
                    }
                    other.put(txn, n, n)
                })
            });
            let slow = env.transact(|txn| {
                fill(&rows, txn, 10, b"seen")?;
                ready.wait();
                thread::sleep(Duration::from_millis(20));
                Ok(())
            });
            failed.store(true, Ordering::Release);
            refused(slow, ErrorKind::MapFull);
            beside.join().expect("it does not panic")
        });
        let there = other.get(&env.snapshot()?, n)?;
        if saw.into_inner() {
            assert!(refused(beside, ErrorKind::Conflict).is_retryable());
            assert_eq!(there, None);
            return Ok(());
        }
        beside?;
        assert_eq!(there, Some(n));
    }
    panic!("nothing ever read a commit under way");
}

#[test]
fn a_closure_that_only_read_what_failed_is_told_so_and_a_panic_is_not_kept() -> Result<()> {
    let dir = directory()?;
    let (env, rows) = small(&dir)?;
    let mut left = [true; 3];
    for n in 0..TRIES * 3 {
        let part = n % 3;
        let (slow, beside) = beside_commit(&env, &rows, (10, b"seen"), || {
            let saw = Cell::new(false);
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                env.transact(|txn| {
                    saw.set(rows.get(txn, MARK)?.is_some());
                    match part {
                        0 => Ok(()),
                        1 => Err(Error::other("an error of its own")),
                        _ => std::panic::resume_unwind(Box::new("its own")),
                    }
                })
            }));
            (saw.get(), outcome)
        });
        refused(slow, ErrorKind::MapFull);
        match (beside, part) {
            ((_, Err(_)), part) => {
                assert_eq!(part, 2, "only one panics");
                left[2] = false;
            }
            ((true, Ok(told)), _) => {
                refused(told, ErrorKind::Conflict);
                left[part] = false;
            }
            ((false, Ok(told)), 0) => told?,
            ((false, Ok(told)), _) => assert_eq!(refused(told, ErrorKind::Other).message(), "an error of its own"),
        }
        if left == [false; 3] {
            return Ok(());
        }
    }
    panic!("nothing ever read a commit under way");
}

#[test]
fn a_closure_that_only_read_what_is_not_committed_yet_is_told_when_it_is() -> Result<()> {
    let dir = directory()?;
    let env = Env::open(dir.path())?;
    let rows: Rows = env.dbi("rows")?;
    let mut seen = 0;
    for n in 0..TRIES {
        let mark = n.to_be_bytes();
        let read = || -> Result<(bool, bool)> {
            let found = env.transact(|txn| Ok(rows.get(txn, MARK)?.map(<[u8]>::to_vec)))?;
            let there = rows.get(&env.snapshot()?, MARK)?.map(<[u8]>::to_vec);
            Ok((found == Some(mark.to_vec()), there == Some(mark.to_vec())))
        };
        let (slow, beside) = beside_commit(&env, &rows, (2, &mark), read);
        slow?;
        let (found, there) = beside?;
        assert!(there || !found, "what was read is committed when the reader is told");
        seen += usize::from(found);
        if seen == 5 {
            return Ok(());
        }
    }
    panic!("nothing ever read a commit under way");
}

#[test]
fn a_batch_is_not_refused_for_what_a_batch_before_it_failed_to_commit() -> Result<()> {
    let dir = directory()?;
    let (env, rows) = small(&dir)?;
    let mark = |expected, row| -> Result<Batch> {
        let mut batch = Batch::new();
        batch.check(&rows, MARK, expected)?.put(&rows, row, b"1")?;
        Ok(batch)
    };
    for n in 1..=TRIES as u64 {
        // As much as is committed together, and more than the map holds.
        let mut large = Batch::new();
        let value = vec![3; 1 << 16];
        (0..126).try_for_each(|row| large.put(&rows, 1_000 + row, &value).map(drop))?;
        large.put(&rows, MARK, b"marked")?;
        let mut commits = Vec::new();
        env.transact(|_| {
            // The committing thread takes the first one alone, most of the time, and the others when it has the turn.
            commits.push(env.submit(mark(Expect::Absent, n)?)?);
            thread::sleep(Duration::from_millis(20));
            commits.push(env.submit(large)?);
            commits.push(env.submit(mark(Expect::Absent, TRIES as u64 + n)?)?);
            Ok(())
        })?;
        let mut told = commits.into_iter().map(mapleaf::Commit::wait);
        let (first, large, last) = (told.next(), told.next(), told.next());
        // A committing thread that comes late takes all three, and the first one fails with the others.
        if let Err(error) = first.unwrap_or(Ok(())) {
            assert_eq!(error.kind(), ErrorKind::MapFull, "{error:?}");
        }
        refused(large.unwrap_or(Ok(())), ErrorKind::MapFull);
        assert_eq!(rows.get(&env.snapshot()?, MARK)?, None);
        // By itself it is committed; else it is to be tried again, and no condition is blamed.
        if let Some(Err(error)) = last {
            assert_eq!(error.kind(), ErrorKind::Conflict, "{error:?}");
            assert!(error.is_retryable());
            assert!(error.downcast::<Conflicts>().is_err(), "its condition held");
            return Ok(());
        }
    }
    panic!("the batches were never committed together");
}
