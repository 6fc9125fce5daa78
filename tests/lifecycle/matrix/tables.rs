//! The content of the environment: every byte depends on the number of the state, so that a mixture of two states
//! shows.

use std::path::Path;

use mapleaf::{Batch, Dbi, Durability, Env, EnvOptions, Error, Read, Result, WriteTxn};

use super::cells::Form;

pub fn options(form: Form) -> EnvOptions {
    let unflushed = form == Form::Unflushed;
    Env::options()
        .durability(if unflushed { Durability::Process } else { Durability::Immediate })
        .map_size(1 << 24)
        .max_readers(16)
        .max_dbis(8)
        .single_file(form == Form::SingleFile)
}

pub struct Tables {
    rows: Dbi<u32, Vec<u8>>,
    large: Dbi<u32, Vec<u8>>,
    counter: Dbi<u32, u32>,
}

/// The rows of the first state. Later states have more, so that the file grows.
const ROWS: u32 = 24;
pub const NAMES: [&str; 3] = ["counter", "large", "rows"];
/// A database that is never read.
pub const SPARE: &str = "spare";

fn rows_of(n: u32) -> u32 {
    ROWS + n % 1000 * 4
}

fn row(n: u32, key: u32) -> Vec<u8> {
    let mut row = vec![n.to_le_bytes()[0]; 400];
    row[..4].copy_from_slice(&n.to_be_bytes());
    row[4..8].copy_from_slice(&key.to_be_bytes());
    row
}

fn large_of(n: u32) -> Vec<u8> {
    n.to_be_bytes().repeat(2500)
}

/// An error that stands for a wrong answer, not for an error of mapleaf.
fn wrong<T>(what: String) -> Result<T> {
    Err(Error::other(what))
}

impl Tables {
    pub fn open(env: &Env) -> Result<Self> {
        Ok(Self { rows: env.dbi("rows")?, large: env.dbi("large")?, counter: env.dbi("counter")? })
    }

    /// Makes the next state and returns its number.
    pub fn step(&self, txn: &mut WriteTxn) -> Result<u32> {
        let n = self.counter.get(txn, 0)?.unwrap_or(0) + 1;
        self.counter.put(txn, 0, n)?;
        self.large.put(txn, 0, &large_of(n))?;
        (0..rows_of(n)).try_for_each(|key| self.rows.put(txn, key, &row(n, key)))?;
        Ok(n)
    }

    /// The changes from state `n - 1` to state `n`.
    pub fn batch(&self, n: u32) -> Result<Batch> {
        let mut batch = Batch::new();
        batch.put(&self.counter, 0, n)?.put(&self.large, 0, &large_of(n))?;
        for key in 0..rows_of(n) {
            batch.put(&self.rows, key, &row(n, key))?;
        }
        Ok(batch)
    }

    /// Returns the number of the state, after a look-up, a count and a scan of everything.
    pub fn read(&self, state: &impl Read) -> Result<u32> {
        let n = self.counter.get(state, 0)?.unwrap_or(0);
        let count = self.rows.len(state)?;
        if n == 0 {
            return if count == 0 { Ok(0) } else { wrong(format!("{count} rows in a state without a number")) };
        }
        if count != u64::from(rows_of(n)) {
            return wrong(format!("{count} rows in state {n}"));
        }
        let mut seen = 0;
        for entry in self.rows.iter(state)? {
            let (key, value) = entry?;
            if key != seen || value != row(n, key) {
                return wrong(format!("row {key} in place of {seen} in state {n} is another's: {:?}", &value[..8]));
            }
            seen += 1;
        }
        match self.large.get(state, 0)? {
            Some(large) if seen == rows_of(n) && large == large_of(n) => Ok(n),
            _ => wrong(format!("{seen} rows of state {n}, or a large value of another")),
        }
    }
}

/// Makes an environment at `path` with `steps` states from `first` on.
pub fn make(path: &Path, first: u32, steps: u32) -> Result<()> {
    let env = options(Form::Directory).open(path)?;
    let tables = Tables::open(&env)?;
    env.dbi::<u32, u32>(SPARE)?;
    if first > 1 {
        env.transact(|txn| tables.counter.put(txn, 0, first - 1))?;
    }
    (0..steps).try_for_each(|_| env.transact(|txn| tables.step(txn)).map(drop))
}
