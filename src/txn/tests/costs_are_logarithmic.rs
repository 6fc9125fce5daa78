//! Within a transaction, the cost of a verb grows at most with the logarithm of the number of pending changes.
//! Every verb is tested in every state, by the pages, changes and entries that it looks at.

use std::ops::ControlFlow;

use crate::durability::Durability;
use crate::page::steps::steps_of;
use crate::{Dbi, Env, Error, ErrorKind, Result, WriteTxn};

type Rows = Dbi<u64, u64>;
/// Makes this many changes in a DBI `D`, or calls a verb for this number.
pub(super) type Step<D> = (&'static str, fn(&mut WriteTxn, &D, u64) -> Result<()>);
type State = Step<Rows>;
type Verb = Step<Rows>;

/// Rows in the file: the even keys below twice this number.
pub(super) const ROWS: u64 = 80_000;
const MIDDLE: u64 = ROWS;
/// How often each verb is called.
pub(super) const CALLS: u64 = 24;

/// The row number for change `n`, scattered and without repeats.
pub(super) fn scattered(n: u64) -> u64 {
    n.wrapping_mul(0x9E37_79B1) % ROWS
}

pub(super) fn each(pending: u64, mut change: impl FnMut(u64) -> Result<()>) -> Result<()> {
    (0..pending).try_for_each(&mut change)
}

const STATES: &[State] = &[
    ("puts of new keys", |txn, dbi, m| each(m, |n| dbi.put(txn, 2 * scattered(n) + 1, n))),
    ("puts over rows", |txn, dbi, m| each(m, |n| dbi.put(txn, 2 * scattered(n), n))),
    ("puts behind", |txn, dbi, m| each(m, |n| dbi.put(txn, 2 * ROWS + n, n))),
    ("puts behind, each read", |txn, dbi, m| {
        each(m, |n| {
            dbi.put(txn, 2 * ROWS + n, n)?;
            dbi.get(txn, n).map(drop)
        })
    }),
    ("deletions in front", |txn, dbi, m| each(m, |n| dbi.delete(txn, 2 * n).map(drop))),
    ("deletions at the back", |txn, dbi, m| each(m, |n| dbi.delete(txn, 2 * (ROWS - 1 - n)).map(drop))),
    ("deletions in the middle", |txn, dbi, m| each(m, |n| dbi.delete(txn, MIDDLE + 2 * n).map(drop))),
    ("deletions around the middle", |txn, dbi, m| {
        let at = |n: u64| if n.is_multiple_of(2) { MIDDLE + n } else { MIDDLE - 1 - n };
        each(m, |n| dbi.delete(txn, at(n)).map(drop))
    }),
    ("deletions in no order", |txn, dbi, m| {
        // Deletes all rows of a part of the tree, so that it is left empty.
        each(m, |n| dbi.delete(txn, 2 * (n * 7919 % m)).map(drop))
    }),
    ("scattered deletions", |txn, dbi, m| each(m, |n| dbi.delete(txn, 2 * scattered(n)).map(drop))),
    ("pops in front", |txn, dbi, m| each(m, |_| dbi.pop_first(txn).map(drop))),
    ("pops at the back", |txn, dbi, m| each(m, |_| dbi.pop_last(txn).map(drop))),
    ("extract_if, one each, in front", |txn, dbi, m| {
        each(m, |_| dbi.extract_if(txn, .., |_, _| true)?.next().transpose().map(drop))
    }),
    ("retain and extract_if, side by side in the middle", |txn, dbi, m| {
        each(m / 5, |n| {
            let at = MIDDLE + 10 * n;
            dbi.retain(txn, at + 6..at + 10, |_, _| false)?;
            dbi.extract_if(txn, at..at + 6, |_, _| true)?.try_for_each(|entry| entry.map(drop))
        })
    }),
    ("windows of 24 by extract_if, from the back", |txn, dbi, m| {
        each(m / 24, |n| {
            let at = 2 * (ROWS - 24 * (n + 1));
            dbi.extract_if(txn, at..at + 48, |_, _| true)?.try_for_each(|entry| entry.map(drop))
        })
    }),
    ("deletions of seven, and what is between by retain", |txn, dbi, m| {
        each(m / 15 * 7, |n| dbi.delete(txn, 2 * (n / 7 * 15 + n % 7)).map(drop))?;
        each(m / 15, |n| dbi.retain(txn, 30 * n + 14..30 * n + 30, |_, _| false).map(drop))
    }),
    ("a clear, and puts", |txn, dbi, m| {
        dbi.clear(txn)?;
        each(m, |n| dbi.put(txn, 3 * n, n))
    }),
    ("a clear, puts, and their deletion", |txn, dbi, m| {
        dbi.clear(txn)?;
        each(m, |n| dbi.put(txn, 3 * n, n))?;
        each(m - 10, |n| dbi.delete(txn, 3 * n).map(drop))
    }),
    ("small ranges in front", |txn, dbi, m| each(m, |n| dbi.delete_range(txn, 2 * n..=2 * n).map(drop))),
    ("ranges in front", |txn, dbi, m| each(m / 16, |n| dbi.delete_range(txn, 32 * n..=32 * n + 31).map(drop))),
    ("ranges from the beginning", |txn, dbi, m| each(m / 16, |n| dbi.delete_range(txn, ..32 * n).map(drop))),
    ("scattered ranges", |txn, dbi, m| {
        each(m / 16, |n| {
            let at = 2 * (scattered(n) / 16 * 16);
            dbi.delete_range(txn, at..at + 24).map(drop)
        })
    }),
    ("a sliding window", |txn, dbi, m| {
        each(m, |n| {
            dbi.put(txn, 2 * ROWS + n, n)?;
            dbi.delete_range(txn, ..2 * n).map(drop)
        })
    }),
    ("a queue", |txn, dbi, m| {
        each(m, |n| {
            dbi.put(txn, 2 * ROWS + n, n)?;
            dbi.pop_first(txn).map(drop)
        })
    }),
    ("keys that come and go", |txn, dbi, m| {
        each(m, |n| {
            dbi.put(txn, 2 * n + 1, n)?;
            dbi.delete(txn, 2 * n + 1).map(drop)
        })
    }),
    ("deletions in savepoints", |txn, dbi, m| each(m, |n| txn.savepoint(|txn| dbi.delete(txn, 2 * n).map(drop)))),
    ("undone savepoints", |txn, dbi, m| {
        each(m, |n| {
            let undone = txn.savepoint(|txn| {
                dbi.put(txn, 2 * n + 1, n)?;
                dbi.delete(txn, 2 * n)?;
                Err::<(), _>(Error::new(ErrorKind::Other, "undone on purpose"))
            });
            assert!(undone.is_err());
            Ok(())
        })
    }),
];

const VERBS: &[Verb] = &[
    ("get", |txn, dbi, i| dbi.get(txn, MIDDLE + i).map(drop)),
    ("contains", |txn, dbi, i| dbi.contains(txn, MIDDLE + i).map(drop)),
    ("first", |txn, dbi, _| dbi.first(txn).map(drop)),
    ("last", |txn, dbi, _| dbi.last(txn).map(drop)),
    ("floor", |txn, dbi, i| dbi.floor(txn, MIDDLE + i).map(drop)),
    ("ceiling", |txn, dbi, i| dbi.ceiling(txn, MIDDLE + i).map(drop)),
    ("lower", |txn, dbi, i| dbi.lower(txn, MIDDLE + 500 + i).map(drop)),
    ("higher", |txn, dbi, i| dbi.higher(txn, MIDDLE - 500 + i).map(drop)),
    ("range.next", |txn, dbi, i| dbi.range(txn, MIDDLE + i..)?.next().transpose().map(drop)),
    ("range.next_back", |txn, dbi, i| dbi.range(txn, ..MIDDLE + i)?.next_back().transpose().map(drop)),
    ("iter.next", |txn, dbi, _| dbi.iter(txn)?.next().transpose().map(drop)),
    ("iter.next_back", |txn, dbi, _| dbi.iter(txn)?.next_back().transpose().map(drop)),
    ("seek", |txn, dbi, i| {
        let mut all = dbi.iter(txn)?;
        all.seek(MIDDLE + i)?;
        all.next().transpose().map(drop)
    }),
    ("is_empty", |txn, dbi, _| dbi.is_empty(txn).map(drop)),
    ("estimate", |txn, dbi, i| dbi.estimate(txn, i..).map(drop)),
    ("estimate of a part", |txn, dbi, i| dbi.estimate(txn, i..MIDDLE).map(drop)),
    ("list", |txn, dbi, _| dbi.list(txn, crate::ListOptions::default().limit(3)).map(drop)),
    ("len", |txn, dbi, _| dbi.len(txn).map(drop)),
    ("get by a reader", |txn, dbi, i| dbi.get(&txn.reader(), MIDDLE + i).map(drop)),
    ("range.next by a reader", |txn, dbi, i| dbi.range(&txn.reader(), MIDDLE + i..)?.next().transpose().map(drop)),
    ("len by a reader", |txn, dbi, _| dbi.len(&txn.reader()).map(drop)),
    ("for_each, broken off", |txn, dbi, _| dbi.for_each(txn, .., |_, _| ControlFlow::Break(())).map(drop)),
    ("find_map", |txn, dbi, _| dbi.find_map(txn, .., |_, value| Some(value)).map(drop)),
    ("put", |txn, dbi, i| dbi.put(txn, MIDDLE + 7 * i, i)),
    ("insert", |txn, dbi, i| dbi.insert(txn, MIDDLE + 5 * i, i).map(drop)),
    ("replace", |txn, dbi, i| dbi.replace(txn, MIDDLE + 3 * i, i).map(drop)),
    ("put and len", |txn, dbi, i| {
        dbi.put(txn, MIDDLE + 11 * i, i)?;
        dbi.len(txn).map(drop)
    }),
    ("delete", |txn, dbi, i| dbi.delete(txn, MIDDLE + 2 * i).map(drop)),
    ("take", |txn, dbi, i| dbi.take(txn, MIDDLE + 100 + 2 * i).map(drop)),
    ("pop_first", |txn, dbi, _| dbi.pop_first(txn).map(drop)),
    ("pop_last", |txn, dbi, _| dbi.pop_last(txn).map(drop)),
    ("append", |txn, dbi, i| dbi.append(txn, 100 * ROWS + i, i)),
    ("extract_if, one", |txn, dbi, i| {
        dbi.extract_if(txn, .., |_, _| true)?.next().transpose().map(|_| assert!(i < CALLS))
    }),
    ("update_range of ten", |txn, dbi, i| {
        let at = MIDDLE + 200 + i;
        dbi.update_range(txn, at..at + 20, |_, value| Some(value + 1)).map(drop)
    }),
    ("update_range that removes", |txn, dbi, i| {
        let at = MIDDLE + 300 + 20 * i;
        dbi.update_range(txn, at..at + 20, |_, _| None).map(drop)
    }),
    ("put in a savepoint", |txn, dbi, i| txn.savepoint(|txn| dbi.put(txn, MIDDLE + 13 * i, i))),
    ("first in a savepoint", |txn, dbi, i| {
        txn.savepoint(|txn| {
            dbi.delete(txn, i)?;
            dbi.first(txn).map(drop)
        })
    }),
];

/// The most steps that a call of each verb takes with this many changes pending.
fn dearest<D>(open: impl Fn(&Env) -> Result<D>, state: &Step<D>, verbs: &[Step<D>], pending: u64) -> Result<Vec<u64>> {
    let env = Env::options().durability(Durability::Process).temporary()?;
    let dbi = open(&env)?;
    let mut all = Vec::new();
    let undone = env.transact(|txn| {
        (state.1)(txn, &dbi, pending)?;
        for (_, verb) in verbs {
            let mut most = 0;
            for call in 0..CALLS {
                let (done, steps) = steps_of(|| verb(txn, &dbi, call));
                done?;
                // The first call sorts and counts the pending changes for all later ones.
                most = if call == 0 { 0 } else { steps.max(most) };
            }
            all.push(most);
        }
        Err::<(), _>(Error::new(ErrorKind::Other, "not to be committed"))
    });
    assert_eq!(undone.map_err(|error| error.kind()), Err(ErrorKind::Other));
    Ok(all)
}

/// Checks every verb in every state, with a thousand changes pending and with 32 times as many.
pub(super) fn check<D>(open: impl Fn(&Env) -> Result<D>, states: &[Step<D>], verbs: &[Step<D>]) -> Result<()> {
    let mut too_dear = Vec::new();
    for state in states {
        let (few, many) = (dearest(&open, state, verbs, 1000)?, dearest(&open, state, verbs, 32_000)?);
        for (((verb, _), few), many) in verbs.iter().zip(few).zip(many) {
            // log(32,000) is one and a half times log(1,000). The lengths of runs beside gaps are random.
            if many > few * 2 + 160 {
                too_dear.push(format!("{verb} with {}: {few} steps, {many} with 32 times as many", state.0));
            }
        }
    }
    assert!(too_dear.is_empty(), "{} cells:\n{}", too_dear.len(), too_dear.join("\n"));
    Ok(())
}

#[test]
fn in_the_number_of_pending_changes() -> Result<()> {
    let open = |env: &Env| {
        let dbi: Rows = env.dbi("rows")?;
        env.transact(|txn| dbi.load(txn, (0..ROWS).map(|row| (2 * row, row))))?;
        Ok(dbi)
    };
    check(open, STATES, VERBS)
}
