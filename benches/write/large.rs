//! Puts of new keys in random order into a tree of five million rows, which fits in no processor cache. Each round
//! puts other rows into the same file: both sides grow alike.

use mapleaf::{Compact, Durability, Env};

use crate::fresh::{FEW, Wide, wide_key, wide_value};
use crate::support::{Case, Lane, Outcome, Plan, Role, Sides, Suite, short};

/// How the rows of a round are put.
struct Shape {
    durability: Durability,
    transactions: u64,
    /// Puts per transaction.
    puts: u64,
}

pub(crate) fn large(suite: &mut Suite) -> Outcome {
    let before = suite.plan.large / 2;
    let one = Shape { durability: Durability::Process, transactions: 1, puts: suite.plan.rows };
    let name = format!("transact of {} random puts into {} rows", short(one.puts), short(before));
    puts(suite, &Case::new(name, u32::try_from(one.puts)?).target(1.6), before, &one)?;

    let transactions = u64::from(suite.plan.work(100, 2));
    let many = Shape { durability: Durability::Immediate, transactions, puts: 1_000.min(suite.plan.rows) };
    let name = format!("{transactions} transacts of {} into {} rows, immediate", short(many.puts), short(before));
    puts(suite, &Case::new(name, u32::try_from(transactions * many.puts)?).target(1.0), before, &many)
}

fn puts(suite: &mut Suite, case: &Case, before: u64, shape: &Shape) -> Outcome {
    if !suite.runs_any(std::slice::from_ref(case)) {
        return Ok(());
    }
    let sides = copies(&suite.plan, shape.durability, before)?;
    let (wide, tree): (Wide, _) = (sides.mapleaf.dbi("rows")?, sides.tree("rows")?);
    let mut next = before;
    let heed = || {
        for _ in 0..shape.transactions {
            let mut txn = sides.heed.write_txn()?;
            (next..next + shape.puts).try_for_each(|i| tree.put(&mut txn, &wide_key(i), &wide_value(i)))?;
            txn.commit()?;
            next += shape.puts;
        }
        Ok(next)
    };
    let mut next = before;
    let mapleaf = || {
        for _ in 0..shape.transactions {
            let puts = next..next + shape.puts;
            sides
                .mapleaf
                .transact(|txn| puts.into_iter().try_for_each(|i| wide.put(txn, &wide_key(i), &wide_value(i))))?;
            next += shape.puts;
        }
        Ok(next)
    };
    suite.race_rounds(case, FEW, 0, vec![Lane::new(Role::Heed, heed), Lane::new(Role::Mapleaf, mapleaf)])?;
    let (txn, snap) = (sides.heed.read_txn()?, sides.mapleaf.snapshot()?);
    let same = tree.len(&txn)? == wide.len(&snap)?;
    if same { Ok(()) } else { Err("heed and mapleaf hold different entries after the same puts".into()) }
}

/// A copy for each side: a file that grew in random order is scattered on the disk, and its copy is not.
fn copies(plan: &Plan, durability: Durability, rows: u64) -> Outcome<Sides> {
    let dir = tempfile::Builder::new().prefix("mapleaf-bench-").tempdir_in(plan.dir())?;
    let [grown, ours, theirs] = ["grown", "mapleaf", "heed"].map(|name| dir.path().join(name));
    let env = Env::options().durability(Durability::Process).open(&grown)?;
    fill(&env, rows)?;
    for copy in [&ours, &theirs] {
        env.copy_to(copy, Compact::No)?;
    }
    env.close()?;
    Env::destroy(&grown)?;
    Sides::open(&ours, &theirs, durability, Some(dir))
}

/// In random order, so that leaves are as full as those of a tree that grew: a hundred thousand per transaction.
fn fill(env: &Env, rows: u64) -> Outcome {
    let wide: Wide = env.dbi("rows")?;
    for start in (0..rows).step_by(100_000) {
        env.transact(|txn| {
            (start..rows.min(start + 100_000)).try_for_each(|i| wide.put(txn, &wide_key(i), &wide_value(i)))
        })?;
    }
    Ok(())
}
