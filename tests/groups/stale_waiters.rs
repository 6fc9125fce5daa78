//! A process that was killed while it waited for the write lock delays others only for a moment; then transactions
//! share commits again.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::sync::Barrier;
use std::thread;

use crate::common::errors::{directory, io};
use mapleaf::{Dbi, Env, Result};

/// The offset of the waiting processes' ids in `mapleaf.lock`: eight numbers of four bytes.
const WAITING_AT: u64 = 72;

#[test]
fn stale_ids_of_killed_waiters_are_cleared_and_commits_are_shared_again() -> Result<()> {
    let dir = directory()?;
    let env = Env::open(dir.path())?;
    let rows: Dbi<u64, u64> = env.dbi("rows")?;
    let lock = io(OpenOptions::new().read(true).write(true).open(dir.path().join("mapleaf.lock")))?;
    // An id of no process, and the id of a living process that does not wait.
    for (word, id) in [(0, i32::MAX.unsigned_abs()), (7, 1)] {
        io(lock.write_all_at(&id.to_ne_bytes(), WAITING_AT + 4 * word))?;
    }
    let before = env.info()?;
    let barrier = Barrier::new(16);
    thread::scope(|scope| {
        let write = |worker: u64| -> Result<()> {
            for round in 0..30 {
                barrier.wait();
                env.transact(|txn| rows.put(txn, worker, round))?;
            }
            Ok(())
        };
        let threads: Vec<_> = (0..16).map(|worker| scope.spawn(move || write(worker))).collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("no thread panics"))
    })?;
    let after = env.info()?;
    let (transactions, commits) = (after.commits - before.commits, after.last_txn_id - before.last_txn_id);
    assert_eq!(transactions, 16 * 30);
    assert!(commits < transactions / 2, "{commits} commits for {transactions} transactions");
    let mut words = [1; 32];
    io(lock.read_exact_at(&mut words, WAITING_AT))?;
    assert_eq!(words, [0; 32], "nobody waits");
    Ok(())
}
