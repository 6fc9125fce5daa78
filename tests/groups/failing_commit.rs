//! When a commit fails, its own transactions return the cause, the transactions that were based on it return a
//! retryable conflict, and no others fail.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::common::errors::{directory, refused};
use crate::common::stacked::{MARK, Rows, beside_commit, fill};
use mapleaf::{Batch, Conflicts, Dbi, Env, Error, ErrorKind, Expect, Result};

/// An environment whose map is full after a transaction of ten megabytes.
fn small(dir: &tempfile::TempDir) -> Result<(Env, Rows)> {
    let env = Env::options().map_size(1 << 22).max_map_size(1 << 23).open(dir.path())?;
    let rows: Rows = env.dbi("rows")?;
    env.transact(|txn| rows.put(txn, 0, &[1; 100]))?;
    Ok((env, rows))
}

const TRIES: usize = 50;

#[test]
fn a_transaction_based_on_a_failed_commit_is_a_retryable_conflict() -> Result<()> {
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
        // The retry ran on the committed state, now or before.
        let snap = env.snapshot()?;
        assert_eq!((other.get(&snap, n)?, rows.get(&snap, MARK)?, rows.len(&snap)?), (Some(0), None, 1));
        assert_eq!(snap.id(), before + 1);
        if stacked == 3 {
            return Ok(());
        }
    }
    panic!("nothing was ever made on a commit under way");
}

/// It is committed by itself, after the commit that it is based on, if that succeeds.
#[test]
fn a_rename_waits_for_the_commit_that_it_is_based_on_and_is_a_conflict_if_that_fails() -> Result<()> {
    let dir = directory()?;
    let (env, rows) = small(&dir)?;
    let other: Dbi<u64, u64> = env.dbi("name 0")?;
    let (mut name, mut stacked) = (0, [0; 2]);
    for n in 0..2 * TRIES as u64 {
        let fails = n % 2 == 0;
        let saw = AtomicBool::new(false);
        let write = || {
            env.transact(|txn| {
                saw.store(rows.get(txn, MARK)?.is_some(), Ordering::Relaxed);
                other.put(txn, n, n)?;
                txn.rename_dbi(&format!("name {name}"), &format!("name {}", name + 1))
            })
        };
        let (slow, beside) = beside_commit(&env, &rows, (if fails { 10 } else { 1 }, b"seen"), write);
        if fails {
            refused(slow, ErrorKind::MapFull);
        } else {
            slow?;
        }
        let saw = saw.into_inner();
        stacked[usize::from(fails)] += u32::from(saw);
        if fails && saw {
            assert!(refused(beside, ErrorKind::Conflict).is_retryable());
        } else {
            beside?;
            name += 1;
        }
        let snap = env.snapshot()?;
        assert_eq!(other.get(&snap, n)?.is_some(), !(fails && saw));
        let names: Vec<_> = env.dbis()?.into_iter().map(|dbi| dbi.name).collect();
        assert_eq!(names, [format!("name {name}"), "rows".to_owned()]);
        drop(snap);
        env.transact(|txn| rows.clear(txn).map(drop))?;
        if stacked[0] >= 3 && stacked[1] >= 3 {
            return Ok(());
        }
    }
    panic!("nothing was ever made on a commit under way: {stacked:?}");
}

#[test]
fn a_closure_still_running_when_the_commit_that_it_read_fails_is_a_conflict() -> Result<()> {
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
                    // It runs on the state that is being committed, and makes its own changes only after that commit
                    // failed.
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
fn a_closure_that_only_read_a_failed_commit_is_a_conflict_unless_it_panics() -> Result<()> {
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
fn a_closure_that_only_read_returns_after_the_commit_that_it_read() -> Result<()> {
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
fn a_batch_condition_does_not_fail_because_of_an_uncommitted_batch() -> Result<()> {
    let dir = directory()?;
    let (env, rows) = small(&dir)?;
    let mark = |expected, row| -> Result<Batch> {
        let mut batch = Batch::new();
        batch.check(&rows, MARK, expected)?.put(&rows, row, b"1")?;
        Ok(batch)
    };
    for n in 1..=TRIES as u64 {
        // As large as a shared commit may be, and larger than the map.
        let mut large = Batch::new();
        let value = vec![3; 1 << 16];
        (0..126).try_for_each(|row| large.put(&rows, 1_000 + row, &value).map(drop))?;
        large.put(&rows, MARK, b"marked")?;
        let mut commits = Vec::new();
        env.transact(|_| {
            // The committing thread usually takes the first batch alone, and the others when it gets the write lock.
            commits.push(env.submit(mark(Expect::Absent, n)?)?);
            thread::sleep(Duration::from_millis(20));
            commits.push(env.submit(large)?);
            commits.push(env.submit(mark(Expect::Absent, TRIES as u64 + n)?)?);
            Ok(())
        })?;
        let mut told = commits.into_iter().map(mapleaf::Commit::wait);
        let (first, large, last) = (told.next(), told.next(), told.next());
        // A committing thread that comes late takes all three batches, and the first one fails with the others.
        if let Err(error) = first.unwrap_or(Ok(())) {
            assert_eq!(error.kind(), ErrorKind::MapFull, "{error:?}");
        }
        refused(large.unwrap_or(Ok(())), ErrorKind::MapFull);
        assert_eq!(rows.get(&env.snapshot()?, MARK)?, None);
        // Alone the batch is committed. Otherwise its error is retryable and blames no condition.
        if let Some(Err(error)) = last {
            assert_eq!(error.kind(), ErrorKind::Conflict, "{error:?}");
            assert!(error.is_retryable());
            assert!(error.downcast::<Conflicts>().is_err(), "its condition held");
            return Ok(());
        }
    }
    panic!("the batches were never committed together");
}
