//! Closing, compacting, dropping and clearing wait for the running group commits, and group commits wait for them.

use crate::common::errors;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use crate::common::errors::directory;
use mapleaf::{Dbi, Env, ErrorKind, Result};

const THREADS: u64 = 8;

fn count(env: &Env, counters: &Dbi<u64, u64>, worker: u64) -> Result<()> {
    env.transact(|txn| counters.update(txn, worker, |old| Some(old.unwrap_or(0) + 1)).map(drop))
}

#[test]
fn closing_beside_running_groups_keeps_every_acknowledged_commit() -> Result<()> {
    let dir = directory()?;
    for round in 1..8_u64 {
        let env = Env::open(dir.path())?;
        let counters: Dbi<u64, u64> = env.dbi("counters")?;
        let before: Vec<_> = counters.iter(&env.snapshot()?)?.collect::<Result<_>>()?;
        let counted: Vec<AtomicU64> = (0..THREADS).map(|_| AtomicU64::new(0)).collect();
        thread::scope(|scope| -> Result<()> {
            for (worker, counted) in (0..).zip(&counted) {
                let (env, counters) = (&env, &counters);
                scope.spawn(move || {
                    loop {
                        match count(env, counters, worker) {
                            Ok(()) => counted.fetch_add(1, Ordering::Relaxed),
                            Err(error) => return assert_eq!(error.kind(), ErrorKind::Closed, "{error:?}"),
                        };
                    }
                });
            }
            while counted.iter().map(|counted| counted.load(Ordering::Relaxed)).sum::<u64>() < round * 30 {
                thread::yield_now();
            }
            // Busy as long as a closure that runs on an uncommitted state pins it. Here none does.
            env.close()
        })?;
        let env = Env::open(dir.path())?;
        let counters: Dbi<u64, u64> = env.dbi("counters")?;
        let snap = env.snapshot()?;
        for (worker, counted) in (0..).zip(counted) {
            let old = before.iter().find(|(counter, _)| *counter == worker).map_or(0, |(_, old)| *old);
            assert_eq!(counters.get(&snap, worker)?.unwrap_or(0), old + counted.into_inner());
        }
    }
    Ok(())
}

#[test]
fn compaction_and_schema_changes_wait_for_running_groups() -> Result<()> {
    let dir = directory()?;
    let env = Env::open(dir.path())?;
    let counters: Dbi<u64, u64> = env.dbi("counters")?;
    let counted = AtomicU64::new(0);
    let (env, counters, counted) = (&env, &counters, &counted);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|worker| {
                scope.spawn(move || -> Result<()> {
                    for _ in 0..150 {
                        count(env, counters, worker)?;
                        counted.fetch_add(1, Ordering::Relaxed);
                    }
                    Ok(())
                })
            })
            .collect();
        for n in 0..5 {
            let name = format!("other{n}");
            let rows: Dbi<u64, u64> = env.dbi(&name)?;
            env.transact(|txn| rows.put(txn, n, n))?;
            env.compact()?;
            env.clear_dbi(&name)?;
            env.drop_dbi(&name)?;
        }
        threads.into_iter().try_for_each(|thread| thread.join().expect("no thread panics"))
    })?;
    let snap = env.snapshot()?;
    let sum: u64 = counters.iter(&snap)?.map(|entry| entry.map(|(_, count)| count)).sum::<Result<_>>()?;
    assert_eq!((sum, counted.load(Ordering::Relaxed)), (THREADS * 150, THREADS * 150));
    assert!(env.verify()?.is_clean());
    Ok(())
}

#[test]
fn try_transact_is_busy_while_a_group_runs_and_succeeds_when_none_does() -> Result<()> {
    let dir = directory()?;
    let env = Env::open(dir.path())?;
    let counters: Dbi<u64, u64> = env.dbi("counters")?;
    env.transact(|_| {
        thread::scope(|scope| {
            let tried = scope.spawn(|| env.try_transact(|_| Ok(())));
            errors::refused(tried.join().expect("it does not panic"), ErrorKind::Busy);
        });
        Ok(())
    })?;
    let (mut busy, mut done) = (0_u64, 0_u64);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|worker| {
                let (env, counters) = (&env, &counters);
                scope.spawn(move || (0..100).try_for_each(|_| count(env, counters, worker)))
            })
            .collect();
        while threads.iter().any(|thread| !thread.is_finished()) {
            match env.try_transact(|txn| counters.update(txn, 100, |old| Some(old.unwrap_or(0) + 1)).map(drop)) {
                Ok(()) => done += 1,
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::Busy, "{error:?}");
                    busy += 1;
                }
            }
        }
        threads.into_iter().try_for_each(|thread| thread.join().expect("no thread panics"))
    })?;
    assert!(busy > 0);
    env.try_transact(|txn| counters.update(txn, 100, |old| Some(old.unwrap_or(0) + 1)).map(drop))?;
    assert_eq!(counters.get(&env.snapshot()?, 100)?, Some(done + 1));
    Ok(())
}
