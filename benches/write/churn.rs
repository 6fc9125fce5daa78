//! Many changes of one kind in one transaction, with reads between them: counters, queues, windows, caches, removals.
//!
//! Keys of 24 bytes in no order, values of 150. Each round starts on its own copy of the same pages; both sides must hold the
//! same entries at the end. The commit counts.

use std::ops::Bound;
use std::time::Duration;

use mapleaf::{Durability, Env, Result, WriteTxn};

use crate::fresh::{Wide, wide_key, wide_value};
use crate::support::{Case, Lane, Outcome, Role, Sides, Suite, Tree, timed, touch};

type Ours = fn(&mut WriteTxn, &Wide, u64) -> Result<()>;
type Theirs = fn(&mut heed::RwTxn<'_>, Tree, u64) -> heed::Result<()>;

/// Numbered keys behind all others.
fn behind(n: u64) -> [u8; 24] {
    let mut key = [0xFF; 24];
    key[16..].copy_from_slice(&n.to_be_bytes());
    key
}

/// Whether a row is one of two, or of six.
fn is_one_of(parts: u8, key: &[u8]) -> bool {
    key.get(15).is_some_and(|byte| byte.is_multiple_of(parts))
}

fn each(steps: u64, step: impl FnMut(u64) -> Result<()>) -> Result<()> {
    (0..steps).try_for_each(step)
}

fn heed_each(steps: u64, step: impl FnMut(u64) -> heed::Result<()>) -> heed::Result<()> {
    (0..steps).try_for_each(step)
}

/// Removes the entry at an end.
fn heed_pop(txn: &mut heed::RwTxn<'_>, tree: Tree, last: bool) -> heed::Result<()> {
    let end = if last { tree.last(txn)? } else { tree.first(txn)? };
    match end.map(|(key, _)| key.to_vec()) {
        Some(key) => tree.delete(txn, &key).map(drop),
        None => Ok(()),
    }
}

/// Removes the rows of which one is in so many parts.
#[expect(unsafe_code, reason = "heed deletes by an iterator in an unsafe function")]
fn heed_remove(txn: &mut heed::RwTxn<'_>, tree: Tree, parts: u8) -> heed::Result<()> {
    let mut entries = tree.iter_mut(txn)?;
    while let Some(entry) = entries.next() {
        if is_one_of(parts, entry?.0) {
            // SAFETY: no reference to the entry is kept.
            unsafe { entries.del_current()? };
        }
    }
    Ok(())
}

const WINDOW: u64 = 100;

/// What is done, by both, and how often for each row that is there before; the ratio that is aimed at.
const CASES: &[(&str, f64, Ours, Theirs)] = &[
    (
        "a counter",
        1.0,
        |txn, wide, steps| each(steps, |n| wide.update(txn, &behind(0), |_| Some(wide_value(n).to_vec())).map(drop)),
        |txn, tree, steps| {
            heed_each(steps, |n| {
                tree.get(txn, &behind(0))?;
                tree.put(txn, &behind(0), &wide_value(n))
            })
        },
    ),
    (
        "put and get",
        1.0,
        |txn, wide, steps| {
            each(steps, |n| {
                wide.put(txn, &wide_key(u64::MAX - n), &wide_value(n))?;
                wide.get(txn, &wide_key(n)).map(drop)
            })
        },
        |txn, tree, steps| {
            heed_each(steps, |n| {
                tree.put(txn, &wide_key(u64::MAX - n), &wide_value(n))?;
                tree.get(txn, &wide_key(n)).map(drop)
            })
        },
    ),
    (
        "put and len",
        1.0,
        |txn, wide, steps| {
            each(steps, |n| {
                wide.put(txn, &wide_key(u64::MAX - n), &wide_value(n))?;
                wide.len(txn).map(drop)
            })
        },
        |txn, tree, steps| {
            heed_each(steps, |n| {
                tree.put(txn, &wide_key(u64::MAX - n), &wide_value(n))?;
                tree.len(txn).map(drop)
            })
        },
    ),
    (
        "a sliding window",
        1.0,
        |txn, wide, steps| {
            each(steps, |n| {
                wide.put(txn, &behind(n), &wide_value(n))?;
                n.checked_sub(WINDOW).map_or(Ok(()), |old| wide.delete(txn, &behind(old)).map(drop))
            })
        },
        |txn, tree, steps| {
            heed_each(steps, |n| {
                tree.put(txn, &behind(n), &wide_value(n))?;
                n.checked_sub(WINDOW).map_or(Ok(()), |old| tree.delete(txn, &behind(old)).map(drop))
            })
        },
    ),
    (
        "a queue: put at the back, pop in front",
        1.0,
        |txn, wide, steps| {
            each(steps, |n| {
                wide.put(txn, &behind(n), &wide_value(n))?;
                wide.pop_first(txn).map(drop)
            })
        },
        |txn, tree, steps| {
            heed_each(steps, |n| {
                tree.put(txn, &behind(n), &wide_value(n))?;
                heed_pop(txn, tree, false)
            })
        },
    ),
    (
        "a bounded cache: put anywhere, pop in front",
        1.0,
        |txn, wide, steps| {
            each(steps, |n| {
                wide.put(txn, &wide_key(u64::MAX - n), &wide_value(n))?;
                wide.pop_first(txn).map(drop)
            })
        },
        |txn, tree, steps| {
            heed_each(steps, |n| {
                tree.put(txn, &wide_key(u64::MAX - n), &wide_value(n))?;
                heed_pop(txn, tree, false)
            })
        },
    ),
    (
        "pop_first",
        1.0,
        |txn, wide, steps| each(steps, |_| wide.pop_first(txn).map(drop)),
        |txn, tree, steps| heed_each(steps, |_| heed_pop(txn, tree, false)),
    ),
    (
        "pop_last",
        1.0,
        |txn, wide, steps| each(steps, |_| wide.pop_last(txn).map(drop)),
        |txn, tree, steps| heed_each(steps, |_| heed_pop(txn, tree, true)),
    ),
    (
        "deletions in no order",
        1.5,
        |txn, wide, steps| each(steps, |n| wide.delete(txn, &wide_key(n)).map(drop)),
        |txn, tree, steps| heed_each(steps, |n| tree.delete(txn, &wide_key(n)).map(drop)),
    ),
    (
        "retain of half",
        1.5,
        |txn, wide, _| wide.retain(txn, .., |key, _| !is_one_of(2, key)).map(drop),
        |txn, tree, _| heed_remove(txn, tree, 2),
    ),
    (
        "extract_if of a sixth",
        1.0,
        |txn, wide, _| wide.extract_if(txn, .., |key, _| is_one_of(6, key))?.try_for_each(|entry| entry.map(drop)),
        |txn, tree, _| heed_remove(txn, tree, 6),
    ),
    (
        "delete_range of half",
        1.0,
        |txn, wide, _| wide.delete_range(txn, &[0x80][..]..).map(drop),
        |txn, tree, _| {
            let half = (Bound::Included(&[0x80][..]), Bound::Unbounded);
            tree.delete_range(txn, &half).map(drop)
        },
    ),
];

pub(crate) fn churn(suite: &mut Suite) -> Outcome {
    let rows = suite.plan.rows / 5;
    let steps = rows / 2;
    for (name, target, ours, theirs) in CASES {
        let case = Case::new(format!("in one transaction: {name}"), u32::try_from(steps)?).target(*target);
        if suite.plan.list || !suite.runs_any(std::slice::from_ref(&case)) {
            continue;
        }
        let plan = suite.plan.clone();
        let fresh = || Sides::new(&plan, Durability::Process, |env| fill(env, rows));
        let heed = || -> Outcome<(Duration, u64)> {
            let sides = fresh()?;
            let tree = sides.tree("rows")?;
            let (took, _) = timed(&mut || {
                let mut txn = sides.heed.write_txn()?;
                theirs(&mut txn, tree, steps)?;
                txn.commit()?;
                Ok(0)
            })?;
            let txn = sides.heed.read_txn()?;
            let sum =
                tree.iter(&txn)?.try_fold(0_u64, |sum, entry| entry.map(|(key, value)| added(sum, key, value)))?;
            Ok((took, sum))
        };
        let mapleaf = || -> Outcome<(Duration, u64)> {
            let sides = fresh()?;
            let wide: Wide = sides.mapleaf.dbi("rows")?;
            let (took, _) = timed(&mut || Ok(sides.mapleaf.transact(|txn| ours(txn, &wide, steps)).map(|()| 0)?))?;
            let snap = sides.mapleaf.snapshot()?;
            let sum =
                wide.iter(&snap)?.try_fold(0_u64, |sum, entry| entry.map(|(key, value)| added(sum, key, value)))?;
            Ok((took, sum))
        };
        suite.race_rounds(&case, 5, 0, vec![Lane::timing(Role::Heed, heed), Lane::timing(Role::Mapleaf, mapleaf)])?;
    }
    Ok(())
}

fn added(sum: u64, key: &[u8], value: &[u8]) -> u64 {
    sum.wrapping_mul(31).wrapping_add(touch(key) ^ touch(value).rotate_left(7))
}

fn fill(env: &Env, rows: u64) -> Outcome {
    let wide: Wide = env.dbi("rows")?;
    Ok(env.transact(|txn| (0..rows).try_for_each(|i| wide.put(txn, &wide_key(i), &wide_value(i))))?)
}
