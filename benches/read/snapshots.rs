//! Snapshots: with one look-up in a small tree, and alone while nothing is committed, on one thread and on two.

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use mapleaf::Durability;

use crate::support::{Case, Lane, Numbers, Outcome, Role, Sides, Suite, Target, number, pick, touch, value};

/// Threads that take snapshots at the same time.
const CORES: usize = 2;
/// The rows of a tree that fits a core's own cache.
const ROWS: u64 = 10_000;

pub(crate) fn snapshots(suite: &mut Suite) -> Outcome {
    let (gets, takes) = (suite.plan.work(100_000, 100), suite.plan.work(500_000, 100));
    let one = Case::new("snapshot and one get, 10k rows", gets).target(2.0);
    let idle = Case::new("snapshot, nothing committed", takes).must(Target::Time(30e-9));
    let shared = Case::new("snapshot, nothing committed, 2 threads", takes).must(Target::Time(30e-9));
    if !suite.runs_any(&[one.clone(), idle.clone(), shared.clone()]) {
        return Ok(());
    }
    let sides = Sides::new(&suite.plan, Durability::Process, |env| {
        let numbers: Numbers = env.dbi("numbers")?;
        Ok(env.transact(|txn| (0..ROWS).try_for_each(|i| numbers.put(txn, number(i), &value(i))))?)
    })?;
    let (numbers, tree): (Numbers, _) = (sides.mapleaf.dbi("numbers")?, sides.tree("numbers")?);
    let keys: Vec<u64> = (0..u64::from(gets)).map(|n| number(pick(n, ROWS))).collect();
    let lanes = vec![
        Lane::new(Role::Heed, || {
            keys.iter().try_fold(0, |sum: u64, key| {
                let txn = sides.heed.read_txn()?;
                let value = tree.get(&txn, &key.to_be_bytes())?;
                Ok(sum.wrapping_add(touch(value.ok_or("heed did not find a key")?)))
            })
        }),
        Lane::new(Role::Mapleaf, || {
            keys.iter().try_fold(0, |sum: u64, key| {
                let snap = sides.mapleaf.snapshot()?;
                let value = numbers.get(&snap, *key)?;
                Ok(sum.wrapping_add(touch(value.ok_or("mapleaf did not find a key")?)))
            })
        }),
    ];
    suite.race_lanes(&one, lanes)?;
    for (case, threads) in [(idle, 1), (shared, CORES)] {
        let heed = || Ok(u64::from(sides.heed.read_txn().map_err(mapleaf::Error::other)?.id() > 0));
        let mapleaf = || Ok(u64::from(sides.mapleaf.snapshot()?.id() > 0));
        let lanes = vec![
            Lane::timing(Role::Heed, || together(threads, takes, heed)),
            Lane::timing(Role::Mapleaf, || together(threads, takes, mapleaf)),
        ];
        suite.race_lanes(&case, lanes)?;
    }
    Ok(())
}

/// Takes `takes` snapshots on each of `threads` threads at the same time; the time of the slowest.
fn together(threads: usize, takes: u32, take: impl Fn() -> mapleaf::Result<u64> + Sync) -> Outcome<(Duration, u64)> {
    let (start, take) = (Barrier::new(threads), &take);
    let run = || -> mapleaf::Result<(Duration, u64)> {
        // Each thread's first snapshot is not timed: it finds the state, or a reader slot.
        let mut sum = take()?;
        start.wait();
        let began = Instant::now();
        for _ in 0..takes {
            sum += take()?;
        }
        Ok((began.elapsed(), sum))
    };
    thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
        running.into_iter().try_fold((Duration::ZERO, 0), |(slowest, sum), thread| {
            let (took, ids) = thread.join().map_err(|_| "a thread panicked")??;
            Ok((slowest.max(took), sum + ids))
        })
    })
}
