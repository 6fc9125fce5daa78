//! A snapshot taken after a commit was acknowledged shows it, whatever was read during the flush.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use mapleaf::{Dbi, Env, Result};

/// Durable commits beside readers that take snapshots all the time. Many are taken during a flush, when the meta page
/// of the next state is already in the file.
#[test]
fn every_later_snapshot_sees_an_acknowledged_commit() -> Result<()> {
    let dir = tempfile::tempdir().map_err(mapleaf::Error::other)?;
    let env = Env::open(dir.path())?;
    let counters: Dbi<u64, u64> = env.dbi("counters")?;
    env.transact(|txn| counters.put(txn, 0, 0))?;

    let (acknowledged, done) = (AtomicU64::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        let reader = || -> Result<u64> {
            let mut reads = 0;
            while !done.load(Ordering::Acquire) {
                let least = acknowledged.load(Ordering::Acquire);
                let seen = counters.get(&env.snapshot()?, 0)?.unwrap_or(0);
                assert!(seen >= least, "a snapshot showed commit {seen} after commit {least} had returned");
                reads += 1;
            }
            Ok(reads)
        };
        let readers = [scope.spawn(reader), scope.spawn(reader)];
        let until = Instant::now() + Duration::from_secs(1);
        let mut n = 0;
        let wrote = loop {
            n += 1;
            match env.transact(|txn| counters.put(txn, 0, n)) {
                Ok(()) => acknowledged.store(n, Ordering::Release),
                Err(error) => break Err(error),
            }
            // A pause: readers ask again for the state that was kept during the flush, while nothing changes any more.
            if n.is_multiple_of(16) {
                thread::sleep(Duration::from_millis(1));
            }
            if Instant::now() > until {
                break Ok(());
            }
        };
        done.store(true, Ordering::Release);
        for reader in readers {
            assert!(reader.join().map_err(|_| mapleaf::Error::other("a reader found a stale snapshot"))?? > 0);
        }
        wrote
    })
}
