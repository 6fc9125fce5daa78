//! Transactions that share commits are serializable: each runs on the state that its predecessor left, and none is
//! lost.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::common::errors::directory;
use mapleaf::{Dbi, Durability, Env, Error, ErrorKind, Result};

const THREADS: u64 = 64;
const EACH: u64 = 40;

fn all(outcomes: Vec<thread::ScopedJoinHandle<'_, Result<()>>>) -> Result<()> {
    outcomes.into_iter().try_for_each(|thread| thread.join().expect("no thread panics"))
}

fn count_with(durability: Durability) -> Result<()> {
    let dir = directory()?;
    let env = Env::options().durability(durability).open(dir.path())?;
    let counters: Dbi<u64, u64> = env.dbi("counters")?;
    let log: Dbi<u64, u64> = env.dbi("log")?;
    let before = env.info()?.commits;
    let ids = Mutex::new(BTreeSet::new());
    let count = |worker: u64| -> Result<()> {
        for round in 0..EACH {
            let id = env.transact(|txn| {
                let counter = worker % 8;
                let next = counters.get(txn, counter)?.unwrap_or(0) + 1;
                counters.put(txn, counter, next)?;
                // A transaction that reads its uncommitted predecessor finds the log in order, too.
                let entries = log.len(txn)?;
                assert_eq!(log.last(txn)?.map_or(0, |(number, _)| number), entries);
                log.append(txn, entries + 1, worker * EACH + round)?;
                Ok(txn.id())
            })?;
            assert!(env.snapshot()?.id() >= id, "committed when it is told so");
            assert!(ids.lock().expect("nobody panics").insert(id), "each transaction has an id of its own");
        }
        Ok(())
    };
    thread::scope(|scope| all((0..THREADS).map(|worker| scope.spawn(move || count(worker))).collect()))?;
    let snap = env.snapshot()?;
    for counter in 0..8 {
        assert_eq!(counters.get(&snap, counter)?, Some(THREADS / 8 * EACH));
    }
    let done: BTreeSet<u64> = log.iter(&snap)?.map(|entry| Ok(entry?.1)).collect::<Result<_>>()?;
    assert_eq!(done, (0..THREADS * EACH).collect());
    assert_eq!(env.info()?.commits, before + THREADS * EACH);
    let ids = ids.into_inner().map_err(|_| Error::other("poisoned"))?;
    assert_eq!(ids, (before + 1..=before + THREADS * EACH).collect(), "without a gap");
    assert!(env.verify()?.is_clean());
    Ok(())
}

#[test]
fn sixty_four_threads_count_exactly_with_ids_without_gaps() -> Result<()> {
    count_with(Durability::Immediate)
}

#[test]
fn sixty_four_threads_count_exactly_with_eventual_durability() -> Result<()> {
    count_with(Durability::Eventual)
}

#[test]
fn every_snapshot_has_the_same_sum_of_transferred_amounts() -> Result<()> {
    const ACCOUNTS: u64 = 50;
    let dir = directory()?;
    let env = Env::open(dir.path())?;
    let accounts: Dbi<u64, u64> = env.dbi("accounts")?;
    env.transact(|txn| (0..ACCOUNTS).try_for_each(|account| accounts.put(txn, account, 100)))?;
    let done = AtomicBool::new(false);
    let pay = |worker: u64| -> Result<()> {
        for round in 0..60 {
            let (from, to, sum) = ((worker * 7 + round) % ACCOUNTS, (worker + round * 13) % ACCOUNTS, round % 40);
            let paid = env.transact(|txn| {
                // The transfer fails after half of it is done.
                accounts.update(txn, to, |held| Some(held.unwrap_or(0) + sum))?;
                let held = accounts.get(txn, from)?.unwrap_or(0);
                let rest = held.checked_sub(sum).ok_or_else(|| Error::new(ErrorKind::Conflict, "too poor for it"))?;
                accounts.put(txn, from, rest)
            });
            if let Err(error) = paid {
                assert_eq!(error.message(), "too poor for it", "{error:?}");
            }
        }
        Ok(())
    };
    let look = || -> Result<()> {
        let mut last = 0;
        while !done.load(Ordering::Acquire) {
            let snap = env.snapshot()?;
            let sum = accounts.iter(&snap)?.try_fold(0, |sum, entry| Ok::<_, Error>(sum + entry?.1))?;
            assert_eq!(sum, ACCOUNTS * 100, "in state {}", snap.id());
            assert!(snap.id() >= last);
            last = snap.id();
        }
        Ok(())
    };
    thread::scope(|scope| {
        let watchers: Vec<_> = (0..2).map(|_| scope.spawn(look)).collect();
        let paid = all((0..16).map(|worker| scope.spawn(move || pay(worker))).collect());
        done.store(true, Ordering::Release);
        paid.and(all(watchers))
    })
}
