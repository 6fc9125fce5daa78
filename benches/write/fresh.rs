//! One transaction of very many puts into an empty environment, which is created for each round.

use std::path::Path;
use std::time::Duration;

use heed::EnvFlags;
use mapleaf::{Dbi, Durability, Env};
use tempfile::TempDir;

use crate::support::{Case, Lane, Outcome, Role, Suite, Tree, heed_tree, number, open_heed, short, timed, touch};

/// Rows with keys of 24 bytes and values of 150.
pub(crate) type Wide = Dbi<&'static [u8], &'static [u8]>;

/// Rounds of a case whose rounds take seconds.
pub(crate) const FEW: u64 = 5;

/// Row `i`'s key, in random order.
pub(crate) fn wide_key(i: u64) -> [u8; 24] {
    let mut key = [0; 24];
    for (word, part) in key.as_chunks_mut::<8>().0.iter_mut().zip([number(i), i, !i]) {
        *word = part.to_be_bytes();
    }
    key
}

/// Row `i`'s value.
pub(crate) fn wide_value(i: u64) -> [u8; 150] {
    let mut bytes = [i.to_le_bytes()[0]; 150];
    bytes[..8].copy_from_slice(&number(i).to_le_bytes());
    bytes
}

pub(crate) fn fresh(suite: &mut Suite) -> Outcome {
    let rows = suite.plan.rows;
    let count = u32::try_from(rows)?;
    let many = short(rows);
    let random = Case::new(format!("transact of {many} puts, 24 + 150 B, random"), count).target(2.0);
    puts(suite, &random, wide_key)?;
    let ascending = Case::new(format!("transact of {many} puts, 24 + 150 B, ascending"), count).target(0.9);
    puts(suite, &ascending, |i| {
        let mut key = [0; 24];
        key[..8].copy_from_slice(&i.to_be_bytes());
        key
    })
}

fn puts(suite: &mut Suite, case: &Case, key: impl Fn(u64) -> [u8; 24]) -> Outcome {
    let rows = suite.plan.rows;
    let heed = |env: &heed::Env, tree: Tree| {
        let mut txn = env.write_txn()?;
        (0..rows).try_for_each(|i| tree.put(&mut txn, &key(i), &wide_value(i)))?;
        Ok(txn.commit()?)
    };
    let mapleaf = |env: &Env| {
        let wide: Wide = env.dbi("rows")?;
        Ok(env.transact(|txn| (0..rows).try_for_each(|i| wide.put(txn, &key(i), &wide_value(i))))?)
    };
    race(suite, case, FEW, heed, mapleaf)
}

/// Races the two over empty environments, timing only their own work. Both must hold the same entries at the end.
pub(crate) fn race(
    suite: &mut Suite,
    case: &Case,
    rounds: u64,
    heed: impl Fn(&heed::Env, Tree) -> Outcome,
    mapleaf: impl Fn(&Env) -> Outcome,
) -> Outcome {
    if !suite.runs_any(std::slice::from_ref(case)) {
        return Ok(());
    }
    let dir = suite.plan.dir();
    let lanes = vec![
        Lane::timing(Role::Heed, || heed_round(&dir, &heed)),
        Lane::timing(Role::Mapleaf, || mapleaf_round(&dir, &mapleaf)),
    ];
    suite.race_rounds(case, rounds, 0, lanes)
}

fn directory(path: &Path) -> Outcome<TempDir> {
    Ok(tempfile::Builder::new().prefix("mapleaf-bench-").tempdir_in(path)?)
}

fn heed_round(path: &Path, work: &impl Fn(&heed::Env, Tree) -> Outcome) -> Outcome<(Duration, u64)> {
    let dir = directory(path)?;
    let env = open_heed(dir.path(), Durability::Process, EnvFlags::NO_READ_AHEAD)?;
    let tree = heed_tree(&env, "rows")?;
    let (took, _) = timed(&mut || work(&env, tree).map(|()| 0))?;
    Ok((took, sum(&env)?))
}

fn mapleaf_round(path: &Path, work: &impl Fn(&Env) -> Outcome) -> Outcome<(Duration, u64)> {
    let dir = directory(path)?;
    let env = Env::options().durability(Durability::Process).open(dir.path())?;
    let (took, _) = timed(&mut || work(&env).map(|()| 0))?;
    env.close()?;
    // heed reads it too, whatever the types are.
    let env = open_heed(dir.path(), Durability::Process, EnvFlags::NO_READ_AHEAD)?;
    Ok((took, sum(&env)?))
}

/// A sum of the entries that depends on their order.
fn sum(env: &heed::Env) -> Outcome<u64> {
    let tree = heed_tree(env, "rows")?;
    let txn = env.read_txn()?;
    Ok(tree.iter(&txn)?.try_fold(0_u64, |sum, entry| {
        let (key, value) = entry?;
        Ok::<_, heed::Error>(sum.wrapping_mul(31).wrapping_add(touch(key) ^ touch(value).rotate_left(7)))
    })?)
}
