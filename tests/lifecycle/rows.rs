//! A table whose rows show whether a state is consistent, and a counter.

use std::path::Path;

use mapleaf::{Dbi, Durability, Env, Read, Result};

/// The number of rows.
pub const ROWS: u32 = 400;

pub type Rows = Dbi<u32, Vec<u8>>;

pub fn open(path: &Path, durability: Durability) -> Result<(Env, Rows)> {
    let env = Env::options().durability(durability).open(path)?;
    let rows = env.dbi("rows")?;
    Ok((env, rows))
}

/// Opens the environment and writes all rows with `round`.
pub fn written(path: &Path, durability: Durability, round: u8) -> Result<(Env, Rows)> {
    let (env, rows) = open(path, durability)?;
    write(&env, &rows, round)?;
    Ok((env, rows))
}

/// Opens the environment again. Panics if its rows do not belong to `expected`.
#[track_caller]
pub fn reopened(path: &Path, expected: u8) -> Result<(Env, Rows)> {
    let (env, rows) = open(path, Durability::Immediate)?;
    assert_eq!(round(&rows, &env.snapshot()?)?, expected);
    Ok((env, rows))
}

/// Writes all rows, each with `round` in every byte.
pub fn write(env: &Env, rows: &Rows, round: u8) -> Result<()> {
    env.transact(|txn| (0..ROWS).try_for_each(|row| rows.put(txn, row, &[round; 100])))
}

/// The round to which all rows belong. Panics if they belong to several, or if rows are missing.
#[track_caller]
pub fn round(rows: &Rows, state: &impl Read) -> Result<u8> {
    let mut found: Vec<Vec<u8>> = Vec::new();
    for value in rows.values(state)? {
        found.push(value?);
    }
    assert_eq!(found.len(), ROWS as usize);
    let round = found[0][0];
    assert!(found.iter().all(|value| *value == vec![round; 100]), "rows of several rounds");
    Ok(round)
}

/// Increments the counter.
pub fn count(env: &Env) -> Result<u32> {
    let counter: Dbi<u32, u32> = env.dbi("counter")?;
    env.transact(|txn| {
        let next = counter.get(txn, 0)?.unwrap_or(0) + 1;
        counter.put(txn, 0, next)?;
        Ok(next)
    })
}

pub fn counted(env: &Env) -> Result<Option<u32>> {
    env.dbi::<u32, u32>("counter")?.get(&env.snapshot()?, 0)
}
