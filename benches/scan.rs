//! Scans of a million rows: whole, in reverse, short ranges at random positions, and prefixes, against heed's
//! iterators.
//!
//! Two trees are scanned: one grown by puts in random order, as most are, and one loaded in key order, whose scans
//! are limited by memory bandwidth. heed yields bytes; mapleaf decodes its keys.

#[path = "scan/cold.rs"]
mod cold;
#[path = "scan/counts.rs"]
mod counts;
#[path = "scan/events.rs"]
mod events;
#[path = "../examples/support/mod.rs"]
mod examples;
#[path = "scan/kinds.rs"]
mod kinds;
#[path = "scan/large.rs"]
mod large;
mod support;

use std::ops::{Bound, ControlFlow};
use std::process::ExitCode;

use mapleaf::{Dbi, Durability, Env};

use support::{Case, Numbers, Order, Outcome, Sides, Suite, decoded, encoded, entry, number, pick, tuple, value};

type Tuples = Dbi<(u32, &'static str), &'static [u8]>;

fn main() -> ExitCode {
    Suite::main("scan", |suite| {
        for order in [Order::Random, Order::Ascending] {
            scan(suite, order)?;
        }
        kinds::kinds(suite)?;
        events::events(suite)?;
        for order in [Order::Random, Order::Ascending] {
            large::large(suite, order)?;
        }
        counts::counts(suite)?;
        // Last, because it drops the files from memory.
        cold::cold(suite)
    })
}

fn scan(suite: &mut Suite, order: Order) -> Outcome {
    let (rows, tree) = (suite.plan.rows, order.tree());
    let sides = Sides::new(&suite.plan, Durability::Process, |env| fill(env, rows, order))?;
    whole(suite, &sides, tree)?;
    ranges(suite, &sides, tree)?;
    prefixes(suite, &sides, tree)
}

fn fill(env: &Env, rows: u64, order: Order) -> Outcome {
    let (numbers, tuples): (Numbers, Tuples) = (env.dbi("numbers")?, env.dbi("tuples")?);
    let mut by_number: Vec<u64> = (0..rows).collect();
    let mut by_tuple = by_number.clone();
    if order == Order::Ascending {
        by_number.sort_unstable_by_key(|i| number(*i));
        by_tuple.sort_by_cached_key(|i| tuple(*i, rows));
    }
    for (by_number, by_tuple) in by_number.chunks(100_000).zip(by_tuple.chunks(100_000)) {
        env.transact(|txn| {
            for i in by_number {
                numbers.put(txn, number(*i), &value(*i))?;
            }
            for i in by_tuple {
                let (user, item) = tuple(*i, rows);
                tuples.put(txn, (user, &item), &value(*i))?;
            }
            Ok(())
        })?;
    }
    Ok(())
}

fn whole(suite: &mut Suite, sides: &Sides, tree: &str) -> Outcome {
    let numbers: Numbers = sides.mapleaf.dbi("numbers")?;
    let bytes = sides.tree("numbers")?;
    let count = u32::try_from(suite.plan.rows)?;
    let (txn, snap) = (sides.heed.read_txn()?, sides.mapleaf.snapshot()?);
    let heed_forward = || {
        bytes.iter(&txn)?.try_fold(0, |sum, next| {
            let (key, value) = next?;
            Ok(entry(sum, decoded(key), value))
        })
    };
    suite.compare(Case::new(format!("for_each, whole, {tree}"), count), heed_forward, || {
        let mut sum = 0;
        let _ = numbers.for_each(&snap, .., |key, value| {
            sum = entry(sum, key, value);
            ControlFlow::Continue(())
        })?;
        Ok(sum)
    })?;
    suite.compare(Case::new(format!("iter, whole, {tree}"), count), heed_forward, || {
        numbers.iter(&snap)?.try_fold(0, |sum, next| {
            let (key, value) = next?;
            Ok(entry(sum, key, value))
        })
    })?;
    suite.compare(
        Case::new(format!("iter().rev(), whole, {tree}"), count),
        || {
            bytes.rev_iter(&txn)?.try_fold(0, |sum, next| {
                let (key, value) = next?;
                Ok(entry(sum, decoded(key), value))
            })
        },
        || {
            numbers.iter(&snap)?.rev().try_fold(0, |sum, next| {
                let (key, value) = next?;
                Ok(entry(sum, key, value))
            })
        },
    )
}

/// Ranges of 100 rows, each with a new search.
fn ranges(suite: &mut Suite, sides: &Sides, tree: &str) -> Outcome {
    let numbers: Numbers = sides.mapleaf.dbi("numbers")?;
    let bytes = sides.tree("numbers")?;
    let rows = suite.plan.rows;
    let mut sorted: Vec<u64> = (0..rows).map(number).collect();
    sorted.sort_unstable();
    let count = suite.plan.work(1_000, 10);
    let starts: Vec<usize> =
        (0..count).map(|n| usize::try_from(pick(u64::from(n), rows - 100))).collect::<Result<_, _>>()?;
    let ends: Vec<(u64, u64)> = starts.iter().map(|start| (sorted[*start], sorted[start + 100])).collect();
    let (txn, snap) = (sides.heed.read_txn()?, sides.mapleaf.snapshot()?);
    for reverse in [false, true] {
        let name = if reverse { "100-row ranges, reverse" } else { "100-row ranges" };
        let case = Case::new(format!("{name}, {tree}"), count);
        suite.compare(
            if reverse { case } else { case.target(1.5) },
            || {
                let mut sum = 0;
                for (low, high) in &ends {
                    let (low, high) = (low.to_be_bytes(), high.to_be_bytes());
                    let range = (Bound::Included(&low[..]), Bound::Excluded(&high[..]));
                    let mut add = |next: heed::Result<(&[u8], &[u8])>| -> heed::Result<()> {
                        let (key, value) = next?;
                        sum = entry(sum, decoded(key), value);
                        Ok(())
                    };
                    if reverse {
                        bytes.rev_range(&txn, &range)?.try_for_each(&mut add)?;
                    } else {
                        bytes.range(&txn, &range)?.try_for_each(&mut add)?;
                    }
                }
                Ok(sum)
            },
            || {
                let mut sum = 0;
                for (low, high) in &ends {
                    let mut range = numbers.range(&snap, low..high)?;
                    let mut add = |next: mapleaf::Result<(u64, &[u8])>| -> mapleaf::Result<()> {
                        let (key, value) = next?;
                        sum = entry(sum, key, value);
                        Ok(())
                    };
                    if reverse {
                        range.rev().try_for_each(&mut add)?;
                    } else {
                        range.try_for_each(&mut add)?;
                    }
                }
                Ok(sum)
            },
        )?;
    }
    Ok(())
}

/// All items of a user, about 100 each: the first element of a tuple key is the prefix.
fn prefixes(suite: &mut Suite, sides: &Sides, tree: &str) -> Outcome {
    let tuples: Tuples = sides.mapleaf.dbi("tuples")?;
    let bytes = sides.tree("tuples")?;
    let rows = suite.plan.rows;
    let count = suite.plan.work(1_000, 10);
    let users: Vec<u32> = (0..count).map(|n| tuple(pick(u64::from(n), rows), rows).0).collect();
    let prefixes: Vec<Box<[u8]>> = users.iter().map(|user| encoded::<u32>(*user)).collect::<Outcome<_>>()?;
    let (txn, snap) = (sides.heed.read_txn()?, sides.mapleaf.snapshot()?);
    // heed's keys stay bytes; mapleaf decodes a number and a text of each, except when it reads values alone.
    let heed = || {
        let mut sum = 0;
        for prefix in &prefixes {
            for next in bytes.prefix_iter(&txn, prefix)? {
                sum = entry(sum, 0, next?.1);
            }
        }
        Ok(sum)
    };
    suite.compare(Case::new(format!("100-row prefixes, {tree}"), count), heed, || {
        let mut sum = 0;
        for user in &users {
            for next in tuples.prefix(&snap, (user,))? {
                sum = entry(sum, 0, next?.1);
            }
        }
        Ok(sum)
    })?;
    suite.compare(Case::new(format!("100-row prefixes, values alone, {tree}"), count), heed, || {
        let mut sum = 0;
        for user in &users {
            for value in tuples.prefix(&snap, (user,))?.values() {
                sum = entry(sum, 0, value?);
            }
        }
        Ok(sum)
    })
}
