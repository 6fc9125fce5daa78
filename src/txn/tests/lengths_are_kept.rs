//! In a transaction, the length of a DBI is counted once, and so is the length of a range. After that asking
//! costs nothing, and each change costs one more look-up, however much is pending.

use std::collections::BTreeMap;
use std::ops::{Bound, RangeBounds};

use proptest::prelude::*;

use crate::durability::Durability;
use crate::page::steps::pages_of;
use crate::{Dbi, Env, Error, ErrorKind, MultiDbi, Result, WriteTxn};

fn filled(rows: u64) -> Result<(Env, Dbi<u64, u64>)> {
    let env = Env::temporary()?;
    let dbi = env.dbi("rows")?;
    env.transact(|txn| dbi.load(txn, (0..rows).map(|row| (row * 2, row))))?;
    Ok((env, dbi))
}

/// The most pages that the first question looked at, a later one, and a change before it.
fn dearest(pending: u64, ask: impl Fn(&Dbi<u64, u64>, &WriteTxn) -> Result<u64>) -> Result<(u64, u64, u64)> {
    let (env, dbi) = filled(50_000)?;
    env.transact(|txn| {
        let change = |txn: &mut WriteTxn, n: u64| match n % 3 {
            0 => dbi.put(txn, n * 7 % 100_000, 1),
            1 => dbi.delete(txn, n * 2 % 100_000).map(drop),
            _ => dbi.put(txn, 200_000 + n, 1),
        };
        (0..pending).try_for_each(|n| change(txn, n))?;
        let (first, counted) = pages_of(|| ask(&dbi, txn));
        first?;
        let (mut asked, mut changed) = (0, 0);
        for n in pending..pending + 500 {
            let (done, pages) = pages_of(|| change(txn, n));
            done?;
            changed = pages.max(changed);
            let (length, pages) = pages_of(|| ask(&dbi, txn));
            length?;
            asked = pages.max(asked);
        }
        Ok((counted, asked, changed))
    })
}

#[test]
fn asking_again_looks_at_nothing() -> Result<()> {
    type Ask = fn(&Dbi<u64, u64>, &WriteTxn) -> Result<u64>;
    let asked: [(&str, Ask); 4] = [
        ("len", |dbi, txn| dbi.len(txn)),
        ("count", |dbi, txn| dbi.count(txn, 10..=90_000)),
        ("count behind", |dbi, txn| dbi.count(txn, 20_000..)),
        ("rank", |dbi, txn| dbi.rank(txn, 70_001)),
    ];
    for (name, ask) in asked {
        let (few, many) = (dearest(1000, ask)?, dearest(32_000, ask)?);
        assert!(few.0 > 100 && many.0 > few.0, "{name}: the first question looks up what is pending: {few:?} {many:?}");
        assert_eq!((few.1, many.1), (0, 0), "{name}: a later one nothing");
        assert!(few.2 <= 40 && many.2 <= 40, "{name}: a change a few look-ups: {few:?} {many:?}");
    }
    Ok(())
}

#[test]
fn the_pairs_of_a_key_are_counted_once() -> Result<()> {
    let env = Env::temporary()?;
    let pairs: MultiDbi<u8, u64> = env.multi_dbi("pairs")?;
    env.transact(|txn| {
        let mut dearest = 0;
        for n in 0..4000 {
            assert!(pairs.insert(txn, 2, n)?);
            let (count, pages) = pages_of(|| pairs.count(txn, 2));
            assert_eq!(count?, n + 1);
            dearest = pages.max(dearest);
        }
        assert_eq!(dearest, 0, "the tree is empty");
        Ok(())
    })?;
    env.transact(|txn| {
        let mut pages = 0;
        for n in (0..4000).step_by(3) {
            assert!(pairs.remove(txn, 2, n)? && pairs.insert(txn, 3, n)?);
            let (count, looked_at) = pages_of(|| pairs.count(txn, 2));
            assert_eq!(count?, 4000 - n / 3 - 1);
            pages += looked_at;
        }
        assert!(pages < 100, "{pages} pages for 1,334 questions");
        Ok(())
    })
}

/// What is known before a savepoint is known after it, whether it is kept or undone, at any depth.
#[test]
fn savepoints_forget_nothing() -> Result<()> {
    let (env, dbi) = filled(50_000)?;
    let undone = || Err::<(), _>(Error::new(ErrorKind::Other, "undone on purpose"));
    env.transact(|txn| {
        (0..8000).try_for_each(|n| dbi.put(txn, n * 7, 1))?;
        let (length, count) = (dbi.len(txn)?, dbi.count(txn, 10..=90_000)?);
        for n in 0..100_u64 {
            let _ = txn.savepoint(|txn| {
                dbi.put(txn, 50_001 + 2 * n, 1)?;
                txn.savepoint(|txn| dbi.delete_range(txn, ..20 * n).map(drop))?;
                let _ = txn.savepoint(|txn| dbi.clear(txn).and_then(|_| undone()));
                undone()
            });
            let ((), pages) = pages_of(|| {
                assert_eq!(dbi.len(txn).ok(), Some(length), "{n}");
                assert_eq!(dbi.count(txn, 10..=90_000).ok(), Some(count), "{n}");
            });
            assert_eq!(pages, 0, "{n}");
        }
        txn.savepoint(|txn| txn.savepoint(|txn| dbi.put(txn, 60_001, 1)))?;
        let (now, pages) = pages_of(|| Ok::<_, Error>((dbi.len(txn)?, dbi.count(txn, 10..=90_000)?)));
        assert_eq!((now?, pages), ((length + 1, count + 1), 0));
        Ok(())
    })?;
    let mut draft = env.snapshot()?.draft();
    (0..8000).try_for_each(|n| dbi.put(&mut draft, n * 9, 1))?;
    let length = dbi.len(&draft)?;
    for n in 0..100 {
        let mut savepoint = draft.savepoint_guard();
        dbi.put(&mut savepoint, 60_001 + 2 * n, 1)?;
        savepoint.undo();
        let (now, pages) = pages_of(|| dbi.len(&draft));
        assert_eq!((now?, pages), (length, 0), "{n}");
    }
    Ok(())
}

/// A pop reports its key to the counts, which need no search for it.
#[test]
fn pops_beside_a_count_cost_no_more() -> Result<()> {
    let (env, dbi) = filled(50_000)?;
    env.transact(|txn| {
        let pops = |txn: &mut WriteTxn| pages_of(|| (0..1000).try_for_each(|_| dbi.pop_first(txn).map(drop)));
        pops(txn).0?;
        let (done, before) = pops(txn);
        done?;
        for n in 0..1000 {
            dbi.put(txn, 100_000 + n, 1)?;
            dbi.pop_last(txn)?;
        }
        dbi.put(txn, 50_001, 1)?;
        let counted = dbi.count(txn, 4_001..)?;
        let (done, after) = pops(txn);
        done?;
        assert_eq!(dbi.count(txn, 4_001..)?, counted - 999);
        assert!(after <= before + 50, "{before} pages, and {after}");
        Ok(())
    })
}

/// A count that is not asked for again costs no more look-ups than it saves.
#[test]
fn counts_not_asked_for_again_are_forgotten() -> Result<()> {
    let (env, dbi) = filled(50_000)?;
    env.transact(|txn| {
        (0..1000).try_for_each(|n| dbi.put(txn, n * 7, 1))?;
        dbi.count(txn, ..)?;
        dbi.count(txn, 5..)?;
        let pages =
            |txn: &mut WriteTxn, from: u64| pages_of(|| (from..from + 900).try_for_each(|n| dbi.put(txn, n * 9, 1)));
        let (done, kept) = pages(txn, 0);
        done?;
        (0..2000).try_for_each(|n| dbi.put(txn, n * 11, 1))?;
        let (done, forgotten) = pages(txn, 5000);
        done?;
        assert!(kept >= 900 && forgotten == 0, "{kept} pages, and {forgotten}");
        Ok(())
    })
}

#[derive(Clone, Debug)]
enum Step {
    Put(u64),
    Delete(u64),
    DeleteRange(u64, u64),
    Clear,
    PopFirst,
    PopLast,
    Insert(u64),
    Replace(u64),
    Extract(u64),
    Retain(u64),
    Len,
    /// The ends of a range. Three bits say which ends are included, and whether there is an upper one.
    Count(u64, u64, u8),
    Rank(u64),
    /// A savepoint of these steps, kept or undone.
    Savepoint(bool, Vec<Step>),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let key = 0..60_u64;
    let leaf = prop_oneof![
        6 => key.clone().prop_map(Step::Put),
        4 => key.clone().prop_map(Step::Delete),
        1 => (key.clone(), key.clone()).prop_map(|(from, to)| Step::DeleteRange(from, to)),
        1 => Just(Step::Clear),
        2 => Just(Step::PopFirst),
        1 => Just(Step::PopLast),
        3 => key.clone().prop_map(Step::Insert),
        1 => key.clone().prop_map(Step::Replace),
        1 => (1..5_u64).prop_map(Step::Extract),
        1 => (1..5_u64).prop_map(Step::Retain),
        2 => Just(Step::Len),
        // From few ranges, so that each is asked about again.
        8 => (0..3_u64, 0..3_u64, 0..8_u8).prop_map(|(from, to, ends)| Step::Count(from * 20, to * 20 + 15, ends)),
        2 => (0..3_u64).prop_map(|key| Step::Rank(key * 20)),
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
            Step::PopLast => {
                assert_eq!(dbi.pop_last(txn)?.map(|(key, _)| key), model.pop_last().map(|(key, _)| key));
            }
            Step::Insert(key) => {
                assert_eq!(dbi.insert(txn, *key, 1)?, !model.contains_key(key));
                model.entry(*key).or_insert(1);
            }
            Step::Replace(key) => assert_eq!(dbi.replace(txn, *key, 2)?, model.insert(*key, 2)),
            Step::Extract(part) => {
                let extracted = dbi.extract_if(txn, .., |key, _| key % part == 0)?.count();
                let before = model.len();
                model.retain(|key, _| key % part != 0);
                assert_eq!(extracted, before - model.len());
            }
            Step::Retain(part) => {
                dbi.retain(txn, .., |key, _| key % part == 0)?;
                model.retain(|key, _| key % part == 0);
            }
            Step::Len => assert_eq!(dbi.len(txn)?, model.len() as u64),
            Step::Count(from, to, ends) => {
                let bound =
                    |bit: u8, key: u64| if ends & bit == 0 { Bound::Included(key) } else { Bound::Excluded(key) };
                let upper = if ends & 4 == 0 { bound(2, *to) } else { Bound::Unbounded };
                let range = (bound(1, *from), upper);
                let counted = model.keys().filter(|key| range.contains(key)).count();
                assert_eq!(dbi.count(txn, range)?, counted as u64, "{range:?}");
            }
            Step::Rank(key) => assert_eq!(dbi.rank(txn, *key)?, model.range(..key).count() as u64),
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
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn lengths_are_those_of_the_model(before in prop::collection::btree_set(0..60_u64, 0..40), steps in steps()) {
        let env = Env::options().durability(Durability::Process).temporary().expect("a new environment");
        let dbi: Dbi<u64, u64> = env.dbi("rows").expect("a new DBI");
        let mut model: BTreeMap<u64, u64> = before.iter().map(|key| (*key, 0)).collect();
        env.transact(|txn| dbi.load(txn, model.clone())).expect("loaded");
        env.transact(|txn| play(txn, &dbi, &mut model, &steps)).expect("played");
        let snap = env.snapshot().expect("a state");
        prop_assert_eq!(dbi.len(&snap).expect("counted"), model.len() as u64);
    }
}
