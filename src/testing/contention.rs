//! Many threads that change the same rows.

use std::thread;

use crate::error::{ErrorKind, Result};
use crate::store::{Backend, Changes, Condition};
use crate::testing::engines::Engines;
use crate::testing::expect::{change, get, get_in, holds, same, space};

const THREADS: u64 = 4;
const ROUNDS: u64 = 50;

fn number(value: Option<Vec<u8>>) -> u64 {
    value.and_then(|bytes| <[u8; 8]>::try_from(bytes).ok()).map_or(0, u64::from_be_bytes)
}

/// Runs `once` often in many threads.
fn together(once: impl Fn() -> Result<()> + Sync) -> Result<()> {
    let thread = || (0..ROUNDS).try_for_each(|_| once());
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(thread)).collect();
        threads.into_iter().try_for_each(|thread| {
            thread.join().unwrap_or_else(|_| holds(false, || "a thread that changes rows panics".into()))
        })
    })
}

/// Transactions of several threads that read a counter and put the next number count each once. Two rows that every
/// transaction changes together are equal in each state that a transaction reads.
///
/// # Errors
/// How the law is broken.
pub fn transactions_lose_nothing<B: Backend>(engines: &Engines<B>) -> Result<()> {
    let engine = engines.make()?;
    let space = space(&engine, "counters")?;
    together(|| {
        let count = || {
            engine.transact(|txn| {
                let (one, other) = (number(get_in(txn, &space, b"one")?), number(get_in(txn, &space, b"other")?));
                same("the two rows in a transaction", &one, &other)?;
                txn.put(&space, b"one"[..].into(), (&(one + 1).to_be_bytes()[..]).into())?;
                txn.put(&space, b"other"[..].into(), (&(other + 1).to_be_bytes()[..]).into())
            })
        };
        // An optimistic engine may give up after many tries. Then nothing was committed.
        loop {
            match count() {
                Err(error) if error.kind() == ErrorKind::Conflict => {}
                outcome => return outcome.map(drop),
            }
        }
    })?;
    same("the count of several threads", &number(get(&engine, &space, b"one")?), &(THREADS * ROUNDS))
}

/// The same by commits under the condition that the counter has the value that was read: one of those that read the same
/// value is committed, the others are a `Conflict`.
///
/// # Errors
/// How the law is broken.
pub fn conditional_commits_lose_nothing<B: Backend>(engines: &Engines<B>) -> Result<()> {
    let engine = engines.make()?;
    let space = space(&engine, "conditional")?;
    together(|| {
        loop {
            let value = get(&engine, &space, b"counter")?;
            let next = (number(value.clone()) + 1).to_be_bytes();
            let unchanged = Condition::Value { space: space.clone(), key: b"counter".to_vec(), value };
            let changes = Changes { conditions: vec![unchanged], changes: vec![change(&space, b"counter", &next)] };
            match engine.commit(changes) {
                Err(error) if error.kind() == ErrorKind::Conflict => thread::yield_now(),
                outcome => return outcome.map(drop),
            }
        }
    })?;
    same("the count by conditions", &number(get(&engine, &space, b"counter")?), &(THREADS * ROUNDS))
}
