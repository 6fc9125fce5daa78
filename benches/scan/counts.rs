//! Counting half of a large tree, and all of it, against heed's walk over the keys.

use std::ops::Bound;

use heed::types::DecodeIgnore;

use crate::support::{Case, Lane, Numbers, Order, Outcome, Role, Sides, Suite, Target, short};

/// The key in the middle: keys are spread evenly over all numbers.
const MIDDLE: u64 = 1 << 63;

pub(crate) fn counts(suite: &mut Suite) -> Outcome {
    let rows = suite.plan.large;
    let (half, times) = (u32::try_from(rows / 2)?, suite.plan.work(100_000, 10));
    let name = short(rows);
    let count = Case::new(format!("count of half, {name} grown"), half).target(30.0);
    let rank = Case::new(format!("rank of the middle, {name} grown"), half).target(30.0);
    // Reads a field of the tree's record, whatever the number of rows.
    let len = Case::new(format!("count of all, {name} grown"), times).must(Target::Time(1e-6));
    if !suite.runs_any(&[count.clone(), rank.clone(), len.clone()]) {
        return Ok(());
    }
    let sides = Sides::kept(&suite.plan, Order::Random)?;
    let (numbers, tree): (Numbers, _) = (sides.mapleaf.dbi("numbers")?, sides.tree("numbers")?);
    let (txn, snap) = (sides.heed.read_txn()?, sides.mapleaf.snapshot()?);

    let middle = MIDDLE.to_be_bytes();
    let walk = || {
        let below = (Bound::Unbounded, Bound::Excluded(&middle[..]));
        let mut keys = tree.remap_data_type::<DecodeIgnore>().range(&txn, &below)?;
        keys.try_fold(0, |sum, next| Ok(next.map(|_| sum + 1)?))
    };
    let lanes = vec![Lane::new(Role::Heed, walk), Lane::new(Role::Mapleaf, || Ok(numbers.count(&snap, ..MIDDLE)?))];
    suite.race_lanes(&count, lanes)?;
    let lanes = vec![Lane::new(Role::Heed, walk), Lane::new(Role::Mapleaf, || Ok(numbers.rank(&snap, MIDDLE)?))];
    suite.race_lanes(&rank, lanes)?;
    let lanes = vec![
        Lane::new(Role::Heed, || (0..times).try_fold(0, |sum, _| Ok(sum + tree.len(&txn)?))),
        Lane::new(Role::Mapleaf, || (0..times).try_fold(0, |sum, _| Ok(sum + numbers.count(&snap, ..)?))),
    ];
    suite.race_lanes(&len, lanes)
}
