//! The disk fills up under group commits. Acknowledged transactions are there; refused ones are not, whether they met
//! the full disk or were based on a commit that did. All threads continue when there is space again.

use crate::common::mount;
use crate::common::process;
use std::fs;
use std::path::Path;
use std::thread;

use crate::common::errors::{directory, io};
use mapleaf::{Batch, Dbi, Durability, Env, Error, ErrorKind, Read, Result};

const DISK: usize = 16 << 20;
const BALLAST: usize = 3 << 20;
const THREADS: u64 = 8;
/// The number of refusals after which each thread waits for space.
const REFUSALS: usize = 6;
/// Transactions of each thread after there is space.
const MORE: u64 = 5;
/// The first number of these transactions.
const PHASE: u64 = 1_000_000;
/// The most tries. In most of them, other transactions are based on the commit that fails.
const TRIES: usize = 20;

type Rows = Dbi<(u64, u64), &'static [u8]>;

struct Work {
    env: Env,
    rows: Rows,
    /// The number of rows.
    total: Dbi<(), u64>,
}

/// The outcomes of one thread's transactions.
#[derive(Default)]
struct Told {
    kept: Vec<(u64, u64)>,
    refused: Vec<(u64, u64)>,
    full: u64,
    conflicts: u64,
}

impl Work {
    fn open(path: &Path, durability: Durability) -> Result<Self> {
        let env = Env::options().map_size(1 << 26).max_readers(64).durability(durability).open(path)?;
        Ok(Self { rows: env.dbi("rows")?, total: env.dbi("total")?, env })
    }

    fn add(&self, row: (u64, u64)) -> Result<()> {
        // Some commits take long enough for other transactions to be based on them.
        let length = if row.0 % 4 == 1 && row.1 < PHASE { 800_000 } else { 20_000 };
        let value = vec![u8::try_from(row.1 % 251).unwrap_or(0); length];
        if row.0 == 0 {
            // One thread submits its rows to the committing thread.
            let mut batch = Batch::new();
            batch.insert(&self.rows, row, &value)?;
            return self.env.submit(batch)?.wait();
        }
        self.env.transact(|txn| {
            assert!(self.rows.insert(txn, row, &value)?, "{row:?} was refused and is there");
            self.count(txn)?;
            self.total.update(txn, (), |total| Some(total.unwrap_or(0) + 1)).map(drop)
        })
    }

    /// Checks the counter against the rows, without those that the first thread submits, and returns it.
    fn count(&self, state: &impl Read) -> Result<u64> {
        let counted = self.rows.len(state)? - self.rows.count(state, (0, 0)..(1, 0))?;
        let total = self.total.get(state, ())?.unwrap_or(0);
        // Inside a transaction, its own row exists and is not counted yet.
        assert!(counted == total || counted == total + 1, "{counted} rows and {total} are counted");
        Ok(total)
    }

    fn fill(&self, worker: u64) -> Result<Told> {
        let mut told = Told::default();
        for turn in 0.. {
            match self.add((worker, turn)) {
                Ok(()) => told.kept.push((worker, turn)),
                Err(error) => {
                    match error.kind() {
                        ErrorKind::DiskFull => told.full += 1,
                        ErrorKind::Conflict => told.conflicts += 1,
                        _ => return Err(error),
                    }
                    assert_eq!(error.is_retryable(), error.kind() == ErrorKind::Conflict);
                    told.refused.push((worker, turn));
                }
            }
            if told.refused.len() == REFUSALS {
                break;
            }
        }
        Ok(told)
    }

    fn go_on(&self, worker: u64) -> Result<Told> {
        let kept: Vec<_> = (0..MORE).map(|turn| (worker, PHASE + turn)).collect();
        kept.iter().try_for_each(|row| self.add(*row))?;
        Ok(Told { kept, ..Told::default() })
    }

    fn holds(&self, told: &[Told]) -> Result<()> {
        let snap = self.env.snapshot()?;
        let mut kept: Vec<_> = told.iter().flat_map(|told| &told.kept).copied().collect();
        kept.sort_unstable();
        assert_eq!(self.rows.keys(&snap)?.collect::<Result<Vec<_>>>()?, kept);
        assert_eq!(self.count(&snap)?, kept.iter().filter(|row| row.0 > 0).count() as u64);
        for row in told.iter().flat_map(|told| &told.refused) {
            assert!(!self.rows.contains(&snap, *row)?, "{row:?} was refused and is there");
        }
        assert!(self.env.verify()?.is_clean());
        Ok(())
    }
}

/// Runs all threads and returns their outcomes.
fn all(part: impl Fn(u64) -> Result<Told> + Sync) -> Result<Vec<Told>> {
    thread::scope(|scope| {
        let part = &part;
        let threads: Vec<_> = (0..THREADS).map(|worker| scope.spawn(move || part(worker))).collect();
        let join = |thread: thread::ScopedJoinHandle<'_, Result<Told>>| {
            thread.join().map_err(|_| Error::other("a panic")).and_then(|told| told)
        };
        threads.into_iter().map(join).collect()
    })
}

/// Returns how many transactions were refused for the disk, and how many for the commit that they were based on.
fn case(disk: &Path, durability: Durability) -> Result<(u64, u64)> {
    let (path, ballast) = (disk.join("env"), disk.join("ballast"));
    io(fs::write(&ballast, vec![1; BALLAST]))?;
    let work = Work::open(&path, durability)?;
    let mut told = all(|worker| work.fill(worker))?;
    work.holds(&told)?;
    let refused = told.iter().fold((0, 0), |sum, told| (sum.0 + told.full, sum.1 + told.conflicts));
    io(fs::remove_file(&ballast))?;
    told.extend(all(|worker| work.go_on(worker))?);
    work.holds(&told)?;
    work.env.close()?;
    drop(work);
    Work::open(&path, durability)?.holds(&told)?;
    Env::destroy(&path)?;
    Ok(refused)
}

#[test]
fn a_full_disk_loses_no_acknowledged_commit() -> Result<()> {
    process::apart("a_full_disk_loses_no_acknowledged_commit", || {
        let dir = directory()?;
        if !mount::small_disk(dir.path(), DISK) {
            return Ok(());
        }
        for durability in [Durability::Immediate, Durability::Eventual] {
            let mut conflicts = 0;
            for _ in 0..TRIES {
                let (full, stacked) = case(dir.path(), durability)?;
                assert!(full > 0, "somebody is told the cause");
                conflicts += stacked;
                if conflicts > 0 {
                    break;
                }
            }
            assert!(conflicts > 0, "nothing was ever made on a commit that failed, {durability:?}");
        }
        Ok(())
    })
}
