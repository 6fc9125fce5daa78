//! Transactions that wait for a flush together are committed together, so LMDB commits less often than they do. A lone
//! transaction, and one that does not wait for a flush, has an LMDB commit of its own.

use std::sync::Barrier;
use std::thread;

use crate::common::errors::directory;
use mapleaf::{Batch, Dbi, Durability, Env, EnvInfo, Result};

/// The numbers of transactions and of LMDB commits between two `info` calls.
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
fn a_lone_thread_commits_each_transaction_by_itself() -> Result<()> {
    let dir = directory()?;
    let env = Env::open(dir.path())?;
    let rows: Dbi<u64, u64> = env.dbi("rows")?;
    let before = env.info()?;
    rounds(&env, &rows, 1, 50)?;
    // A transaction without changes makes no commit.
    env.transact(|txn| rows.get(txn, 1).map(drop))?;
    assert_eq!(between(&before, &env.info()?), (50, 50));
    Ok(())
}

#[test]
fn transactions_that_do_not_wait_for_a_flush_do_not_share_commits() -> Result<()> {
    let dir = directory()?;
    let env = Env::options().durability(Durability::Process).open(dir.path())?;
    let rows: Dbi<u64, u64> = env.dbi("rows")?;
    let before = env.info()?;
    rounds(&env, &rows, 8, 50)?;
    assert_eq!(between(&before, &env.info()?), (400, 400));
    Ok(())
}

#[test]
fn waiting_submitted_batches_share_a_commit() -> Result<()> {
    let dir = directory()?;
    let env = Env::open(dir.path())?;
    let rows: Dbi<u64, u64> = env.dbi("rows")?;
    let before = env.info()?;
    let mut commits = Vec::new();
    env.transact(|txn| {
        // All batches wait for this transaction; the committing thread may already have taken the first one alone.
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
