//! A bank of three processes with eight threads each: the total never changes in any state that is read, whichever
//! transfers fail half way. They are made by closures, by transactions that are held, and by drafts, and are flushed or
//! not.

use crate::common::process;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::common::damage::Random;
use mapleaf::{Dbi, Durability, Env, Error, ErrorKind, Read, Result, Write};

const PROCESSES: usize = 3;
const THREADS: usize = 8;
const ACCOUNTS: u32 = 20;
const EACH: i64 = 100;
const DURABILITIES: [Durability; 2] = [Durability::Immediate, Durability::Process];

struct Bank {
    env: Env,
    /// Even accounts are in the first database, odd ones in the second.
    accounts: [Dbi<u32, i64>; 2],
    /// The number of transfers, by process and thread.
    made: Dbi<(u32, u32), u64>,
}

fn turns(durability: Durability) -> u64 {
    if durability == Durability::Process { 150 } else { 30 }
}

fn refusal() -> Error {
    Error::other("too poor")
}

impl Bank {
    fn open(path: &Path, durability: Durability) -> Result<Self> {
        let env = Env::options().durability(durability).map_size(1 << 18).max_readers(64).open(path)?;
        let (accounts, made) = ([env.dbi("even")?, env.dbi("odd")?], env.dbi("made")?);
        Ok(Self { env, accounts, made })
    }

    fn of(&self, account: u32) -> &Dbi<u32, i64> {
        &self.accounts[account as usize % 2]
    }

    /// Moves money. If there is too little, returns an error after half of the work.
    fn transfer(&self, txn: &mut impl Write, from: u32, to: u32, amount: i64) -> Result<()> {
        let (rich, poor) = (self.of(from), self.of(to));
        poor.update(txn, to, |held| Some(held.unwrap_or(0) + amount))?;
        let held = rich.get(txn, from)?.unwrap_or(0);
        rich.put(txn, from, held - amount)?;
        if held < amount { Err(refusal()) } else { Ok(()) }
    }

    fn sum(&self, state: &impl Read) -> Result<i64> {
        let mut sum = 0;
        for account in 0..ACCOUNTS {
            let held = self.of(account).get(state, account)?.unwrap_or(0);
            assert!(held >= 0, "account {account} holds {held}");
            sum += held;
        }
        Ok(sum)
    }

    /// A transfer and its count, in any transaction.
    fn move_counted(&self, txn: &mut impl Write, who: (u32, u32), (from, to, amount): (u32, u32, i64)) -> Result<()> {
        self.made.update(txn, who, |made| Some(made.unwrap_or(0) + 1))?;
        self.transfer(txn, from, to, amount)
    }

    /// A transfer by a draft, which is made again after each conflict. What a draft reads is one state; whether it still
    /// is when it commits, the commit says.
    fn draft(&self, who: (u32, u32), transfer: (u32, u32, i64), audits: bool) -> Result<()> {
        loop {
            let mut draft = self.env.snapshot()?.draft();
            if audits {
                let sum: i64 =
                    self.accounts.iter().map(|half| half.values(&draft)?.sum::<Result<i64>>()).sum::<Result<_>>()?;
                assert_eq!(sum, i64::from(ACCOUNTS) * EACH);
            }
            self.move_counted(&mut draft, who, transfer)?;
            thread::yield_now();
            match draft.commit() {
                Ok(_) => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Conflict => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The work of one thread: transfers, some of them ended by an error, a panic or a savepoint.
    fn trade(&self, process: usize, thread: usize, durability: Durability) -> Result<()> {
        let mut random = Random((process * THREADS + thread) as u64 + 1);
        let who = (u32::try_from(process).unwrap_or(0), u32::try_from(thread).unwrap_or(0));
        let mut account = || u32::try_from(random.below(ACCOUNTS as usize)).unwrap_or(0);
        let mut made = 0;
        for turn in 0..turns(durability) {
            let (from, to) = (account(), account());
            let amount = i64::from(account()) * 3;
            let weak = if DURABILITIES[0] == durability { Durability::Eventual } else { durability };
            let outcome = match turn % 9 {
                0 => catch_unwind(AssertUnwindSafe(|| {
                    self.env.transact(|txn| -> Result<()> {
                        let _ = self.transfer(txn, from, to, amount);
                        std::panic::resume_unwind(Box::new("given up"));
                    })
                }))
                .unwrap_or_else(|_| Err(refusal())),
                1 => self.env.transact(|txn| {
                    // Whether the savepoint is undone or not, the state is consistent.
                    let moved = txn.savepoint(|txn| self.transfer(txn, from, to, amount)).is_ok();
                    self.made.update(txn, who, |made| Some(made.unwrap_or(0) + 1))?;
                    assert_eq!(self.sum(txn)?, i64::from(ACCOUNTS) * EACH, "inside, moved: {moved}");
                    Ok(())
                }),
                2 => self.env.begin().and_then(|mut txn| {
                    self.move_counted(&mut txn, who, (from, to, amount))?;
                    txn.commit().map(drop)
                }),
                3 => self.env.transact_with(weak, |txn| self.move_counted(txn, who, (from, to, amount))),
                4 | 5 => self.draft(who, (from, to, amount), turn % 2 == 0 && thread == 0),
                _ => self.env.transact(|txn| self.move_counted(txn, who, (from, to, amount))),
            };
            match outcome {
                Ok(()) => made += 1,
                Err(error) => assert_eq!(error.kind(), refusal().kind(), "{error:?}"),
            }
        }
        assert_eq!(self.made.get(&self.env.snapshot()?, who)?.unwrap_or(0), made, "those that were acknowledged");
        Ok(())
    }

    fn watch(&self, done: &AtomicBool) -> Result<()> {
        while !done.load(Ordering::Relaxed) {
            assert_eq!(self.sum(&self.env.snapshot()?)?, i64::from(ACCOUNTS) * EACH);
            // A transaction without changes commits nothing.
            self.env.transact(|txn| self.sum(txn).map(drop))?;
            thread::yield_now();
        }
        Ok(())
    }

    fn run(&self, process: usize, durability: Durability) -> Result<()> {
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            let watcher = scope.spawn(|| self.watch(&done));
            let run = |thread| scope.spawn(move || self.trade(process, thread, durability));
            let threads: Vec<_> = (0..THREADS).map(run).collect();
            let join = |thread: thread::ScopedJoinHandle<'_, Result<()>>| {
                thread.join().map_err(|_| Error::other("a panic")).and_then(|outcome| outcome)
            };
            let outcomes: Vec<Result<()>> = threads.into_iter().map(join).collect();
            done.store(true, Ordering::Relaxed);
            outcomes.into_iter().chain([join(watcher)]).collect()
        })
    }
}

#[test]
fn concurrent_transfers_keep_the_total() -> Result<()> {
    let name = "concurrent_transfers_keep_the_total";
    if let Some(arguments) = process::arguments() {
        let number = |n: usize| arguments[n].parse::<usize>().map_err(Error::other);
        let durability = DURABILITIES[number(1)?];
        let bank = Bank::open(Path::new(&arguments[0]), durability)?;
        process::tell("ready");
        process::hear()?;
        return bank.run(number(2)?, durability);
    }
    for (which, durability) in ["0", "1"].into_iter().zip(DURABILITIES) {
        let dir = tempfile::tempdir().map_err(Error::other)?;
        let bank = Bank::open(dir.path(), durability)?;
        bank.env.transact(|txn| (0..ACCOUNTS).try_for_each(|account| bank.of(account).put(txn, account, EACH)))?;
        let path = dir.path().to_string_lossy();
        let spawn = |process: usize| process::spawn(name, &[&path, which, &process.to_string()]);
        let mut children = (1..PROCESSES).map(spawn).collect::<Result<Vec<_>>>()?;
        for child in &mut children {
            child.expect("ready");
            child.say("go")?;
        }
        bank.run(0, durability)?;
        children.into_iter().try_for_each(process::Child::passes)?;
        assert_eq!(bank.sum(&bank.env.snapshot()?)?, i64::from(ACCOUNTS) * EACH);
        assert!(bank.env.verify()?.is_clean());
    }
    Ok(())
}
