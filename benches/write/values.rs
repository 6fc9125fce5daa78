//! Values with pages of their own: put over others in random order, in transactions of one to a hundred.

use mapleaf::Durability;

use crate::fresh::{Wide, wide_key};
use crate::support::{Case, Lane, Outcome, Role, Sides, Suite};

/// The bytes of all existing values.
const THERE: u64 = 128 << 20;

pub(crate) fn values(suite: &mut Suite) -> Outcome {
    for (bytes, name, target) in [(10_000, "10 KB", 1.0), (100_000, "100 KB", 0.85), (1 << 20, "1 MiB", 0.9)] {
        for count in [1, 10, 100] {
            let case = Case::new(format!("transact of {count} values of {name}, random"), count).target(target);
            puts(suite, &case, bytes, u64::from(count))?;
        }
    }
    Ok(())
}

fn puts(suite: &mut Suite, case: &Case, bytes: usize, count: u64) -> Outcome {
    if !suite.runs(case) || suite.plan.list {
        return Ok(());
    }
    let sides = Sides::new(&suite.plan, Durability::Process, |env| Ok(env.dbi::<&[u8], &[u8]>("rows").map(drop)?))?;
    let (wide, tree): (Wide, _) = (sides.mapleaf.dbi("rows")?, sides.tree("rows")?);
    let values = if suite.plan.quick { 4 } else { THERE / bytes as u64 };
    let value = vec![7; bytes];
    // Each of them many times, in random order.
    let key = |i: u64| wide_key(i.wrapping_mul(0x9E37_79B9) % values);
    let mut next = 0;
    let heed = || {
        let mut txn = sides.heed.write_txn()?;
        (next..next + count).try_for_each(|i| tree.put(&mut txn, &key(i), &value))?;
        txn.commit()?;
        next += count;
        Ok(next)
    };
    let mut next = 0;
    let mapleaf = || {
        let puts = next..next + count;
        sides.mapleaf.transact(|txn| puts.into_iter().try_for_each(|i| wide.put(txn, &key(i), &value)))?;
        next += count;
        Ok(next)
    };
    // The first rounds grow the file to its final length.
    let warming = if suite.plan.quick { 1 } else { 2 * values / count };
    let lanes = vec![Lane::new(Role::Heed, heed), Lane::new(Role::Mapleaf, mapleaf)];
    suite.race_rounds(case, suite.plan.rounds, warming, lanes)
}
