//! Puts right after a load of rows in random order, each side into the tree of its own load: in random order,
//! durable, one by one and in batches; and after all rows, in key order.

use heed::{EnvFlags, PutFlags};
use mapleaf::{Durability, Env};

use crate::fresh::{FEW, Wide, wide_key, wide_value};
use crate::support::{Case, Lane, Outcome, Role, Suite, Tree, heed_tree, open_heed, short};

/// A key after all keys of the load.
fn behind(i: u64) -> [u8; 24] {
    let mut key = [0xFF; 24];
    key[16..].copy_from_slice(&i.to_be_bytes());
    key
}

/// Puts per transaction, and transactions per round.
struct Shape {
    name: &'static str,
    target: f64,
    durability: Durability,
    puts: u64,
    transactions: u32,
    key: fn(u64) -> [u8; 24],
    appends: bool,
}

pub(crate) fn behind_a_load(suite: &mut Suite) -> Outcome {
    let (few, many) = (suite.plan.work(20, 2), suite.plan.work(10, 1));
    let shapes = [
        ("a put, random, immediate", 1.0, Durability::Immediate, 1, few, wide_key as fn(u64) -> _, false),
        ("1,000 puts, random, immediate", 1.0, Durability::Immediate, 1_000, many, wide_key, false),
        ("a put, random, process", 0.9, Durability::Process, 1, 50 * few, wide_key, false),
        ("1,000 puts, random, process", 1.0, Durability::Process, 1_000, many, wide_key, false),
        ("100,000 puts behind all", 1.3, Durability::Process, 100_000, 1, behind, false),
        ("100,000 appends behind all, heed's with APPEND", 0.9, Durability::Process, 100_000, 1, behind, true),
    ];
    for (name, target, durability, puts, transactions, key, appends) in shapes {
        let puts = if suite.plan.quick { 2 } else { puts };
        put(suite, &Shape { name, target, durability, puts, transactions, key, appends })?;
    }
    Ok(())
}

fn put(suite: &mut Suite, shape: &Shape) -> Outcome {
    let rows = suite.plan.large / 2;
    let count = u32::try_from(shape.puts * u64::from(shape.transactions))?;
    let case = Case::new(format!("behind a load of {}: {}", short(rows), shape.name), count).target(shape.target);
    if !suite.runs(&case) || suite.plan.list {
        return Ok(());
    }
    let dir = tempfile::Builder::new().prefix("mapleaf-bench-").tempdir_in(suite.plan.dir())?;
    let [ours, theirs] = ["mapleaf", "heed"].map(|name| dir.path().join(name));
    load(&ours, rows)?;
    load_heed(&theirs, rows)?;
    let env = Env::options().durability(shape.durability).open(&ours)?;
    let wide: Wide = env.dbi("rows")?;
    let heed = open_heed(&theirs, shape.durability, EnvFlags::NO_READ_AHEAD)?;
    let tree = heed_tree(&heed, "rows")?;
    let flags = if shape.appends { PutFlags::APPEND } else { PutFlags::empty() };
    let mut next = rows;
    let theirs = || {
        for _ in 0..shape.transactions {
            let mut txn = heed.write_txn()?;
            let put = |i| tree.put_with_flags(&mut txn, flags, &(shape.key)(i), &wide_value(i));
            (next..next + shape.puts).try_for_each(put)?;
            txn.commit()?;
            next += shape.puts;
        }
        Ok(next)
    };
    let mut next = rows;
    let ours = || {
        for _ in 0..shape.transactions {
            let puts = next..next + shape.puts;
            env.transact(|txn| {
                puts.into_iter().try_for_each(|i| {
                    let (key, value) = ((shape.key)(i), wide_value(i));
                    if shape.appends { wide.append(txn, &key, &value) } else { wide.put(txn, &key, &value) }
                })
            })?;
            next += shape.puts;
        }
        Ok(next)
    };
    suite.race_rounds(&case, FEW, 0, vec![Lane::new(Role::Heed, theirs), Lane::new(Role::Mapleaf, ours)])?;
    let (txn, snap) = (heed.read_txn()?, env.snapshot()?);
    let same = tree.len(&txn)? == wide.len(&snap)?;
    if same { Ok(()) } else { Err("heed and mapleaf hold different entries after the same puts".into()) }
}

fn load(path: &std::path::Path, rows: u64) -> Outcome {
    let env = Env::options().durability(Durability::Process).open(path)?;
    let wide: Wide = env.dbi("rows")?;
    env.transact(|txn| (0..rows).try_for_each(|i| wide.put(txn, &wide_key(i), &wide_value(i))))?;
    Ok(env.sync()?)
}

fn load_heed(path: &std::path::Path, rows: u64) -> Outcome {
    let env = open_heed(path, Durability::Process, EnvFlags::NO_READ_AHEAD)?;
    let tree: Tree = heed_tree(&env, "rows")?;
    // A commit per hundred thousand rows: LMDB keeps the pages that a transaction changes in a list, and searches it.
    for start in (0..rows).step_by(100_000) {
        let mut txn = env.write_txn()?;
        (start..rows.min(start + 100_000)).try_for_each(|i| tree.put(&mut txn, &wide_key(i), &wide_value(i)))?;
        txn.commit()?;
    }
    env.force_sync()?;
    env.prepare_for_closing().wait();
    Ok(())
}
