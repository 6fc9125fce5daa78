//! The length of a database in a transaction is counted once; after that it costs nothing to ask, and a change costs a
//! look-up more, whatever is pending.

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::page::steps::pages_of;
use crate::{Dbi, Durability, Env, Error, ErrorKind, Result, WriteTxn};

fn filled(rows: u64) -> Result<(Env, Dbi<u64, u64>)> {
    let env = Env::temporary()?;
    let dbi = env.dbi("rows")?;
    env.transact(|txn| dbi.load(txn, (0..rows).map(|row| (row * 2, row))))?;
    Ok((env, dbi))
}

/// The most pages that a question, and that a change with a question behind it, looked at.
fn dearest(pending: u64) -> Result<(u64, u64, u64)> {
    let (env, dbi) = filled(50_000)?;
    env.transact(|txn| {
        let change = |txn: &mut WriteTxn, n: u64| match n % 3 {
            0 => dbi.put(txn, n * 7 % 100_000, 1),
            1 => dbi.delete(txn, n * 2 % 100_000).map(drop),
            _ => dbi.put(txn, 200_000 + n, 1),
        };
        (0..pending).try_for_each(|n| change(txn, n))?;
        let (first, counted) = pages_of(|| dbi.len(txn));
        first?;
        let (mut asked, mut changed) = (0, 0);
        for n in pending..pending + 500 {
            let (done, pages) = pages_of(|| change(txn, n));
            done?;
            changed = pages.max(changed);
            let (length, pages) = pages_of(|| dbi.len(txn));
            length?;
            asked = pages.max(asked);
        }
        Ok((counted, asked, changed))
    })
}

#[test]
fn asking_again_looks_at_nothing() -> Result<()> {
    let (few, many) = (dearest(1000)?, dearest(32_000)?);
    assert!(few.0 > 100 && many.0 > few.0, "the first question looks up what is pending: {few:?} {many:?}");
    assert_eq!((few.1, many.1), (0, 0), "a later one nothing");
    assert!(few.2 <= 40 && many.2 <= 40, "a change a few look-ups: {few:?} {many:?}");
    Ok(())
}

#[derive(Clone, Debug)]
enum Step {
    Put(u64),
    Delete(u64),
    DeleteRange(u64, u64),
    Clear,
    PopFirst,
    Len,
    /// A savepoint of these steps, kept or undone.
    Savepoint(bool, Vec<Step>),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let key = 0..60_u64;
    let leaf = prop_oneof![
        6 => key.clone().prop_map(Step::Put),
        4 => key.clone().prop_map(Step::Delete),
        1 => (key.clone(), key).prop_map(|(from, to)| Step::DeleteRange(from, to)),
        1 => Just(Step::Clear),
        2 => Just(Step::PopFirst),
        4 => Just(Step::Len),
    ];
    let step = leaf.prop_recursive(4, 40, 8, |inner| {
        (any::<bool>(), prop::collection::vec(inner, 0..8)).prop_map(|(keeps, steps)| Step::Savepoint(keeps, steps))
    });
    prop::collection::vec(step, 1..40)
}

fn play(txn: &mut WriteTxn, dbi: &Dbi<u64, u64>, model: &mut BTreeMap<u64, u64>, steps: &[Step]) -> Result<()> {
    for step in steps {
        match step {
            Step::Put(key) => {
                dbi.put(txn, *key, 1)?;
                model.insert(*key, 1);
            }
            Step::Delete(key) => assert_eq!(dbi.delete(txn, *key)?, model.remove(key).is_some()),
            Step::DeleteRange(from, to) => {
                dbi.delete_range(txn, *from..*to)?;
                model.retain(|key, _| !(from <= key && key < to));
            }
            Step::Clear => {
                dbi.clear(txn)?;
                model.clear();
            }
            Step::PopFirst => {
                assert_eq!(dbi.pop_first(txn)?.map(|(key, _)| key), model.pop_first().map(|(key, _)| key));
            }
            Step::Len => assert_eq!(dbi.len(txn)?, model.len() as u64),
            Step::Savepoint(keeps, steps) => {
                let mut inside = model.clone();
                let outcome = txn.savepoint(|txn| {
                    play(txn, dbi, &mut inside, steps)?;
                    if *keeps { Ok(()) } else { Err(Error::new(ErrorKind::Other, "undone on purpose")) }
                });
                assert_eq!(outcome.is_ok(), *keeps);
                if *keeps {
                    *model = inside;
                }
                assert_eq!(dbi.len(txn)?, model.len() as u64);
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn it_is_that_of_the_model(before in prop::collection::btree_set(0..60_u64, 0..40), steps in steps()) {
        let env = Env::options().durability(Durability::Process).temporary().expect("a new environment");
        let dbi: Dbi<u64, u64> = env.dbi("rows").expect("a new database");
        let mut model: BTreeMap<u64, u64> = before.iter().map(|key| (*key, 0)).collect();
        env.transact(|txn| dbi.load(txn, model.clone())).expect("loaded");
        env.transact(|txn| play(txn, &dbi, &mut model, &steps)).expect("played");
        let snap = env.snapshot().expect("a state");
        prop_assert_eq!(dbi.len(&snap).expect("counted"), model.len() as u64);
    }
}
