//! A program that uses LMDB without mapleaf writes to the same database as two of our processes. All sums are exact,
//! and a `Conflict`, which only that program causes, leaves nothing of its transaction.

use crate::common::process;
use std::path::Path;
use std::thread;
use std::time::Duration;

use heed::types::Bytes;
use heed::{CommitOrAbort, EnvOpenOptions};
use mapleaf::{Dbi, Durability, Env, Error, ErrorKind, Result};

const THREADS: u32 = 4;
const TURNS: u64 = 120;
/// The least number of writes of the other program.
const FOREIGN: u64 = 300;
/// The counter of the other program, and the one that all programs increment.
const KEY: &[u8] = b"count";
const SHARED: &[u8] = b"shared";
/// Environments that grow from a small size. With `Process`, a conflict needs a full map.
const ROUNDS: u32 = 3;

struct Work {
    env: Env,
    /// By thread, first those of one process, then those of the other; and one for all.
    counters: Dbi<u32, u64>,
    /// The finished transactions, with the other program's count that each saw.
    done: Dbi<(u32, u64), u64>,
    /// Makes the map grow.
    bulk: Dbi<(u32, u64), &'static [u8]>,
    theirs: Dbi<&'static [u8], &'static [u8]>,
}

fn number(value: Option<&[u8]>) -> u64 {
    value.and_then(|bytes| bytes.first_chunk()).map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

impl Work {
    fn open(path: &Path, durability: Durability) -> Result<Self> {
        let env = Env::options().durability(durability).map_size(1 << 18).max_readers(64).open(path)?;
        let (counters, done, bulk) = (env.dbi("counters")?, env.dbi("done")?, env.dbi("bulk")?);
        let theirs = env.dbi("theirs")?;
        Ok(Self { env, counters, done, bulk, theirs })
    }

    fn try_turn(&self, thread: u32, turn: u64) -> Result<u64> {
        self.env.transact(|txn| {
            for key in [thread, u32::MAX] {
                self.counters.update(txn, key, |count| Some(count.unwrap_or(0) + 1))?;
            }
            let (seen, shared) = (number(self.theirs.get(txn, KEY)?), number(self.theirs.get(txn, SHARED)?));
            self.theirs.put(txn, SHARED, &(shared + 1).to_be_bytes())?;
            assert!(self.done.insert(txn, (thread, turn), seen)?, "turn {turn} was refused and is there");
            self.bulk.put(txn, (thread, turn), &[1; 3000])?;
            Ok(seen)
        })
    }

    /// The work of one thread. Returns the number of conflicts.
    fn work(&self, thread: u32) -> Result<u64> {
        let (mut conflicts, mut newest) = (0, 0);
        for turn in 0..TURNS {
            let seen = loop {
                match self.try_turn(thread, turn) {
                    Err(error) if error.kind() == ErrorKind::Conflict => {
                        assert!(error.is_retryable());
                        assert!(!self.done.contains(&self.env.snapshot()?, (thread, turn))?, "{error:?}");
                        conflicts += 1;
                    }
                    outcome => break outcome?,
                }
            };
            assert!(seen >= newest, "time runs forward");
            newest = seen;
        }
        Ok(conflicts)
    }

    fn work_all(&self, process: u32) -> Result<u64> {
        thread::scope(|scope| {
            let run = |thread| scope.spawn(move || self.work(process * THREADS + thread));
            let threads: Vec<_> = (0..THREADS).map(run).collect();
            let join = |thread: thread::ScopedJoinHandle<'_, Result<u64>>| {
                thread.join().map_err(|_| Error::other("a panic")).and_then(|outcome| outcome)
            };
            threads.into_iter().map(join).sum()
        })
    }

    fn check(&self, processes: u32, theirs: u64) -> Result<()> {
        let snap = self.env.snapshot()?;
        let threads = processes * THREADS;
        assert_eq!(self.counters.get(&snap, u32::MAX)?, Some(u64::from(threads) * TURNS));
        for thread in 0..threads {
            assert_eq!(self.counters.get(&snap, thread)?, Some(TURNS));
        }
        assert_eq!(self.done.len(&snap)?, u64::from(threads) * TURNS);
        assert_eq!(self.bulk.len(&snap)?, u64::from(threads) * TURNS);
        assert_eq!(number(self.theirs.get(&snap, KEY)?), theirs);
        assert_eq!(number(self.theirs.get(&snap, SHARED)?), theirs + u64::from(threads) * TURNS);
        assert!(self.env.verify()?.is_clean());
        Ok(())
    }
}

/// The other program: LMDB alone, one increment per transaction, until it is told to stop.
#[expect(unsafe_code, reason = "heed opens by an unsafe function")]
fn write_foreign(path: &Path) -> Result<()> {
    let mut options = EnvOpenOptions::new();
    options.max_dbs(16).map_size(1 << 30).max_readers(64);
    // SAFETY: no flags; nobody else in this process has the environment open.
    let env = unsafe { options.open(path) }.map_err(Error::other)?;
    let stop = thread::spawn(process::hear);
    process::tell("ready");
    let mut count = 0;
    while count < FOREIGN || !stop.is_finished() {
        let txn = env.write_txn().map_err(Error::other)?;
        let wrote = env.create_databases_and_commit(txn, |opener, txn| {
            let mut options = opener.database_options().types::<Bytes, Bytes>();
            let dbi = options.name("theirs").create(txn)?;
            count = number(dbi.get(txn, KEY)?) + 1;
            dbi.put(txn, KEY, &count.to_be_bytes())?;
            let shared = number(dbi.get(txn, SHARED)?) + 1;
            dbi.put(txn, SHARED, &shared.to_be_bytes())?;
            Ok::<_, heed::Error>(CommitOrAbort::<(), ()>::Commit(()))
        });
        wrote.map(drop).map_err(Error::other)?;
        // LMDB's lock is not fair: a process that takes it again at once keeps it.
        thread::sleep(Duration::from_micros(50));
    }
    process::tell(&count.to_string());
    Ok(())
}

fn told(child: &process::Child) -> Result<u64> {
    child.line().and_then(|line| line.parse().ok()).ok_or_else(|| Error::other("no number was told"))
}

/// Runs two of our processes, and the other program if requested. Returns the number of conflicts.
fn together(name: &str, durability: Durability, foreign: bool) -> Result<u64> {
    let dir = tempfile::tempdir().map_err(Error::other)?;
    let path = dir.path().to_string_lossy();
    let work = Work::open(dir.path(), durability)?;
    let mut other = if foreign { Some(process::spawn(name, &[&path, "foreign"])?) } else { None };
    let mut ours = process::spawn(name, &[&path, &format!("{durability:?}")])?;
    for child in other.iter_mut().chain([&mut ours]) {
        child.expect("ready");
    }
    ours.say("go")?;
    let mut conflicts = work.work_all(0)?;
    conflicts += told(&ours)?;
    ours.passes()?;
    let mut theirs = 0;
    if let Some(mut other) = other {
        other.say("stop")?;
        theirs = told(&other)?;
        other.passes()?;
        assert!(theirs >= FOREIGN);
    }
    work.check(2, theirs)?;
    Ok(conflicts)
}

fn part(arguments: &[String]) -> Result<()> {
    let path = Path::new(&arguments[0]);
    let durability = match arguments[1].as_str() {
        "foreign" => return write_foreign(path),
        "Process" => Durability::Process,
        _ => Durability::Immediate,
    };
    let work = Work::open(path, durability)?;
    process::tell("ready");
    process::hear()?;
    process::tell(&work.work_all(1)?.to_string());
    Ok(())
}

#[test]
fn sums_beside_a_foreign_writer_are_exact() -> Result<()> {
    if let Some(arguments) = process::arguments() {
        return part(&arguments);
    }
    for durability in [Durability::Immediate, Durability::Process] {
        for _ in 0..ROUNDS {
            let conflicts = together("sums_beside_a_foreign_writer_are_exact", durability, true)?;
            println!("{durability:?}: {conflicts} conflicts");
        }
    }
    Ok(())
}

#[test]
fn processes_of_mapleaf_alone_have_no_conflict() -> Result<()> {
    if let Some(arguments) = process::arguments() {
        return part(&arguments);
    }
    for durability in [Durability::Immediate, Durability::Process] {
        assert_eq!(together("processes_of_mapleaf_alone_have_no_conflict", durability, false)?, 0);
    }
    Ok(())
}
