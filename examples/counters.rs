//! Counters that many threads add to: transactions run one at a time, so not one addition is lost.
//!
//! ```text
//! cargo run --release --example counters
//! ```

use std::thread;
use std::time::Instant;

use mapleaf::{Dbi, Env, Error, ErrorKind, Result};

const THREADS: u64 = 4;
const ROUNDS: u64 = 500;

/// Adds to a counter and returns its new value. `update` reads and writes in one transaction, so no other write comes
/// in between.
fn add(env: &Env, counters: &Dbi<&str, u64>, name: &str, n: u64) -> Result<u64> {
    let new = env.transact(|txn| counters.update(txn, name, |old| Some(old.unwrap_or(0) + n)))?;
    Ok(new.unwrap_or(0))
}

/// Moves an amount from one counter to another: both change, or neither.
fn transfer(env: &Env, counters: &Dbi<&str, u64>, from: &str, to: &str, amount: u64) -> Result<()> {
    env.transact(|txn| {
        let have = counters.get(txn, from)?.unwrap_or(0);
        let rest = have
            .checked_sub(amount)
            .ok_or_else(|| Error::new(ErrorKind::Capacity, format!("{from} has {have} and {amount} are asked for")))?;
        counters.put(txn, from, rest)?;
        counters.update(txn, to, |old| Some(old.unwrap_or(0) + amount))?;
        Ok(())
    })
}

fn main() -> Result<()> {
    let env = Env::temporary()?;
    let counters: Dbi<&str, u64> = env.dbi("counters")?;

    let began = Instant::now();
    thread::scope(|scope| {
        let adding: Vec<_> = (0..THREADS)
            .map(|thread| {
                let (env, counters) = (&env, &counters);
                scope.spawn(move || -> Result<()> {
                    for _ in 0..ROUNDS {
                        add(env, counters, "all", 1)?;
                        add(env, counters, &format!("thread {thread}"), 1)?;
                    }
                    Ok(())
                })
            })
            .collect();
        adding.into_iter().try_for_each(|thread| thread.join().expect("no thread panics"))
    })?;
    let took = began.elapsed();

    let snap = env.snapshot()?;
    for entry in counters.iter(&snap)? {
        let (name, count) = entry?;
        println!("{name:<9} {count}");
    }
    assert_eq!(counters.get(&snap, "all")?, Some(THREADS * ROUNDS), "each addition counts once");
    println!("{} transactions of {THREADS} threads in {took:.1?}", 2 * THREADS * ROUNDS);

    transfer(&env, &counters, "all", "spent", 300)?;
    let refused = transfer(&env, &counters, "thread 0", "spent", 10_000).expect_err("it has not so much");
    println!("refused: {refused}");
    let snap = env.snapshot()?;
    let total = counters.get(&snap, "all")?.unwrap_or(0) + counters.get(&snap, "spent")?.unwrap_or(0);
    assert_eq!(total, THREADS * ROUNDS, "what one lost the other has");
    Ok(())
}
