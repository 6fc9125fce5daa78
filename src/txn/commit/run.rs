//! The path of a transaction: the lock, what it is based on, and whether it leads or follows.

use std::sync::Arc;

use crate::env::GroupCommit;
use crate::env::{Engine, Wait, begin_writing, busy, write};
use crate::error::{Error, Result};
use crate::txn::commit::follower::stack;
use crate::txn::commit::leader::{commit, lead};
use crate::txn::commit::made::Made;
use crate::txn::write::WriteTxn;

/// Runs `f` as the only writer and commits its changes, with those of others where that saves a flush. `f` says how
/// many transactions its changes count as.
pub(crate) fn run<T, E: From<Error>>(
    engine: &Arc<Engine>,
    wait: Wait,
    operation: &'static str,
    f: impl FnOnce(&mut WriteTxn) -> Made<T, E>,
) -> Result<T, E> {
    match engine.queue() {
        Some(queue) => share(engine, queue, wait, operation, f),
        None => alone(engine, wait, operation, f),
    }
}

/// Runs a closure in an LMDB transaction of its own.
fn alone<T, E: From<Error>>(
    engine: &Arc<Engine>,
    wait: Wait,
    operation: &'static str,
    f: impl FnOnce(&mut WriteTxn) -> Made<T, E>,
) -> Result<T, E> {
    write(engine, wait, operation, |session| {
        let id = session.base().head()?.seq.saturating_add(1);
        let room = session.kept().unwrap_or_default();
        let mut txn = WriteTxn::alone(engine, session.base(), id, room);
        let (outcome, transactions) = f(&mut txn)?;
        let mut set = txn.take_set();
        if !set.is_empty() {
            commit(session, &set, transactions).map_err(|error| error.during(operation))?;
        }
        set.reset();
        session.keep(set);
        Ok(outcome)
    })
}

fn share<T, E: From<Error>>(
    engine: &Arc<Engine>,
    queue: &GroupCommit,
    wait: Wait,
    operation: &'static str,
    f: impl FnOnce(&mut WriteTxn) -> Made<T, E>,
) -> Result<T, E> {
    let named = |error: Error| error.during(operation);
    let _writing = begin_writing(engine).map_err(named)?;
    let lock = engine.lock_file().map_err(named)?;
    if wait == Wait::No {
        let turn = queue.try_acquire().filter(|_| !engine.is_other_writing()).ok_or_else(|| named(busy()))?;
        return lead(engine, queue, turn, wait.into(), operation, f);
    }
    let turn = queue.acquire();
    // The last holder of the lock may have closed the environment.
    match queue.stand(engine, lock).map_err(named)? {
        Some(ground) => stack(engine, queue, turn, ground, operation, f),
        None => lead(engine, queue, turn, wait.into(), operation, f),
    }
}
