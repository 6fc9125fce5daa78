//! Transactions that wait for the disk together are committed together: LMDB commits less often than they do. A lone one,
//! and those that do not wait for the disk, are LMDB commits of their own.

use std::sync::Barrier;
use std::thread;

use crate::common::errors::directory;
use mapleaf::{Batch, Dbi, Durability, Env, EnvInfo, Result};

/// Transactions and LMDB's commits between two looks.
fn between(before: &EnvInfo, after: &EnvInfo) -> (u64, u64) {
    (after.commits - before.commits, after.last_txn_id - before.last_txn_id)
}

fn rounds(env: &Env, rows: &Dbi<u64, u64>, threads: u64, rounds: u64) -> Result<()> {
    let barrier = Barrier::new(usize::try_from(threads).unwrap_or(1));
    thread::scope(|scope| {
        let write = |worker: u64| -> Result<()> {
            for round in 0..rounds {
                barrier.wait();
                env.transact(|txn| rows.put(txn, worker, round))?;
            }
            Ok(())
        };
        let threads: Vec<_> = (0..threads).map(|worker| scope.spawn(move || write(worker))).collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("no thread panics"))
    })
}

#[test]
fn threads_at_a_barrier_share_commits() -> Result<()> {
    for durability in [Durability::Immediate, Durability::Eventual] {
        let dir = directory()?;
        let env = Env::options().durability(durability).open(dir.path())?;
        let rows: Dbi<u64, u64> = env.dbi("rows")?;
        let before = env.info()?;
        rounds(&env, &rows, 16, 50)?;
        let (transactions, commits) = between(&before, &env.info()?);
        assert_eq!(transactions, 16 * 50);
        assert!(commits < transactions / 2, "{commits} commits for {transactions} transactions, {durability:?}");
    }
    Ok(())
}

#[test]
fn a_lone_thread_commits_each_by_itself() -> Result<()> {
    let dir = directory()?;
    let env = Env::open(dir.path())?;
    let rows: Dbi<u64, u64> = env.dbi("rows")?;
    let before = env.info()?;
    rounds(&env, &rows, 1, 50)?;
    // One that changes nothing is none.
    env.transact(|txn| rows.get(txn, 1).map(drop))?;
    assert_eq!(between(&before, &env.info()?), (50, 50));
    Ok(())
}

#[test]
fn what_does_not_wait_for_the_disk_does_not_share() -> Result<()> {
    let dir = directory()?;
    let env = Env::options().durability(Durability::Process).open(dir.path())?;
    let rows: Dbi<u64, u64> = env.dbi("rows")?;
    let before = env.info()?;
    rounds(&env, &rows, 8, 50)?;
    assert_eq!(between(&before, &env.info()?), (400, 400));
    Ok(())
}

#[test]
fn submitted_batches_that_wait_share_a_commit() -> Result<()> {
    let dir = directory()?;
    let env = Env::open(dir.path())?;
    let rows: Dbi<u64, u64> = env.dbi("rows")?;
    let before = env.info()?;
    let mut commits = Vec::new();
    env.transact(|txn| {
        // All wait for this transaction, and the committing thread may have taken the first alone.
        for n in 0..100 {
            let mut batch = Batch::new();
            batch.put(&rows, n, n)?;
            commits.push(env.submit(batch)?);
        }
        rows.put(txn, 1000, 0)
    })?;
    commits.into_iter().try_for_each(mapleaf::Commit::wait)?;
    let (transactions, commits) = between(&before, &env.info()?);
    assert_eq!(transactions, 101);
    assert!(commits <= 4, "{commits} commits");
    Ok(())
}
