//! All engines of the project keep all laws of a backend.

use std::cell::Cell;

use mapleaf::store::Memory;
use mapleaf::testing::{Engines, check_all, laws};
use mapleaf::{Durability, Env, Error, Result};

use crate::message_backend::MessageBackend;

/// Environments in a directory of their own.
fn environments(durability: Durability) -> Result<Engines<Env>> {
    let dir = tempfile::tempdir().map_err(Error::other)?;
    let number = Cell::new(0);
    let make = move || {
        number.set(number.get() + 1);
        Env::options().durability(durability).open(dir.path().join(number.get().to_string()))
    };
    let reopen = move |env: Env| {
        let path = env.path().to_owned();
        env.close()?;
        Env::options().durability(durability).open(path)
    };
    Ok(Engines::new(make).reopened_by(reopen).closed_by(Env::close))
}

#[test]
fn an_environment_that_flushes_all_keeps_the_laws() -> Result<()> {
    check_all(&environments(Durability::Immediate)?)
}

#[test]
fn an_environment_that_flushes_data_keeps_the_laws() -> Result<()> {
    check_all(&environments(Durability::Eventual)?)
}

#[test]
fn an_environment_that_flushes_nothing_keeps_the_laws() -> Result<()> {
    check_all(&environments(Durability::Process)?)
}

#[test]
fn a_memory_keeps_the_laws() -> Result<()> {
    check_all(&Engines::new(Memory::new).closed_by(Memory::close))
}

#[test]
fn an_engine_behind_messages_keeps_the_laws() -> Result<()> {
    check_all(&Engines::new(MessageBackend::new).closed_by(MessageBackend::close))
}

#[test]
fn optimistic_transactions_keep_the_laws_over_any_engine() -> Result<()> {
    use crate::optimistic::Optimistic;
    check_all(&Engines::new(|| Env::temporary().map(Optimistic)))?;
    check_all(&Engines::new(|| Memory::new().map(Optimistic)))
}

#[test]
fn laws_have_names_of_their_own() {
    let mut names: Vec<_> = laws::<Memory>().into_iter().map(|(name, _)| name).collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all);
}
