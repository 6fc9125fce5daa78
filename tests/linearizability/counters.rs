//! Three processes of eight threads count together. Their transactions have one order, which agrees with real time and
//! with the order of each thread, and everything that begins after an acknowledged commit sees it, whether it is a closure,
//! a transaction that is held or a draft, and whether it is flushed or not.

use crate::common::process;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use mapleaf::{Dbi, Durability, Env, Error, ErrorKind, Msgpack, Result, Write};

const PROCESSES: u32 = 3;
const THREADS: u32 = 8;
const DURABILITIES: [Durability; 2] = [Durability::Immediate, Durability::Process];

/// The maker of a transaction (process, thread, number), and its id; 0 for a draft, which does not know it.
type Entry = (u32, u32, u32, u64);

struct Work {
    env: Env,
    counter: Dbi<(), u64>,
    log: Dbi<u64, Msgpack<Entry>>,
    /// The weakest durability that the environment takes.
    weak: Durability,
}

fn turns(durability: Durability) -> u32 {
    if durability == Durability::Process { 150 } else { 30 }
}

impl Work {
    fn open(path: &Path, durability: Durability) -> Result<Self> {
        let env = Env::options().durability(durability).map_size(1 << 18).max_readers(64).open(path)?;
        let (counter, log) = (env.dbi("counter")?, env.dbi("log")?);
        let weak = if durability == Durability::Process { durability } else { Durability::Eventual };
        Ok(Self { env, counter, log, weak })
    }

    /// Counts one more, and notes who did.
    fn add(&self, txn: &mut impl Write, by: (u32, u32, u32), id: u64) -> Result<u64> {
        let count = self.counter.get(txn, ())?.unwrap_or(0) + 1;
        self.counter.put(txn, (), count)?;
        self.log.put(txn, count, &(by.0, by.1, by.2, id))?;
        Ok(count)
    }

    /// Counts once by a draft, as often as it takes.
    fn draft(&self, by: (u32, u32, u32)) -> Result<u64> {
        loop {
            let mut draft = self.env.snapshot()?.draft();
            let count = self.add(&mut draft, by, 0)?;
            match draft.commit() {
                Ok(id) => {
                    // All transactions count one, so an id is as far from its count as any other.
                    let snap = self.env.snapshot()?;
                    let newest = self.counter.get(&snap, ())?.unwrap_or(0);
                    assert_eq!(snap.id() - newest, u64::from(id) - count);
                    return Ok(count);
                }
                Err(error) if error.kind() == ErrorKind::Conflict => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The work of one thread. `seen` is the highest acknowledged count in this process.
    fn count(&self, process: u32, thread: u32, turns: u32, seen: &AtomicU64) -> Result<()> {
        let mut newest = 0;
        for turn in 0..turns {
            let before = seen.load(Ordering::SeqCst);
            let by = (process, thread, turn);
            let count = match turn % 5 {
                // Few, since they conflict with all others.
                1 if thread == 0 => self.draft(by)?,
                2 => {
                    let mut txn = self.env.begin()?;
                    let id = txn.id();
                    let count = self.add(&mut txn, by, id)?;
                    assert_eq!(u64::from(txn.commit()?), id);
                    count
                }
                3 => self.env.transact_with(self.weak, |txn| {
                    let id = txn.id();
                    self.add(txn, by, id)
                })?,
                _ => self.env.transact(|txn| {
                    let id = txn.id();
                    self.add(txn, by, id)
                })?,
            };
            assert!(count > before, "{count} began after {before} was acknowledged");
            seen.fetch_max(count, Ordering::SeqCst);
            let snap = self.env.snapshot()?;
            let read = self.counter.get(&snap, ())?.unwrap_or(0);
            assert!(read >= count, "a snapshot of {read} was taken after {count} was acknowledged");
            assert_eq!(self.log.len(&snap)?, read, "a snapshot is of one state");
            assert!(snap.id() >= newest, "time runs forward");
            newest = snap.id();
        }
        Ok(())
    }

    fn count_all(&self, process: u32, turns: u32) -> Result<()> {
        let seen = AtomicU64::new(0);
        thread::scope(|scope| {
            let run = |thread| {
                let seen = &seen;
                scope.spawn(move || self.count(process, thread, turns, seen))
            };
            let threads: Vec<_> = (0..THREADS).map(run).collect();
            threads.into_iter().try_for_each(|thread| thread.join().map_err(|_| Error::other("a panic"))?)
        })
    }

    /// Checks that there is one order: no count is missing or doubled, ids are consecutive, and the transactions of
    /// each thread are in its order.
    fn check(&self, turns: u32) -> Result<()> {
        let total = u64::from(PROCESSES * THREADS * turns);
        let snap = self.env.snapshot()?;
        assert_eq!(self.counter.get(&snap, ())?, Some(total));
        let mut next = vec![0; (PROCESSES * THREADS) as usize];
        let (mut counts, mut before) = (0, None);
        for entry in self.log.iter(&snap)? {
            let (count, (process, thread, turn, id)) = entry?;
            counts += 1;
            assert_eq!(count, counts);
            let next = &mut next[(process * THREADS + thread) as usize];
            assert_eq!(turn, *next, "thread {thread} of process {process}");
            *next += 1;
            let next_id = before.map(|before| before + 1);
            assert!(id == 0 || next_id.is_none_or(|next| id == next), "count {count}: {id} after {before:?}");
            before = if id == 0 { next_id } else { Some(id) };
        }
        assert_eq!(counts, total);
        assert!(next.iter().all(|next| *next == turns));
        assert!(self.env.verify()?.is_clean());
        Ok(())
    }
}

#[test]
fn all_threads_of_all_processes_count_in_one_order() -> Result<()> {
    let name = "all_threads_of_all_processes_count_in_one_order";
    if let Some(arguments) = process::arguments() {
        let number = |n: usize| arguments[n].parse().map_err(Error::other);
        let durability = DURABILITIES[number(1)? as usize];
        let work = Work::open(Path::new(&arguments[0]), durability)?;
        process::tell("ready");
        process::hear()?;
        return work.count_all(number(2)?, turns(durability));
    }
    for (which, durability) in ["0", "1"].into_iter().zip(DURABILITIES) {
        let dir = tempfile::tempdir().map_err(Error::other)?;
        let work = Work::open(dir.path(), durability)?;
        let path = dir.path().to_string_lossy();
        let spawn = |process: u32| process::spawn(name, &[&path, which, &process.to_string()]);
        let mut children = (1..PROCESSES).map(spawn).collect::<Result<Vec<_>>>()?;
        for child in &mut children {
            child.expect("ready");
            child.say("go")?;
        }
        work.count_all(0, turns(durability))?;
        children.into_iter().try_for_each(process::Child::passes)?;
        work.check(turns(durability))?;
    }
    Ok(())
}
