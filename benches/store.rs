//! The engines under the store layer: look-ups in an environment and in memory, and snapshots of a large memory, against
//! heed's own `get` of the same bytes and its read transaction.

mod support;

use std::process::ExitCode;

use mapleaf::store::{Backend, BackendRead, Memory};
use mapleaf::{Dbi, Durability};

use support::{Case, Lane, Outcome, Role, Sides, Suite, Target, pick, text, touch, value};

/// A space of an environment.
const SPACE: &str = "__store/bench/rows";
/// How many rows a transaction of the filling puts.
const BLOCK: u64 = 10_000;

fn main() -> ExitCode {
    Suite::main("store", engines)
}

fn engines(suite: &mut Suite) -> Outcome {
    let (gets, takes) = (suite.plan.work(100_000, 100), suite.plan.work(500_000, 100));
    let space = Case::new("get &str, space of an environment", gets).target(1.0);
    let memory = Case::new("get &str, memory", gets).must(Target::Time(1e-6));
    let snapshot = Case::new("snapshot, memory", takes).must(Target::Time(1e-6));
    if !suite.runs_any(&[space.clone(), memory.clone(), snapshot.clone()]) {
        return Ok(());
    }
    let rows = suite.plan.rows;
    let filled = Memory::new()?;
    let in_memory = fill(&filled, rows)?;
    let sides = Sides::new(&suite.plan, Durability::Process, |env| {
        let texts: Dbi<&str, &[u8]> = env.dbi("texts")?;
        fill(env, rows)?;
        Ok(env.transact(|txn| (0..rows).try_for_each(|i| texts.put(txn, &text(i), &value(i))))?)
    })?;
    let keys: Vec<String> = (0..u64::from(gets)).map(|n| text(pick(n, rows))).collect();
    let texts: Dbi<&str, &[u8]> = sides.mapleaf.dbi("texts")?;
    let in_env = sides.mapleaf.open_space(SPACE, "str", "record(bytes)")?;
    let (tree, txn) = (sides.tree("texts")?, sides.heed.read_txn()?);
    let (snap, of_memory) = (sides.mapleaf.snapshot()?, filled.snapshot()?);
    let heed = || sum(&keys, |key| Ok(tree.get(&txn, key.as_bytes())?.map(touch)));
    let lanes = vec![
        Lane::new(Role::Heed, heed),
        Lane::new(Role::Mapleaf, || sum(&keys, |key| read(&snap, &in_env, key))),
        Lane::new(Role::Beside("Dbi::get"), || sum(&keys, |key| Ok(texts.get(&snap, key)?.map(touch)))),
    ];
    suite.race_lanes(&space, lanes)?;
    suite.compare(memory, heed, || sum(&keys, |key| read(&of_memory, &in_memory, key)))?;
    // heed gives a thread one read transaction at a time.
    drop(txn);
    let ids = |id: &dyn Fn() -> Outcome<u64>| (0..takes).try_fold(0, |sum, _| Ok(sum + id()?.min(1)));
    let heed = || ids(&|| Ok(sides.heed.read_txn()?.id() as u64));
    suite.compare(snapshot, heed, || ids(&|| Ok(filled.snapshot()?.id().into())))
}

/// Puts the rows into a space.
fn fill<B: Backend>(engine: &B, rows: u64) -> Outcome<B::Space> {
    let space = engine.open_space(SPACE, "str", "record(bytes)")?;
    for first in (0..rows).step_by(usize::try_from(BLOCK)?) {
        engine.transact(|txn| {
            (first..(first + BLOCK).min(rows))
                .try_for_each(|i| txn.put(&space, text(i).as_bytes().into(), value(i)[..].into()))
        })?;
    }
    Ok(space)
}

fn read<R: BackendRead>(snapshot: &R, space: &R::Space, key: &str) -> Outcome<Option<u64>> {
    Ok(snapshot.get(space, key.as_bytes())?.map(|value| touch(&value)))
}

/// The sum over all values, each of which must exist.
fn sum(keys: &[String], get: impl Fn(&str) -> Outcome<Option<u64>>) -> Outcome<u64> {
    keys.iter().try_fold(0, |sum: u64, key| Ok(sum.wrapping_add(get(key)?.ok_or("a key was not found")?)))
}
