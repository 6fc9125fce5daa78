//! A transaction with a slow commit, and other transactions that run meanwhile on the state that it leaves.

use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use mapleaf::{Dbi, Env, Result, WriteTxn};

pub type Rows = Dbi<u64, &'static [u8]>;

/// The row that the slow transaction marks.
pub const MARK: u64 = u64::MAX;

/// Stores `megabytes` of rows, and the mark.
pub fn fill(rows: &Rows, txn: &mut WriteTxn, megabytes: u64, mark: &[u8]) -> Result<()> {
    let value = vec![3; 1 << 16];
    (0..megabytes * 16).try_for_each(|row| rows.put(txn, row, &value))?;
    rows.put(txn, MARK, mark)
}

/// Runs `beside` while a large transaction commits, and returns both outcomes. Usually `beside` waits for the write
/// lock and gets it when the large transaction begins to commit.
pub fn beside_commit<T: Send>(
    env: &Env,
    rows: &Rows,
    (megabytes, mark): (u64, &[u8]),
    beside: impl FnOnce() -> T + Send,
) -> (Result<()>, T) {
    let ready = Barrier::new(2);
    thread::scope(|scope| {
        let beside = scope.spawn(|| {
            ready.wait();
            beside()
        });
        let slow = env.transact(|txn| {
            fill(rows, txn, megabytes, mark)?;
            ready.wait();
            // Gives the other thread time to wait for the lock. The caller repeats the test if it came late.
            thread::sleep(Duration::from_millis(20));
            Ok(())
        });
        (slow, beside.join().expect("it does not panic"))
    })
}
