//! Inside a transaction of mapleaf: what a savepoint costs, and what pending changes cost reads. The first side is
//! mapleaf too, without the savepoint or the changes.

use std::ops::ControlFlow;

use mapleaf::{Durability, Env, Read};

use crate::support::{Case, Lane, Numbers, Outcome, Race, Role, Sides, Suite, entry, number, pick, touch, value};

const PENDING: u32 = 100_000;

pub(crate) fn within(suite: &mut Suite) -> Outcome {
    savepoints(suite)?;
    pending(suite)
}

fn savepoints(suite: &mut Suite) -> Outcome {
    let (puts, times) = (1_000, suite.plan.work(100, 2));
    let case = Case::new("1,000 puts, without and in a savepoint", 1_000 * times).target(1.0 / 1.2);
    if !suite.runs_any(std::slice::from_ref(&case)) {
        return Ok(());
    }
    let sides = Sides::new(&suite.plan, Durability::Process, |_| Ok(()))?;
    let numbers: Numbers = sides.mapleaf.dbi("numbers")?;
    let run = |savepoint: bool| {
        for time in 0..u64::from(times) {
            let rows = || (time * puts..(time + 1) * puts).map(|i| (number(i), value(i)));
            sides.mapleaf.transact(|txn| {
                if savepoint {
                    txn.savepoint(|txn| rows().try_for_each(|(key, value)| numbers.put(txn, key, &value)))
                } else {
                    rows().try_for_each(|(key, value)| numbers.put(txn, key, &value))
                }
            })?;
        }
        Ok(numbers.len(&sides.mapleaf.snapshot()?)?)
    };
    suite.race_lanes(&case, vec![Lane::new(Role::Heed, || run(false)), Lane::new(Role::Mapleaf, || run(true))])
}

/// The pending puts store the values that exist already, so that both sides return the same sum.
fn pending(suite: &mut Suite) -> Outcome {
    let rows = suite.plan.rows;
    let gets = suite.plan.work(100_000, 100);
    let get = Case::new("get, snapshot and 100,000 pending", gets).target(0.7);
    let each = Case::new("for_each, snapshot and 100,000 pending", u32::try_from(rows)?).target(0.6);
    if !suite.runs_any(&[get.clone(), each.clone()]) {
        return Ok(());
    }
    let sides = Sides::new(&suite.plan, Durability::Process, |env| fill(env, rows))?;
    let (env, snap) = (&sides.mapleaf, sides.mapleaf.snapshot()?);
    let numbers: Numbers = env.dbi("numbers")?;
    let pending = u64::from(PENDING).min(rows / 10);
    let races = env.transact(|txn| {
        (0..pending).map(|n| pick(n, rows)).try_for_each(|i| numbers.put(txn, number(i), &value(i)))?;
        let txn = &*txn;
        let rounds = suite.plan.rounds;
        let gets = &mut [
            Lane::new(Role::Heed, || find(&numbers, &snap, gets, rows)),
            Lane::new(Role::Mapleaf, || find(&numbers, txn, gets, rows)),
        ];
        let gets = Race::run(rounds, 1, gets);
        let scans =
            &mut [Lane::new(Role::Heed, || scan(&numbers, &snap)), Lane::new(Role::Mapleaf, || scan(&numbers, txn))];
        Ok((gets, Race::run(rounds, 1, scans)))
    })?;
    for (case, race) in [(get, races.0?), (each, races.1?)] {
        if suite.runs(&case) {
            suite.came_out(&case, &race);
        }
    }
    Ok(())
}

fn find(numbers: &Numbers, state: &impl Read, gets: u32, rows: u64) -> Outcome<u64> {
    (0..u64::from(gets)).try_fold(0_u64, |sum, n| {
        let found = numbers.get(state, number(pick(!n, rows)))?.ok_or("a row is gone")?;
        Ok(sum.wrapping_add(touch(found)))
    })
}

fn scan(numbers: &Numbers, state: &impl Read) -> Outcome<u64> {
    let mut sum = 0;
    let flow = numbers.for_each(state, .., |key, value| {
        sum = entry(sum, key, value);
        ControlFlow::Continue(())
    })?;
    if flow == ControlFlow::Continue(()) { Ok(sum) } else { Err("the scan was broken off".into()) }
}

fn fill(env: &Env, rows: u64) -> Outcome {
    let numbers: Numbers = env.dbi("numbers")?;
    Ok(env.transact(|txn| (0..rows).try_for_each(|i| numbers.put(txn, number(i), &value(i))))?)
}
