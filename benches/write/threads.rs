//! Many threads, each with a transaction of its own for every put, against as many with heed: heed's threads wait for
//! one lock, and pay for a flush each.

use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use mapleaf::{Dbi, Durability, Env};

use crate::support::{Case, Lane, Numbers, Outcome, Role, Sides, Suite, Tree, number, value};

const ROWS: u64 = 10_000;
const COUNTERS: u64 = 8;
/// Rounds of a case that waits for the disk hundreds of times.
const ROUNDS: u64 = 9;
/// Transactions that wait for the disk, per thread and round. With eight, threads would start, run for the first time
/// and end during a third of the time.
const EACH: u32 = 64;

pub(crate) fn threads(suite: &mut Suite) -> Outcome {
    for (durability, count, target) in [
        (Durability::Immediate, 8, 8.0),
        (Durability::Immediate, 64, 60.0),
        (Durability::Process, 8, 1.0),
        (Durability::Process, 64, 1.0),
    ] {
        let each = if durability == Durability::Immediate { EACH } else { 200 };
        puts(suite, durability, count, suite.plan.work(each, 1), target)?;
    }
    counters(suite)
}

fn name(durability: Durability, what: &str) -> String {
    format!("{what}, {}", format!("{durability:?}").to_lowercase())
}

fn puts(suite: &mut Suite, durability: Durability, count: u32, each: u32, target: f64) -> Outcome {
    let name = name(durability, &format!("{count} threads, each a transact of a put"));
    let case = Case::new(name, count * each).target(target);
    if !suite.runs_any(std::slice::from_ref(&case)) {
        return Ok(());
    }
    let sides = Sides::new(&suite.plan, durability, fill)?;
    let (numbers, tree): (Numbers, Tree) = (sides.mapleaf.dbi("numbers")?, sides.tree("numbers")?);
    let (ours, theirs) = (AtomicU64::new(ROWS), AtomicU64::new(ROWS));
    let heed = || {
        let i = theirs.fetch_add(1, Ordering::Relaxed);
        let mut txn = sides.heed.write_txn()?;
        tree.put(&mut txn, &number(i).to_be_bytes(), &value(i))?;
        Outcome::Ok(txn.commit()?)
    };
    let mapleaf = || {
        let i = ours.fetch_add(1, Ordering::Relaxed);
        Outcome::Ok(sides.mapleaf.transact(|txn| numbers.put(txn, number(i), &value(i)))?)
    };
    let lanes = vec![
        Lane::timing(Role::Heed, || {
            let took = at_once(count, each, &heed)?;
            let txn = sides.heed.read_txn()?;
            Ok((took, tree.len(&txn)?))
        }),
        Lane::timing(Role::Mapleaf, || {
            let took = at_once(count, each, &mapleaf)?;
            Ok((took, numbers.len(&sides.mapleaf.snapshot()?)?))
        }),
    ];
    suite.race_rounds(&case, ROUNDS, 1, lanes)
}

/// Each thread increments the counters in turn; their sum must equal the number of increments.
fn counters(suite: &mut Suite) -> Outcome {
    let (count, each) = (64, suite.plan.work(EACH, 1));
    let name = name(Durability::Immediate, "64 threads increment 8 counters");
    let case = Case::new(name, count * each).target(60.0);
    if !suite.runs_any(std::slice::from_ref(&case)) {
        return Ok(());
    }
    let sides = Sides::new(&suite.plan, Durability::Immediate, |env| {
        let counts: Dbi<u64, u64> = env.dbi("counts")?;
        Ok(env.transact(|txn| (0..COUNTERS).try_for_each(|counter| counts.put(txn, counter, 0)))?)
    })?;
    let (counts, tree): (Dbi<u64, u64>, Tree) = (sides.mapleaf.dbi("counts")?, sides.tree("counts")?);
    let (ours, theirs) = (AtomicU64::new(0), AtomicU64::new(0));
    let heed = || {
        let counter = (theirs.fetch_add(1, Ordering::Relaxed) % COUNTERS).to_be_bytes();
        let mut txn = sides.heed.write_txn()?;
        let old = tree.get(&txn, &counter)?.and_then(|old| old.first_chunk()).ok_or("a counter is gone")?;
        let new = u64::from_be_bytes(*old) + 1;
        tree.put(&mut txn, &counter, &new.to_be_bytes())?;
        Outcome::Ok(txn.commit()?)
    };
    let mapleaf = || {
        let counter = ours.fetch_add(1, Ordering::Relaxed) % COUNTERS;
        sides.mapleaf.transact(|txn| counts.update(txn, counter, |old| Some(old.unwrap_or(0) + 1)))?;
        Outcome::Ok(())
    };
    let sum_of_theirs = || {
        let txn = sides.heed.read_txn()?;
        tree.iter(&txn)?.try_fold(0, |sum, entry| {
            let count = entry?.1.first_chunk().map_or(0, |count| u64::from_be_bytes(*count));
            Outcome::Ok(sum + count)
        })
    };
    let sum_of_ours = || {
        let snap = sides.mapleaf.snapshot()?;
        Outcome::Ok(counts.values(&snap)?.sum::<mapleaf::Result<u64>>()?)
    };
    let mut made = 0;
    let lanes = vec![
        Lane::timing(Role::Heed, || {
            let took = at_once(count, each, &heed)?;
            Ok((took, sum_of_theirs()?))
        }),
        Lane::timing(Role::Mapleaf, || {
            let took = at_once(count, each, &mapleaf)?;
            made += u64::from(count * each);
            let sum = sum_of_ours()?;
            if sum == made { Ok((took, sum)) } else { Err(format!("{made} increments come to {sum}").into()) }
        }),
    ];
    suite.race_rounds(&case, ROUNDS, 1, lanes)
}

fn fill(env: &Env) -> Outcome {
    let numbers: Numbers = env.dbi("numbers")?;
    Ok(env.transact(|txn| (0..ROWS).try_for_each(|i| numbers.put(txn, number(i), &value(i))))?)
}

/// The time that `threads` threads take to do `work` `each` times, from when all of them are ready.
fn at_once(threads: u32, each: u32, work: &(impl Fn() -> Outcome + Sync)) -> Outcome<Duration> {
    let ready = Barrier::new(usize::try_from(threads)? + 1);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    ready.wait();
                    // A thread's error is returned as text, because it need not be `Send`.
                    (0..each).try_for_each(|_| work().map_err(|error| error.to_string()))
                })
            })
            .collect();
        // The last thread to arrive starts the others.
        let began = Instant::now();
        ready.wait();
        for worker in workers {
            worker.join().map_err(|_| "a thread panicked")??;
        }
        Ok(began.elapsed())
    })
}
