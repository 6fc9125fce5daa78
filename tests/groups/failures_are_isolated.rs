//! A transaction that fails by itself fails no other of its group: an error or a panic of a closure, a failed
//! condition, a write set that is too large.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use crate::common::errors::{directory, refused};
use mapleaf::{Batch, Dbi, Env, Error, ErrorKind, Expect, Result};

const THREADS: u64 = 12;
const EACH: u64 = 60;

#[test]
fn of_transactions_that_share_a_commit_only_the_faulty_ones_fail() -> Result<()> {
    let dir = directory()?;
    let env = Env::options().max_txn_bytes(20_000).open(dir.path())?;
    let rows: Dbi<u64, &[u8]> = env.dbi("rows")?;
    let total: Dbi<u8, u64> = env.dbi("total")?;
    let kept = AtomicU64::new(0);
    let add = |txn: &mut mapleaf::WriteTxn, row: u64| {
        rows.put(txn, row, &[1; 50])?;
        total.update(txn, 0, |old| Some(old.unwrap_or(0) + 1)).map(drop)
    };
    let work = |worker: u64| -> Result<()> {
        for round in 0..EACH {
            let row = worker * EACH + round;
            match (worker + round) % 6 {
                0 => {
                    let failed = env.transact(|txn| {
                        add(txn, row)?;
                        Err::<(), _>(Error::other("failed on purpose"))
                    });
                    refused(failed, ErrorKind::Other);
                }
                1 => {
                    let panicked = catch_unwind(AssertUnwindSafe(|| {
                        env.transact(|txn| {
                            add(txn, row)?;
                            std::panic::resume_unwind(Box::new("on purpose"));
                            #[expect(unreachable_code, reason = "the closure needs a type")]
                            Ok(())
                        })
                    }));
                    assert!(panicked.is_err());
                }
                2 => {
                    let mut batch = Batch::new();
                    batch.put(&rows, row, &[2; 50])?.check(&rows, u64::MAX, Expect::Present)?;
                    refused(env.apply(batch), ErrorKind::Conflict);
                }
                3 => {
                    let huge = env.transact(|txn| {
                        add(txn, row)?;
                        (0..100).try_for_each(|n| rows.put(txn, 1_000_000 + n, &[0; 500]))
                    });
                    refused(huge, ErrorKind::TooLarge);
                }
                _ => {
                    env.transact(|txn| add(txn, row))?;
                    kept.fetch_add(1, Ordering::Relaxed);
                    assert_eq!(rows.get(&env.snapshot()?, row)?, Some(&[1; 50][..]));
                }
            }
        }
        Ok(())
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|worker| scope.spawn(move || work(worker))).collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("no thread panics"))
    })?;
    let (snap, kept) = (env.snapshot()?, kept.into_inner());
    assert_eq!((total.get(&snap, 0)?, rows.len(&snap)?), (Some(kept), kept));
    Ok(())
}

#[test]
fn waiting_transactions_commit_after_their_leader_panics() -> Result<()> {
    let dir = directory()?;
    let env = Env::open(dir.path())?;
    let rows: Dbi<u64, u64> = env.dbi("rows")?;
    for round in 0..20 {
        let ready = Barrier::new(9);
        thread::scope(|scope| {
            let leader = scope.spawn(|| {
                catch_unwind(AssertUnwindSafe(|| {
                    env.transact(|txn| {
                        rows.put(txn, 0, 0)?;
                        // All others wait for the write lock, or are about to.
                        ready.wait();
                        thread::yield_now();
                        std::panic::resume_unwind(Box::new("on purpose"));
                        #[expect(unreachable_code, reason = "the closure needs a type")]
                        Ok(())
                    })
                }))
            });
            let followers: Vec<_> = (1..9)
                .map(|row| {
                    let (env, rows, ready) = (&env, &rows, &ready);
                    scope.spawn(move || {
                        ready.wait();
                        env.transact(|txn| rows.put(txn, row, round))
                    })
                })
                .collect();
            assert!(leader.join().expect("caught").is_err());
            followers.into_iter().try_for_each(|thread| thread.join().expect("no follower panics"))
        })?;
        let snap = env.snapshot()?;
        assert_eq!(rows.iter(&snap)?.collect::<Result<Vec<_>>>()?, (1..9).map(|row| (row, round)).collect::<Vec<_>>());
    }
    Ok(())
}
