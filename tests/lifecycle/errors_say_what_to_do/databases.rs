//! Errors of databases, keys, values, transactions, batches and loaders.

use std::ops::ControlFlow;
use std::path::Path;

use mapleaf::{Batch, Dbi, Durability, Env, ErrorKind, Expect, MultiDbi, Result};

use super::told;
use crate::common::errors::directory;
use crate::common::values::Unchecked;
use crate::rows;

/// A value type whose name is too long.
type Wordy = Unchecked<200>;

#[test]
fn errors_of_names_and_types_say_what_to_do() -> Result<()> {
    let env = Env::options().max_dbis(2).temporary()?;
    for name in ["", "__mine", "a\0b"] {
        told(env.dbi::<u32, u32>(name), ErrorKind::InvalidArgument, &[&format!("{name:?}")]);
    }
    told(env.dbi::<u32, u32>(&"n".repeat(256)), ErrorKind::InvalidArgument, &["255 bytes"]);
    told(env.dbi::<u32, Wordy>("wordy"), ErrorKind::InvalidArgument, &["\"wordy\"", "value type", "1800 bytes"]);
    let ages: Dbi<u32, u32> = env.dbi("ages")?;
    told(env.dbi::<u64, u32>("ages"), ErrorKind::SchemaMismatch, &["\"ages\""]);
    told(env.multi_dbi::<u32, u32>("ages"), ErrorKind::SchemaMismatch, &["\"ages\""]);
    told(env.dbi_options().create(false).open::<u32, u32>("nix"), ErrorKind::NotFound, &["\"nix\""]);
    told(env.drop_dbi("nix"), ErrorKind::NotFound, &["\"nix\""]);
    told(env.clear_dbi("nix"), ErrorKind::NotFound, &["\"nix\""]);
    env.dbi::<u32, u32>("second")?;
    told(env.dbi::<u32, u32>("third"), ErrorKind::DbisFull, &["\"third\"", "max_dbis allows 2"]);
    let other = Env::temporary()?;
    told(ages.get(&other.snapshot()?, 1), ErrorKind::InvalidArgument, &["\"ages\""]);
    told(other.transact(|txn| ages.put(txn, 1, 1)), ErrorKind::InvalidArgument, &["\"ages\""]);
    env.drop_dbi("ages")?;
    told(ages.get(&env.snapshot()?, 1), ErrorKind::NotFound, &["\"ages\""]);
    Ok(())
}

#[test]
fn errors_of_keys_and_values_say_what_to_do() -> Result<()> {
    let env = Env::temporary()?;
    let (texts, floats): (Dbi<&str, &[u8]>, Dbi<f64, u32>) = (env.dbi("texts")?, env.dbi("floats")?);
    let pairs: MultiDbi<&str, u32> = env.multi_dbi("pairs")?;
    let long = "k".repeat(env.max_key_size() + 1);
    let huge = vec![0; (1 << 31) + 1];
    env.transact(|txn| {
        told(texts.put(txn, "", b""), ErrorKind::InvalidKey, &["\"texts\""]);
        told(texts.put(txn, &long, b""), ErrorKind::TooLarge, &["\"texts\""]);
        told(texts.put(txn, "k", &huge), ErrorKind::TooLarge, &["\"texts\"", "\"k\""]);
        told(floats.put(txn, f64::NAN, 1), ErrorKind::InvalidKey, &["\"floats\""]);
        told(pairs.insert(txn, &long, 1), ErrorKind::TooLarge, &["\"pairs\""]);
        texts.put(txn, "m", b"text")?;
        told(texts.append(txn, "a", b""), ErrorKind::InvalidArgument, &["\"texts\""]);
        Ok(())
    })?;
    let snap = env.snapshot()?;
    let list = texts.list(&snap, mapleaf::ListOptions::default().limit(0));
    told(list, ErrorKind::InvalidArgument, &["\"texts\""]);
    Ok(())
}

#[test]
fn errors_of_limits_say_what_to_do() -> Result<()> {
    let env =
        Env::options().max_readers(2).map_size(1 << 20).max_map_size(1 << 20).max_txn_bytes(3 << 20).temporary()?;
    let blobs: Dbi<u32, Vec<u8>> = env.dbi("blobs")?;
    let store = |count: u32| env.transact(|txn| (0..count).try_for_each(|n| blobs.put(txn, n, &vec![1; 50_000])));
    told(store(40), ErrorKind::MapFull, &["max_map_size"]);
    told(store(80), ErrorKind::TooLarge, &["max_txn_bytes"]);
    let mut snaps = Vec::new();
    let refused = loop {
        store(1)?;
        match env.snapshot() {
            Ok(snap) => snaps.push(snap),
            Err(error) => break error,
        }
    };
    told::<()>(Err(refused), ErrorKind::ReadersFull, &["all 2 reader slots (max_readers)", "Env::readers"]);
    told(env.close(), ErrorKind::Busy, &["2 states"]);
    snaps.pop();
    told(env.close(), ErrorKind::Busy, &["a state"]);
    let kept = Env::options().max_backlog(1, 1).temporary()?;
    let numbers: Dbi<u32, u32> = kept.dbi("numbers")?;
    let one = || Batch::new().put(&numbers, 1, 1).map(std::mem::take);
    kept.transact(|_| {
        let first = kept.submit(one()?)?;
        told(kept.try_submit(one()?), ErrorKind::Busy, &["max_backlog"]);
        told(kept.submit(one()?), ErrorKind::Nested, &["max_backlog"]);
        drop(first);
        Ok(())
    })
}

type Call = fn(&Env, &Path) -> Result<()>;

#[test]
fn errors_of_calls_in_the_wrong_place_say_what_to_do() -> Result<()> {
    let dir = directory()?;
    let (env, _) = rows::written(&dir.path().join("env"), Durability::Immediate, 1)?;
    let copy = dir.path().join("copy");
    let calls: [(&str, Call); 8] = [
        ("transact", |env, _| env.transact(|_| Ok(()))),
        ("apply", |env, _| env.apply(Batch::new())),
        ("dbi", |env, _| env.dbi::<u32, u32>("new").map(drop)),
        ("drop_dbi", |env, _| env.drop_dbi("rows")),
        ("clear_dbi", |env, _| env.clear_dbi("rows")),
        ("compact", |env, _| env.compact()),
        ("copy_to", |env, copy| env.copy_to(copy, mapleaf::Compact::No)),
        ("close", |env, _| env.close()),
    ];
    env.transact(|_| {
        for (name, call) in calls {
            let error = told(call(&env, &copy), ErrorKind::Nested, &[]);
            assert_eq!(error.operation(), Some(name));
        }
        told(Env::open(dir.path().join("other")), ErrorKind::Nested, &[]);
        Ok(())
    })?;
    env.close()?;
    for (name, call) in calls.into_iter().filter(|(name, _)| *name != "close") {
        let error = told(call(&env, &copy), ErrorKind::Closed, &[]);
        assert_eq!(error.operation(), Some(name));
    }
    told(env.snapshot(), ErrorKind::Closed, &[]);
    let env = Env::options().read_only(true).open(dir.path().join("env"))?;
    for (_, call) in calls.into_iter().filter(|(name, _)| !["copy_to", "close"].contains(name)) {
        told(call(&env, &copy), ErrorKind::ReadOnly, &[]);
    }
    told(env.sync(), ErrorKind::ReadOnly, &[]);
    let rows: rows::Rows = env.dbi("rows")?;
    told(env.loader().put(&rows, 1, &Vec::new()), ErrorKind::ReadOnly, &["\"rows\""]);
    Ok(())
}

#[test]
fn errors_of_batches_and_loaders_say_what_to_do() -> Result<()> {
    let dir = directory()?;
    let env = Env::open(dir.path())?;
    let (ages, gone): (Dbi<&str, u32>, Dbi<&str, u32>) = (env.dbi("ages")?, env.dbi("gone")?);
    let mut batch = Batch::new();
    told(batch.put(&ages, "", 1).map(drop), ErrorKind::InvalidKey, &["\"ages\""]);
    batch.check(&ages, "ann", Expect::Present)?;
    told(env.apply(batch), ErrorKind::Conflict, &["\"ages\"", "\"ann\""]);
    let absent = dir.path().join("absent");
    let mut loader = env.loader().memory(0).directory(&absent);
    let many: Vec<String> = (0..50_000).map(|n| format!("{n:09}")).collect();
    let outcome = loader.load(&ages, many.iter().map(|key| (&key[..], 1)));
    told(outcome, ErrorKind::NotFound, &[&absent.to_string_lossy(), "\"ages\""]);
    let mut loader = env.loader();
    told(loader.put(&ages, "", 1), ErrorKind::InvalidKey, &["\"ages\""]);
    loader.put(&gone, "k", 1)?;
    env.drop_dbi("gone")?;
    told(loader.finish(), ErrorKind::NotFound, &["\"gone\""]);
    let mut stopped = env.loader().on_progress(|_| ControlFlow::Break(()));
    let ended = stopped.load(&ages, many.iter().map(|key| (&key[..], 1))).and_then(|_| stopped.finish().map(drop));
    assert_eq!(ended.map_err(|error| error.kind()), Err(ErrorKind::Other), "the caller's own");
    Ok(())
}
