//! Two processes with many threads each: neither commits between a group of the other and the state it is based on, and
//! neither is starved.

use crate::common::process;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use mapleaf::{Dbi, Env, Error, Result};

const THREADS: u64 = 8;
const NAME: &str = "two_processes_with_group_commits_share_the_lock_without_conflicts";

type Counters = Dbi<u64, u64>;

/// Counts in eight threads until `done` is set. An error of one thread is returned.
fn count(path: &Path, counted: &AtomicU64, done: &AtomicBool) -> Result<()> {
    let env = Env::open(path)?;
    let counters: Counters = env.dbi("counters")?;
    let work = |worker: u64| -> Result<()> {
        while !done.load(Ordering::Acquire) {
            env.transact(|txn| counters.update(txn, worker % 3, |old| Some(old.unwrap_or(0) + 1)))?;
            counted.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|worker| scope.spawn(move || work(worker))).collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("no thread panics"))
    })
}

#[test]
fn two_processes_with_group_commits_share_the_lock_without_conflicts() -> Result<()> {
    let (counted, done) = (AtomicU64::new(0), AtomicBool::new(false));
    if let Some(arguments) = process::arguments() {
        return thread::scope(|scope| {
            let counting = scope.spawn(|| count(Path::new(&arguments[0]), &counted, &done));
            // While the other process counts, this one gets its share, repeatedly.
            for wanted in [300, 600, 900] {
                while counted.load(Ordering::Relaxed) < wanted && !counting.is_finished() {
                    thread::yield_now();
                }
                process::tell("counted");
                process::hear()?;
            }
            done.store(true, Ordering::Release);
            counting.join().expect("it does not panic")?;
            process::tell(&counted.load(Ordering::Relaxed).to_string());
            Ok(())
        });
    }
    let dir = tempfile::tempdir().map_err(Error::other)?;
    drop(Env::open(dir.path())?);
    let mut child = process::spawn(NAME, &[&dir.path().to_string_lossy()])?;
    let of_child = thread::scope(|scope| -> Result<u64> {
        let counting = scope.spawn(|| count(dir.path(), &counted, &done));
        for _ in 0..3 {
            child.expect("counted");
            let before = counted.load(Ordering::Relaxed);
            while counted.load(Ordering::Relaxed) < before + 300 && !counting.is_finished() {
                thread::yield_now();
            }
            child.say("on")?;
        }
        let of_child = child.line().and_then(|line| line.parse().ok()).unwrap_or(0);
        done.store(true, Ordering::Release);
        counting.join().expect("it does not panic")?;
        Ok(of_child)
    })?;
    child.passes()?;
    let env = Env::open(dir.path())?;
    let counters: Counters = env.dbi("counters")?;
    let snap = env.snapshot()?;
    let sum = counters.iter(&snap)?.try_fold(0, |sum, entry| Ok::<_, Error>(sum + entry?.1))?;
    assert_eq!(sum, of_child + counted.into_inner());
    assert!(env.verify()?.is_clean());
    Ok(())
}
