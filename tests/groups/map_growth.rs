//! The map grows during a group commit, beside other transactions and readers: nothing fails, and nobody sees half a
//! transaction.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::common::errors::directory;
use mapleaf::{Dbi, Env, Result};

const THREADS: u64 = 8;
const EACH: u64 = 40;

#[test]
fn groups_grow_the_map_beside_readers() -> Result<()> {
    let dir = directory()?;
    let env = Env::options().map_size(1 << 18).open(dir.path())?;
    let rows: Dbi<u64, &[u8]> = env.dbi("rows")?;
    let total: Dbi<u8, u64> = env.dbi("total")?;
    let done = AtomicBool::new(false);
    let first = env.info()?.map_size;
    let old = env.snapshot()?;
    let work = |worker: u64| -> Result<()> {
        for round in 0..EACH {
            let length = usize::try_from(round * 700 % 9000).unwrap_or(0);
            env.transact(|txn| {
                rows.put(txn, worker * EACH + round, &vec![u8::try_from(worker).unwrap_or(0); length])?;
                let next = total.get(txn, 0)?.unwrap_or(0) + 1;
                assert_eq!(rows.len(txn)?, next);
                total.put(txn, 0, next)
            })?;
        }
        Ok(())
    };
    let look = || -> Result<()> {
        while !done.load(Ordering::Acquire) {
            let snap = env.snapshot()?;
            assert_eq!(rows.iter(&snap)?.count() as u64, total.get(&snap, 0)?.unwrap_or(0));
            assert!(rows.is_empty(&old)?);
        }
        Ok(())
    };
    thread::scope(|scope| {
        let reader = scope.spawn(look);
        let writers: Vec<_> = (0..THREADS).map(|worker| scope.spawn(move || work(worker))).collect();
        let written = writers.into_iter().try_for_each(|thread| thread.join().expect("no writer panics"));
        done.store(true, Ordering::Release);
        written.and(reader.join().expect("the reader does not panic"))
    })?;
    assert!(env.info()?.map_size >= 4 * first, "it grew more than once");
    assert_eq!(rows.len(&env.snapshot()?)?, THREADS * EACH);
    assert!(env.verify()?.is_clean());
    Ok(())
}
