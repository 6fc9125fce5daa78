//! One snapshot for all threads: a parallel scan of a state that stays the same while writers continue.
//!
//! ```text
//! cargo run --release --example snapshot_threads
//! ```

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

use mapleaf::{Dbi, Env, Result, Snapshot};

const ROWS: u64 = 200_000;

/// The sum of all values, by as many threads as there are parts. `par_scan` splits the range into scans of about the
/// same length. Each runs on a thread of its own, and all read the one snapshot.
fn sum(readings: &Dbi<u64, u64>, snap: &Snapshot, parts: usize) -> Result<u64> {
    let scans = readings.par_scan(snap, .., parts)?;
    thread::scope(|scope| {
        let summing: Vec<_> =
            scans.into_iter().map(|scan| scope.spawn(|| scan.values().sum::<Result<u64>>())).collect();
        summing.into_iter().map(|thread| thread.join().expect("no thread panics")).sum()
    })
}

fn main() -> Result<()> {
    let env = Env::temporary()?;
    let readings: Dbi<u64, u64> = env.dbi("readings")?;
    env.transact(|txn| readings.load(txn, (0..ROWS).map(|n| (n, 1))))?;

    // `Snapshot` is `Send`, `Sync` and a cheap clone: threads may share a reference or own a clone.
    let mut snap = env.snapshot()?;
    let done = AtomicBool::new(false);
    let commits = thread::scope(|scope| -> Result<u64> {
        let writer = scope.spawn(|| -> Result<u64> {
            // Raises values, a hundred per commit, and adds rows: readers neither wait for the writer nor see its
            // changes.
            let mut commits = 0;
            while !done.load(Ordering::Relaxed) || commits == 0 {
                let at = commits * 100 % ROWS;
                env.transact(|txn| {
                    for key in at..at + 100 {
                        readings.update(txn, key, |old| old.map(|old| old + 1))?;
                    }
                    readings.put(txn, ROWS + commits, 1)
                })?;
                commits += 1;
            }
            Ok(commits)
        });
        let sums = [1, 2, 4, 8].map(|parts| {
            let began = Instant::now();
            (parts, sum(&readings, &snap, parts), began.elapsed())
        });
        done.store(true, Ordering::Relaxed);
        let commits = writer.join().expect("no thread panics")?;
        for (parts, sum, took) in sums {
            let sum = sum?;
            println!("{parts} parts: {sum} in {took:.1?}");
            assert_eq!(sum, ROWS, "a snapshot never changes");
        }
        Ok(commits)
    })?;

    // While a snapshot lives, the pages that it can see are not reused and the file grows: refresh a snapshot that is
    // kept for long.
    assert_eq!(snap.lag()?, commits);
    snap.refresh()?;
    assert_eq!((snap.lag()?, readings.len(&snap)?), (0, ROWS + commits));
    let newest = sum(&readings, &snap, 4)?;
    println!("meanwhile {commits} commits; the newest state has {} rows, their sum is {newest}", readings.len(&snap)?);
    assert_eq!(newest, ROWS + 101 * commits, "each commit raised a hundred values and added a row");
    Ok(())
}
