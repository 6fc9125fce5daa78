//! A process with four writing threads is killed at a random moment, repeatedly. Every acknowledged transaction is
//! there, every other one is there as a whole or not at all, and the file is sound.
//!
//! `MAPLEAF_KILL_ROUNDS` sets the number of kills, `MAPLEAF_KILL_SEED` their times.

use crate::common::process;
use std::env;
use std::ops::RangeInclusive;
use std::path::Path;
use std::str::FromStr;
use std::thread;
use std::time::Duration;

use crate::common::damage::Random;
use mapleaf::{Dbi, Durability, Env, Error, Msgpack, Result, WriteTxn};

const THREADS: u32 = 4;
/// Each thread adds rows and keeps its newest ones, this many.
const ROWS: u64 = 20;
/// Each transaction adds an entry; the newest ones, this many, stay.
const ORDER: u64 = 50;
/// The number of rounds in one environment.
const LIFE: usize = 25;
const DURABILITIES: [Durability; 3] = [Durability::Immediate, Durability::Eventual, Durability::Process];

/// The databases that the transactions change. The order of the transactions, each with its thread, determines the
/// state.
struct Work {
    env: Env,
    /// The number of transactions of each thread; under `THREADS`, their sum.
    counters: Dbi<u32, u64>,
    /// The last transactions of each thread: the number among all transactions, and bytes.
    rows: Dbi<(u32, u64), &'static [u8]>,
    /// The last transactions of all threads: the thread, and its own count.
    order: Dbi<u64, Msgpack<(u32, u64)>>,
}

fn row(thread: u32, count: u64, number: u64) -> Vec<u8> {
    let random = Random(u64::from(thread) << 32 | count).below(40);
    let length = if random == 0 { 20_000 } else { random * 20 };
    [&number.to_be_bytes()[..], &vec![u8::try_from(count % 251).unwrap_or(0); length]].concat()
}

fn last(of: u64, kept: u64) -> RangeInclusive<u64> {
    (of + 1).saturating_sub(kept).max(1)..=of
}

impl Work {
    fn open(path: &Path, durability: Durability) -> Result<Self> {
        let env = Env::options().map_size(1 << 18).max_readers(64).durability(durability).open(path)?;
        let (counters, rows, order) = (env.dbi("counters")?, env.dbi("rows")?, env.dbi("order")?);
        Ok(Self { env, counters, rows, order })
    }

    /// Runs one transaction of `thread` and returns the thread's count.
    fn step(&self, txn: &mut WriteTxn, thread: u32) -> Result<u64> {
        let number = self.counters.get(txn, THREADS)?.unwrap_or(0) + 1;
        let count = self.counters.get(txn, thread)?.unwrap_or(0) + 1;
        self.counters.put(txn, THREADS, number)?;
        self.rows.put(txn, (thread, count), &row(thread, count, number))?;
        self.order.put(txn, number, &(thread, count))?;
        if count > ROWS {
            assert!(self.rows.delete(txn, (thread, count - ROWS))?);
        }
        if number > ORDER {
            assert!(self.order.delete(txn, number - ORDER)?);
        }
        self.counters.put(txn, thread, count)?;
        Ok(count)
    }

    /// A transaction of this process. If a process was killed when it was about to record its commit in LMDB's lock
    /// file, surviving processes see that commit after the next transaction.
    fn settle(&self) -> Result<()> {
        self.env.transact(|txn| self.counters.update(txn, u32::MAX, |count| Some(count.unwrap_or(0) + 1)).map(drop))
    }

    /// Returns the number of transactions of each thread, after a check that these are there in full and no others in
    /// part.
    fn check(&self) -> Result<Vec<u64>> {
        let report = self.env.verify()?;
        assert!(report.is_clean(), "{:?}", report.faults);
        let snap = self.env.snapshot()?;
        let count = |thread| Ok(self.counters.get(&snap, thread)?.unwrap_or(0));
        let counts: Vec<u64> = (0..THREADS).map(count).collect::<Result<_>>()?;
        let number: u64 = counts.iter().sum();
        assert_eq!(count(THREADS)?, number, "the sum of {counts:?}");
        let order: Vec<(u64, (u32, u64))> = self.order.iter(&snap)?.collect::<Result<_>>()?;
        assert!(order.iter().map(|(number, _)| *number).eq(last(number, ORDER)), "of {counts:?}: {order:?}");
        let mut expected = Vec::new();
        for (thread, count) in (0..).zip(&counts) {
            expected.extend(last(*count, ROWS).map(|count| (thread, count)));
        }
        let rows: Vec<((u32, u64), &[u8])> = self.rows.iter(&snap)?.collect::<Result<_>>()?;
        assert!(rows.iter().map(|(key, _)| *key).eq(expected), "of {counts:?}");
        for ((thread, count), value) in rows {
            let number = value.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
            assert!(value == row(thread, count, number), "row {count} of thread {thread}");
            if let Some(found) = order.iter().find(|entry| entry.0 == number) {
                assert_eq!(found.1, (thread, count), "number {number}");
            }
        }
        Ok(counts)
    }
}

/// The child: transactions without end; each is reported after it was acknowledged.
fn write(path: &Path, durability: Durability) -> Result<()> {
    let work = Work::open(path, durability)?;
    process::tell("opened");
    thread::scope(|scope| {
        let run = |thread| {
            let work = &work;
            scope.spawn(move || -> Result<()> {
                loop {
                    let count = work.env.transact(|txn| work.step(txn, thread))?;
                    process::tell(&format!("{thread} {count}."));
                }
            })
        };
        let threads: Vec<_> = (0..THREADS).map(run).collect();
        threads.into_iter().try_for_each(|thread| thread.join().map_err(|_| Error::other("a panic"))?)
    })
}

/// Parses a line if it is complete: the kill may have cut the last one short.
fn told(line: &str) -> Option<(usize, u64)> {
    let (thread, count) = line.strip_suffix('.')?.split_once(' ')?;
    Some((thread.parse().ok()?, count.parse().ok()?))
}

/// Kills a child, and raises `acknowledged` to the counts that its threads reported.
fn kill_one(name: &str, path: &Path, which: usize, random: &mut Random, acknowledged: &mut [u64]) -> Result<()> {
    let mut child = process::spawn(name, &[&path.to_string_lossy(), &which.to_string()])?;
    let in_opening = random.below(8) == 0;
    if !in_opening {
        child.expect("opened");
    }
    thread::sleep(Duration::from_micros(random.below(if in_opening { 12_000 } else { 50_000 }) as u64));
    child.kill()?;
    while let Some(line) = child.line() {
        if let Some((thread, count)) = told(&line) {
            acknowledged[thread] = acknowledged[thread].max(count);
        }
    }
    Ok(())
}

fn number<T: FromStr>(variable: &str, otherwise: T) -> T {
    env::var(variable).ok().and_then(|value| value.parse().ok()).unwrap_or(otherwise)
}

#[test]
fn a_kill_loses_no_transaction_that_a_thread_acknowledged() -> Result<()> {
    let name = "a_kill_loses_no_transaction_that_a_thread_acknowledged";
    if let Some(arguments) = process::arguments() {
        let which = arguments[1].parse().map_or(0, |which: usize| which);
        return write(Path::new(&arguments[0]), DURABILITIES[which]);
    }
    let (rounds, mut random) = (number("MAPLEAF_KILL_ROUNDS", 200), Random(number("MAPLEAF_KILL_SEED", 7)));
    let (mut transactions, mut ahead) = (0, 0);
    for (life, begin) in (0..rounds).step_by(LIFE).enumerate() {
        let dir = tempfile::tempdir().map_err(Error::other)?;
        let which = life % DURABILITIES.len();
        // In some environments a surviving process has the environment open, too.
        let beside = (life % 2 == 1).then(|| Work::open(dir.path(), DURABILITIES[which])).transpose()?;
        let mut counts = vec![0; THREADS as usize];
        for round in begin..rounds.min(begin + LIFE) {
            let mut acknowledged = counts;
            kill_one(name, dir.path(), which, &mut random, &mut acknowledged)?;
            let work = Work::open(dir.path(), DURABILITIES[which])?;
            work.settle()?;
            counts = work.check()?;
            for (found, told) in counts.iter().zip(&acknowledged) {
                // Each thread has at most one transaction that it did not report.
                assert!((*told..=told + 1).contains(found), "round {round}: told {acknowledged:?}, found {counts:?}");
                ahead += u32::from(found > told);
            }
        }
        transactions += counts.iter().sum::<u64>();
        drop(beside);
    }
    println!("{rounds} rounds, {transactions} transactions, {ahead} of them committed and not told of");
    assert!(transactions > rounds as u64, "most children get to write");
    Ok(())
}
