//! `update_range` costs a constant for each entry, and a search for each that it changes, by the pages, changes and
//! entries that it looks at.

use crate::durability::Durability;
use crate::page::steps::steps_of;
use crate::{Dbi, Env, Error, ErrorKind, Result, WriteTxn};

type Rows = Dbi<&'static str, u64>;
type Step = (&'static str, fn(&mut WriteTxn, &Rows, u64) -> Result<()>);

/// Keys whose first bytes do not tell them apart.
fn key(n: u64) -> String {
    format!("account:{n:08}")
}

const STATES: &[Step] = &[
    ("no changes", |_, _, _| Ok(())),
    ("one change behind", |txn, dbi, _| dbi.put(txn, "behind", 1)),
    ("all rows put", |txn, dbi, rows| (0..rows).try_for_each(|n| dbi.put(txn, &key(n), n + 7))),
    ("every fourth row deleted", |txn, dbi, rows| {
        (0..rows).step_by(4).try_for_each(|n| dbi.delete(txn, &key(n)).map(drop))
    }),
];

const UPDATES: &[Step] = &[
    ("nothing", |txn, dbi, _| dbi.update_range(txn, .., |_, value| Some(value)).map(drop)),
    ("all", |txn, dbi, _| dbi.update_range(txn, .., |_, value| Some(value + 1)).map(drop)),
    ("every third", |txn, dbi, _| {
        dbi.update_range(txn, .., |_, value| Some(value + u64::from(value % 3 == 0))).map(drop)
    }),
    ("removed", |txn, dbi, _| dbi.update_range(txn, .., |_, _| None).map(drop)),
    ("every second removed", |txn, dbi, _| {
        dbi.update_range(txn, .., |_, value| value.is_multiple_of(2).then_some(value + 2)).map(drop)
    }),
];

/// The steps of an update of this many rows.
fn steps(state: Step, update: Step, rows: u64) -> Result<u64> {
    let env = Env::options().durability(Durability::Process).temporary()?;
    let dbi: Rows = env.dbi("rows")?;
    env.transact(|txn| (0..rows).try_for_each(|n| dbi.put(txn, &key(n), n)))?;
    let mut taken = 0;
    let undone: Result<()> = env.transact(|txn| {
        (state.1)(txn, &dbi, rows)?;
        // Sorts what is unsorted.
        dbi.first(txn)?;
        let (done, steps) = steps_of(|| (update.1)(txn, &dbi, rows));
        taken = steps;
        done?;
        Err(Error::new(ErrorKind::Other, "not to be committed"))
    });
    assert_eq!(undone.map_err(|error| error.kind()), Err(ErrorKind::Other));
    Ok(taken)
}

#[test]
fn in_the_number_of_entries() -> Result<()> {
    for state in STATES {
        for update in UPDATES {
            let (few, many) = (steps(*state, *update, 1000)?, steps(*state, *update, 16_000)?);
            // Sixteen times as many rows, each with a search that has four more steps.
            assert!(many < few * 32, "{} after {}: {few} steps, {many} with 16 times as many", update.0, state.0);
            assert!(few < 1000 * 60, "{} after {}: {few} steps", update.0, state.0);
        }
    }
    Ok(())
}
