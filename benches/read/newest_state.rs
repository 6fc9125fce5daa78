//! Opening the newest state while a writer commits durably, again and again.
//!
//! A reader asks for the newest state in a loop. Each call that returns a new state is timed: it had to open that
//! state. How often the writer interferes is half of the result, so times are reported as percentiles. The files must
//! be on a disk.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use mapleaf::Durability;

use crate::support::{Case, Numbers, Outcome, Race, Sides, Suite, Target, Tree, value};

pub(crate) fn newest_state(suite: &mut Suite) -> Outcome {
    let name = "open a state under a durable writer";
    let (median, tail) = (Case::new(format!("{name}, p50"), 1), Case::new(format!("{name}, p99"), 1));
    let tail = tail.must(Target::Time(1e-6));
    if !suite.runs_any(&[median.clone(), tail.clone()]) {
        return Ok(());
    }
    let sides = Sides::new(&suite.plan, Durability::Immediate, |env| {
        let numbers: Numbers = env.dbi("numbers")?;
        Ok(env.transact(|txn| (0..10_000).try_for_each(|i| numbers.put(txn, i, &value(i))))?)
    })?;
    let (numbers, tree): (Numbers, Tree) = (sides.mapleaf.dbi("numbers")?, sides.tree("numbers")?);
    let opened = usize::try_from(suite.plan.work(2_000, 20))?;

    let (mut heed, mut mapleaf) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
    for round in 0..=suite.plan.rounds {
        let put = |i: u64| {
            let mut txn = sides.heed.write_txn().map_err(mapleaf::Error::other)?;
            let put = tree.put(&mut txn, &(i % 10_000).to_be_bytes(), &value(i)).and_then(|()| txn.commit());
            put.map_err(mapleaf::Error::other)
        };
        let theirs = beside(put, opened, || {
            let began = Instant::now();
            let txn = sides.heed.read_txn()?;
            let took = began.elapsed();
            Ok((took, txn.id() as u64))
        })?;
        let put = |i: u64| sides.mapleaf.transact(|txn| numbers.put(txn, i % 10_000, &value(i)));
        let ours = beside(put, opened, || {
            let began = Instant::now();
            let snap = sides.mapleaf.snapshot()?;
            let took = began.elapsed();
            Ok((took, snap.id()))
        })?;
        if round > 0 {
            for (at, percent) in [50, 99].into_iter().enumerate() {
                heed[at].push(percentile(&theirs, percent));
                mapleaf[at].push(percentile(&ours, percent));
            }
        }
    }
    for ((case, heed), mapleaf) in [median, tail].iter().zip(heed).zip(mapleaf) {
        if suite.runs(case) {
            suite.came_out(case, &Race::of(heed, mapleaf));
        }
    }
    Ok(())
}

/// Opens `count` new states while another thread puts and commits, and returns the times, in order.
fn beside(
    put: impl Fn(u64) -> mapleaf::Result<()> + Sync,
    count: usize,
    open: impl Fn() -> Outcome<(Duration, u64)>,
) -> Outcome<Vec<Duration>> {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let writer = scope.spawn(|| (0..).take_while(|_| !done.load(Ordering::Relaxed)).try_for_each(&put));
        let read = || {
            let (mut times, mut last) = (Vec::with_capacity(count), open()?.1);
            // A writer that has failed makes no more commits.
            while times.len() < count && !writer.is_finished() {
                let (took, id) = open()?;
                if id != last {
                    last = id;
                    times.push(took);
                }
            }
            Outcome::Ok(times)
        };
        let times = read();
        done.store(true, Ordering::Relaxed);
        writer.join().map_err(|_| "the writer panicked")??;
        let mut times = times?;
        times.sort_unstable();
        Ok(times)
    })
}

fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let at = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted.get(at).copied().unwrap_or_default()
}
