//! A transaction whose commit takes a while, and others that run meanwhile on what it leaves.

use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use mapleaf::{Dbi, Env, Result, WriteTxn};

pub type Rows = Dbi<u64, &'static [u8]>;

/// The row that the slow transaction marks.
pub const MARK: u64 = u64::MAX;

/// Stores `megabytes`, and the mark.
pub fn fill(rows: &Rows, txn: &mut WriteTxn, megabytes: u64, mark: &[u8]) -> Result<()> {
    let value = vec![3; 1 << 16];
    (0..megabytes * 16).try_for_each(|row| rows.put(txn, row, &value))?;
    rows.put(txn, MARK, mark)
}

/// Runs `beside` while the commit of a large transaction is under way, most of the time: it waits in line when that one
/// hands the turn on. Gives the outcomes of both.
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
            // For the other one to stand in line. If it is late it is tried again.
            thread::sleep(Duration::from_millis(20));
            Ok(())
        });
        (slow, beside.join().expect("it does not panic"))
    })
}
