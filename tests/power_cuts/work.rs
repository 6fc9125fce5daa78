//! The operations of a recorded program's threads. Each operation leaves a distinct trace, and the threads report its
//! begin and its acknowledgement.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::thread;

use mapleaf::{Batch, Commit, Dbi, Durability, Env, EnvOptions, Error, ErrorKind, MultiDbi, Result, WriteTxn};

use super::promise::word;
use crate::common::damage::Random;

/// The thread number of the process that checks the result of a power cut.
pub const AFTERWARDS: u32 = 900;
/// The thread that creates, clears and drops a database.
pub const FIRST: u32 = 0;
/// The number of keys of each thread.
const KEYS: usize = 24;
/// A thread's transactions insert pairs; the newest ones, this many, stay.
const PAIRS: u64 = 6;
pub const EXTRA: &str = "extra";

/// The kind of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Transact,
    Apply,
    Submit,
    /// Creates, clears or drops the extra database: transactions that leave no other trace.
    Make,
    Clear,
    Drop,
}

fn random_of(seed: u64, thread: u32, number: u64) -> Random {
    let mut random = Random(seed ^ u64::from(thread) << 40 ^ number << 8);
    random.below(2);
    random
}

/// The kind of each operation of a thread. Two operations without a trace never follow one another.
pub fn kind(seed: u64, thread: u32, number: u64) -> Kind {
    match (thread, number % 12) {
        (FIRST, 3) => Kind::Make,
        (FIRST, 8) => Kind::Clear,
        (FIRST, 11) => Kind::Drop,
        // Puts entries that can be cleared.
        (FIRST, 7) | (AFTERWARDS, _) => Kind::Transact,
        _ => match random_of(seed, thread, number).below(8) {
            0 => Kind::Apply,
            1 | 2 => Kind::Submit,
            _ => Kind::Transact,
        },
    }
}

/// Whether the extra database exists after this many operations of the first thread.
pub fn has_extra(number: u64) -> bool {
    (3..11).contains(&(number % 12))
}

/// A change of a key: to a value, or `None` to delete it.
pub type Change = (u32, Option<Vec<u8>>);

/// The changes of an operation to the thread's own keys. Some values take pages of their own.
pub fn changes(seed: u64, thread: u32, number: u64) -> Vec<Change> {
    let random = &mut random_of(seed ^ 0x00C0_FFEE, thread, number);
    let change = |random: &mut Random| {
        let key = u32::try_from(random.below(KEYS)).unwrap_or(0);
        let length = random.pick(&[0, 10, 60, 200, 200, 900, 5000, 9000]);
        let value = (random.below(4) > 0).then(|| [&number.to_be_bytes()[..], &vec![random.byte(); length]].concat());
        (key, value)
    };
    (0..=random.below(5)).map(|_| change(random)).collect()
}

/// The pairs of a thread after this many operations.
pub fn pairs(seed: u64, thread: u32, number: u64) -> impl Iterator<Item = (u32, u64)> {
    let made = (1..=number).rev().filter(move |number| kind(seed, thread, *number) == Kind::Transact);
    made.take(usize::try_from(PAIRS).unwrap_or(0)).map(move |number| (thread, number))
}

/// Where a program reports its operations.
pub struct Told(File);

impl Told {
    pub fn at(path: &Path) -> Result<Self> {
        OpenOptions::new().create(true).append(true).open(path).map(Self).map_err(Error::other)
    }

    pub fn say(&self, what: &str) -> Result<()> {
        (&self.0).write_all(what.as_bytes()).map_err(Error::other)
    }
}

/// An open environment with its databases.
pub struct Work<'a> {
    pub env: Env,
    /// Whether the environment is sometimes compacted while threads write.
    pub compacts: bool,
    /// Whether transactions and batches choose their durability, and some transactions are held.
    pub mixes: bool,
    seed: u64,
    durability: Durability,
    told: &'a Told,
    marks: Dbi<u32, u64>,
    order: Dbi<u64, u64>,
    data: Dbi<(u32, u32), &'static [u8]>,
    pairs: MultiDbi<u32, u64>,
}

impl<'a> Work<'a> {
    /// Opens the environment and reports it.
    pub fn open(path: &Path, options: &EnvOptions, seed: u64, durability: Durability, told: &'a Told) -> Result<Self> {
        let env = options.clone().durability(durability).open(path)?;
        told.say(&format!("opened {}", word(durability)))?;
        Self::of(env, seed, durability, told)
    }

    /// Opens or creates the databases; the caller reports it.
    pub fn of(env: Env, seed: u64, durability: Durability, told: &'a Told) -> Result<Self> {
        let (marks, order) = (env.dbi("marks")?, env.dbi("order")?);
        let (data, pairs) = (env.dbi("data")?, env.multi_dbi("pairs")?);
        Ok(Self { env, compacts: false, mixes: false, seed, durability, told, marks, order, data, pairs })
    }

    pub fn durability(&self) -> Durability {
        self.durability
    }

    /// Does `count` operations of a thread after number `from`. Sometimes it flushes, if commits do not flush by
    /// themselves.
    pub fn run(&self, thread: u32, from: u64, count: u64) -> Result<()> {
        let mut extra = (thread == FIRST && has_extra(from)).then(|| self.env.dbi(EXTRA)).transpose()?;
        let (mut number, last) = (from + 1, from + count);
        while number <= last {
            number = match kind(self.seed, thread, number) {
                Kind::Submit => self.submit(thread, number, last)?,
                kind => {
                    self.start(thread, number)?;
                    self.act(kind, thread, number, &mut extra)?;
                    self.done(thread, number)?;
                    number + 1
                }
            };
            if self.compacts && thread == FIRST && number % 8 == 0 {
                self.compact(thread)?;
            }
            let flushes = random_of(self.seed ^ 0xF1, thread, number).below(6) == 0;
            if self.durability != Durability::Immediate && flushes {
                // As a program that retries: the result of the second call counts.
                self.flush(thread, || self.env.sync().or_else(|_| self.env.sync()))?;
            }
        }
        Ok(())
    }

    /// Compacts if nothing prevents it; this flushes.
    pub fn compact(&self, thread: u32) -> Result<()> {
        match self.flush(thread, || self.env.compact()) {
            Err(error) if error.kind() == ErrorKind::Busy => Ok(()),
            outcome => outcome,
        }
    }

    fn start(&self, thread: u32, number: u64) -> Result<()> {
        self.told.say(&format!("start {thread} {number}"))
    }

    fn done(&self, thread: u32, number: u64) -> Result<()> {
        self.told.say(&format!("done {thread} {number} {}", word(self.durability_of(thread, number))))
    }

    /// What an operation survives.
    fn durability_of(&self, thread: u32, number: u64) -> Durability {
        let has_trace = matches!(kind(self.seed, thread, number), Kind::Transact | Kind::Apply | Kind::Submit);
        match random_of(self.seed ^ 0xD0, thread, number).below(3) {
            _ if !self.mixes || !has_trace => self.durability,
            0 => Durability::Immediate,
            _ => Durability::Eventual,
        }
    }

    /// Runs a flush of everything that was acknowledged before, and reports it.
    pub fn flush(&self, thread: u32, flush: impl FnOnce() -> Result<()>) -> Result<()> {
        self.told.say(&format!("flush {thread}"))?;
        flush()?;
        self.told.say(&format!("flushed {thread}"))
    }

    fn act(&self, kind: Kind, thread: u32, number: u64, extra: &mut Option<Extra>) -> Result<()> {
        match kind {
            Kind::Transact if self.mixes && number.is_multiple_of(2) => {
                let mut txn = self.env.begin_with(self.durability_of(thread, number))?;
                self.transact(&mut txn, thread, number, extra.as_ref())?;
                txn.commit().map(drop)
            }
            Kind::Transact => {
                let durability = self.durability_of(thread, number);
                self.env.transact_with(durability, |txn| self.transact(txn, thread, number, extra.as_ref()))
            }
            Kind::Apply | Kind::Submit => self.env.apply(self.batch(thread, number)?),
            Kind::Make => {
                *extra = Some(self.env.dbi(EXTRA)?);
                Ok(())
            }
            Kind::Clear => self.env.clear_dbi(EXTRA),
            Kind::Drop => {
                *extra = None;
                self.env.drop_dbi(EXTRA)
            }
        }
    }

    /// Does an operation in a transaction.
    pub fn transact(&self, txn: &mut WriteTxn, thread: u32, number: u64, extra: Option<&Extra>) -> Result<()> {
        let before = self.order.len(txn)?;
        for (key, value) in changes(self.seed, thread, number) {
            match value {
                Some(value) => self.data.put(txn, (thread, key), &value)?,
                None => self.data.delete(txn, (thread, key)).map(drop)?,
            }
        }
        self.pairs.insert(txn, thread, number)?;
        let kept: Vec<u64> = self.pairs.values(txn, thread)?.collect::<Result<_>>()?;
        for number in &kept[..kept.len().saturating_sub(usize::try_from(PAIRS).unwrap_or(0))] {
            self.pairs.remove(txn, thread, *number)?;
        }
        if let Some(extra) = extra {
            extra.put(txn, number, &number.to_be_bytes())?;
        }
        self.order.put(txn, before, u64::from(thread) << 32 | number)?;
        self.marks.put(txn, thread, number)
    }

    fn batch(&self, thread: u32, number: u64) -> Result<Batch> {
        let mut batch = Batch::new();
        for (key, value) in changes(self.seed, thread, number) {
            match value {
                Some(value) => batch.put(&self.data, (thread, key), &value)?,
                None => batch.delete(&self.data, (thread, key))?,
            };
        }
        batch.put(&self.marks, thread, number)?.set_durability(self.durability_of(thread, number));
        Ok(batch)
    }

    /// Submits all consecutive batches without waiting between them. Returns the number of the next operation.
    fn submit(&self, thread: u32, from: u64, last: u64) -> Result<u64> {
        let row = (from..=last).take_while(|number| kind(self.seed, thread, *number) == Kind::Submit);
        let mut on_their_way: Vec<(u64, Commit)> = Vec::new();
        for number in row {
            self.start(thread, number)?;
            on_their_way.push((number, self.env.submit(self.batch(thread, number)?)?));
        }
        let behind = from + on_their_way.len() as u64;
        for (number, commit) in on_their_way {
            commit.wait()?;
            self.done(thread, number)?;
        }
        Ok(behind)
    }

    /// Commits one more transaction in the process that checks the result.
    pub fn afterwards(&self, number: u64) -> Result<()> {
        self.start(AFTERWARDS, number)?;
        self.env.transact(|txn| self.transact(txn, AFTERWARDS, number, None))?;
        self.done(AFTERWARDS, number)
    }
}

pub type Extra = Dbi<u64, &'static [u8]>;

/// Runs threads concurrently, each from its last operation on. Returns the first error.
pub fn run_all(work: &Work<'_>, threads: &[(u32, u64)], count: u64) -> Result<()> {
    thread::scope(|scope| {
        let run = |&(thread, from)| scope.spawn(move || work.run(thread, from, count));
        let running: Vec<_> = threads.iter().map(run).collect();
        let outcomes: Vec<Result<()>> =
            running.into_iter().map(|thread| thread.join().map_err(|_| Error::other("a panic"))?).collect();
        outcomes.into_iter().collect()
    })
}
