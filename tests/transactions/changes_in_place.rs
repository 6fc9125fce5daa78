//! `update_range` shows each entry of its range once, as the transaction has it, and stores what its closure returns.
//! If the closure fails or panics, nothing was changed.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use mapleaf::{Dbi, Durability, Env, EnvOptions, Error, ErrorKind, Result, WriteTxn};
use proptest::collection::vec;
use proptest::prelude::*;

type Model = BTreeMap<String, Vec<u8>>;
type Rows = Dbi<&'static str, Vec<u8>>;

const KEYS: u16 = 1200;

/// All keys begin alike, as text keys often do, and have two lengths.
fn key(n: u16) -> String {
    format!("account:{:04}{}", n % KEYS, if n.is_multiple_of(3) { "" } else { ":eur" })
}

/// A change that the transaction makes before.
#[derive(Clone, Debug)]
enum Before {
    Put(u16, u8),
    Delete(u16),
    DeleteRange(u16, u16),
    /// Puts of all keys from the first one on.
    PutMany(u16, u16),
}

/// What the closure does, by the key's hash.
#[derive(Clone, Copy, Debug)]
struct Plan {
    /// In sixteenths: how many are removed, and how many of the rest get a value of the same length, or of another.
    removed: u8,
    same_length: u8,
    other_length: u8,
    /// Whether neighbours share their fate in long runs.
    runs: bool,
}

impl Plan {
    fn of(self, key: &str, value: &[u8]) -> Option<Vec<u8>> {
        let number = key[8..12].parse::<u16>().expect("four digits");
        let lot = if self.runs { number / 40 } else { number };
        let lot = (u32::from(lot).wrapping_mul(0x9E37_79B1) >> 28) as u8;
        if lot < self.removed {
            None
        } else if lot < self.removed.saturating_add(self.same_length) {
            Some(value.iter().map(|byte| byte ^ 0x55).collect())
        } else if lot < self.removed.saturating_add(self.same_length).saturating_add(self.other_length) {
            Some([value, key.as_bytes()].concat())
        } else {
            Some(value.to_vec())
        }
    }
}

fn apply(before: &[Before], txn: &mut WriteTxn, dbi: &Rows, model: &mut Model) -> Result<()> {
    let put = |txn: &mut WriteTxn, model: &mut Model, n: u16, byte: u8| {
        let value = vec![byte; usize::from(byte) % 5 * 40];
        dbi.put(txn, &key(n), &value)?;
        model.insert(key(n), value);
        Ok::<_, Error>(())
    };
    for step in before {
        match *step {
            Before::Put(n, byte) => put(txn, model, n, byte)?,
            Before::Delete(n) => assert_eq!(dbi.delete(txn, &key(n))?, model.remove(&key(n)).is_some()),
            Before::DeleteRange(n, len) => {
                let (from, to) = (key(n), key((n % KEYS).saturating_add(len).min(KEYS - 1)));
                let before = model.len() as u64;
                model.retain(|key, _| !(&from..&to).contains(&key));
                assert_eq!(dbi.delete_range(txn, &*from..&*to)?, before - model.len() as u64);
            }
            Before::PutMany(n, len) => {
                (n % KEYS..KEYS).take(len.into()).try_for_each(|n| put(txn, model, n, n.to_be_bytes()[1]))?;
            }
        }
    }
    Ok(())
}

fn all(dbi: &Rows, txn: &WriteTxn) -> Result<Model> {
    dbi.iter(txn)?.map(|row| row.map(|(key, value)| (key.to_owned(), value))).collect()
}

/// Updates the range in the model; returns the entries seen and the number of those that changed.
fn update(model: &mut Model, from: &str, to: &str, plan: Plan) -> (Vec<String>, u64) {
    let seen: Vec<String> = model.keys().filter(|key| (from..to).contains(&key.as_str())).cloned().collect();
    let mut changed = 0;
    for key in &seen {
        let new = plan.of(key, &model[key]);
        changed += u64::from(new.as_ref() != Some(&model[key]));
        match new {
            Some(new) => drop(model.insert(key.clone(), new)),
            None => drop(model.remove(key)),
        }
    }
    (seen, changed)
}

fn options() -> EnvOptions {
    Env::options().durability(Durability::Process)
}

fn before() -> impl Strategy<Value = Before> {
    prop_oneof![
        4 => (any::<u16>(), any::<u8>()).prop_map(|(n, byte)| Before::Put(n, byte)),
        3 => any::<u16>().prop_map(Before::Delete),
        1 => (any::<u16>(), 0..300_u16).prop_map(|(n, len)| Before::DeleteRange(n, len)),
        1 => (any::<u16>(), 0..900_u16).prop_map(|(n, len)| Before::PutMany(n, len)),
    ]
}

fn plan() -> impl Strategy<Value = Plan> {
    (0..=16_u8, 0..=16_u8, 0..=16_u8, any::<bool>()).prop_map(|(removed, same_length, other_length, runs)| Plan {
        removed,
        same_length,
        other_length,
        runs,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn a_model_agrees(
        committed in vec(before(), 0..12),
        pending in vec(before(), 0..12),
        (from, to) in (0..KEYS, 0..KEYS),
        plans in (plan(), plan()),
        fails_at in any::<prop::sample::Index>(),
        (asks_len, panics) in any::<(bool, bool)>(),
    ) {
        let env = options().temporary()?;
        let dbi: Rows = env.dbi("rows")?;
        let mut model = Model::new();
        env.transact(|txn| apply(&committed, txn, &dbi, &mut model))?;
        env.transact(|txn| {
            apply(&pending, txn, &dbi, &mut model)?;
            let (from, to) = (key(from), key(to));
            if asks_len {
                assert_eq!(dbi.len(txn)?, model.len() as u64);
            }
            // First a try that fails in the middle, then one on the unchanged transaction.
            let in_range = model.keys().filter(|key| (&from..&to).contains(key)).count();
            if in_range > 0 {
                let (at, mut seen) = (fails_at.index(in_range), 0);
                let tried = catch_unwind(AssertUnwindSafe(|| {
                    dbi.try_update_range(txn, &*from..&*to, |key, value| {
                        seen += 1;
                        match (seen > at, panics) {
                            (false, _) => Ok(plans.0.of(key, &value)),
                            (true, false) => Err(Error::new(ErrorKind::Other, "on purpose")),
                            (true, true) => resume_unwind(Box::new("on purpose")),
                        }
                    })
                }));
                match tried {
                    Ok(failed) => assert_eq!(failed.map_err(|error| error.to_string()), Err("on purpose".to_owned())),
                    Err(_) => assert!(panics),
                }
                assert_eq!(seen, at + 1, "it stops at the error");
                assert_eq!(all(&dbi, txn)?, model);
                assert_eq!(dbi.len(txn)?, model.len() as u64);
            }
            for plan in [plans.0, plans.1] {
                let mut seen = Vec::new();
                let changed = dbi.update_range(txn, &*from..&*to, |key, value| {
                    seen.push(key.to_owned());
                    plan.of(key, &value)
                })?;
                let expected = update(&mut model, &from, &to, plan);
                assert_eq!((seen, changed), expected);
                assert_eq!(dbi.len(txn)?, model.len() as u64);
            }
            assert_eq!(all(&dbi, txn)?, model);
            Ok(())
        })?;
        let snap = env.snapshot()?;
        let stored: Result<Model> = dbi.iter(&snap)?.map(|row| row.map(|(key, value)| (key.to_owned(), value))).collect();
        prop_assert_eq!(stored?, model);
        prop_assert_eq!(env.verify()?.faults.len(), 0);
    }
}

#[test]
fn changes_of_the_same_transaction_are_seen() -> Result<()> {
    let env = Env::temporary()?;
    let balance: Dbi<&str, u64> = env.dbi("balance")?;
    env.transact(|txn| balance.load(txn, [("ann", 100), ("bob", 100)]))?;
    env.transact(|txn| {
        balance.put(txn, "ann", 0)?;
        balance.put(txn, "cyd", 50)?;
        balance.update_range(txn, .., |_, sum| Some(sum + 1))
    })?;
    let snap = env.snapshot()?;
    assert_eq!(balance.iter(&snap)?.collect::<Result<Vec<_>>>()?, [("ann", 1), ("bob", 101), ("cyd", 51)]);
    Ok(())
}

#[test]
fn the_same_bytes_commit_nothing() -> Result<()> {
    let env = Env::temporary()?;
    let ages: Dbi<u32, u32> = env.dbi("ages")?;
    env.transact(|txn| ages.load(txn, (0..1000).map(|n| (n, n))))?;
    let before = env.snapshot()?.id();
    assert_eq!(env.transact(|txn| ages.update_range(txn, .., |_, age| Some(age)))?, 0);
    assert_eq!(env.snapshot()?.id(), before);
    Ok(())
}

#[test]
fn a_transaction_that_becomes_too_large_is_left_as_it_was() -> Result<()> {
    let env = options().max_txn_bytes(200_000).temporary()?;
    let rows: Dbi<u32, Vec<u8>> = env.dbi("rows")?;
    env.transact(|txn| rows.load(txn, (0..2000).map(|n| (n, [1; 8]))))?;
    env.transact(|txn| {
        rows.put(txn, 7, &[2; 20])?;
        let grown = rows.update_range(txn, .., |key, _| Some(vec![3; if key < 1500 { 8 } else { 800 }]));
        let error = grown.expect_err("400,000 bytes do not fit");
        assert_eq!((error.kind(), error.operation()), (ErrorKind::TooLarge, Some("update_range")));
        assert_eq!(rows.get(txn, 7)?, Some(vec![2; 20]));
        assert_eq!(rows.values(txn)?.filter(|value| value.as_ref().is_ok_and(|value| value == &[1; 8])).count(), 1999);
        // The room is free again.
        assert_eq!(rows.update_range(txn, .., |_, _| Some(vec![4; 8]))?, 2000);
        Ok(())
    })
}

#[test]
fn a_value_that_cannot_be_stored_changes_nothing() -> Result<()> {
    let env = Env::temporary()?;
    let rows: Dbi<u32, mapleaf::Msgpack<Option<Option<u32>>>> = env.dbi("rows")?;
    env.transact(|txn| {
        rows.load(txn, (0..600).map(|n| (n, Some(Some(n)))))?;
        let refused = rows.update_range(txn, .., |key, _| Some(if key < 500 { None } else { Some(None) }));
        assert_eq!(refused.map_err(|error| error.kind()), Err(ErrorKind::Encode));
        assert_eq!(rows.get(txn, 0)?, Some(Some(Some(0))));
        assert_eq!(rows.update_range(txn, ..10, |_, _| None)?, 10);
        assert_eq!(rows.len(txn)?, 590);
        Ok(())
    })
}
