//! The results of deletions, compared with the map, and what storing methods refuse. Everything is undone.

use std::fmt::Debug;

use mapleaf::{ErrorKind, Key, Result, WriteTxn};

use crate::common::errors::refused;
use crate::law::{Case, Model, Numbered, brief, number, tried, value};

pub fn agree<K: Key, O: Ord + Debug>(
    case: &Case<K, O>,
    dbi: &Numbered<K>,
    txn: &mut WriteTxn,
    model: &Model<O>,
) -> Result<()> {
    for key in case.probes.iter().chain(&case.ends) {
        removals(case, dbi, txn, key, model)?;
        match (case.refusal)(key) {
            Some(kind) => refusals(case, dbi, txn, key, kind)?,
            None => tried(txn, |txn| {
                dbi.put(txn, case.arg(key), &value(7))?;
                assert_eq!(dbi.get(txn, case.arg(key))?.map(number), Some(7), "{} was stored", brief(key));
                Ok(())
            })?,
        }
    }
    let all = numbers(dbi, txn)?;
    assert_eq!(all, model.values().copied().collect::<Vec<_>>(), "nothing was kept");
    for (turn, form) in case.forms().into_iter().enumerate() {
        let (inside, shown) = (case.inside(form, model), case.shown(form));
        let left: Vec<_> = all.iter().copied().filter(|n| !inside.contains(n)).collect();
        tried(txn, |txn| {
            let removed = match turn % 3 {
                0 => dbi.delete_range(txn, case.range(form))?,
                1 => dbi.retain(txn, case.range(form), |_, _| false)?,
                _ => {
                    let gone = dbi.extract_if(txn, case.range(form), |_, _| true)?;
                    gone.map(|entry| entry.map(|_| 1)).sum::<Result<u64>>()?
                }
            };
            assert_eq!(removed, inside.len() as u64, "removed from {shown}, way {}", turn % 3);
            assert_eq!(numbers(dbi, txn)?, left, "left by {shown}, way {}", turn % 3);
            Ok(())
        })?;
    }
    Ok(())
}

/// The numbers of the stored keys, in order.
fn numbers<K: Key>(dbi: &Numbered<K>, txn: &WriteTxn) -> Result<Vec<usize>> {
    dbi.values(txn)?.map(|value| Ok(number(value?))).collect()
}

/// The methods that remove one key.
fn removals<K: Key, O: Ord + Debug>(
    case: &Case<K, O>,
    dbi: &Numbered<K>,
    txn: &mut WriteTxn,
    key: &K::Owned,
    model: &Model<O>,
) -> Result<()> {
    let (shown, there) = (brief(key), model.get(&case.order(key)).copied());
    let left = model.len() as u64 - u64::from(there.is_some());
    tried(txn, |txn| {
        assert_eq!(dbi.delete(txn, case.arg(key))?, there.is_some(), "delete of {shown}");
        assert_eq!((dbi.len(txn)?, dbi.delete(txn, case.arg(key))?), (left, false), "delete of {shown}");
        Ok(())
    })?;
    tried(txn, |txn| {
        let taken = dbi.take(txn, case.arg(key))?;
        assert_eq!(taken.map(|value| number(&value)), there, "take of {shown}");
        assert_eq!(dbi.len(txn)?, left, "take of {shown}");
        Ok(())
    })?;
    tried(txn, |txn| {
        let mut seen = None;
        let made = dbi.update(txn, case.arg(key), |old| {
            seen = Some(old.map(number));
            None
        })?;
        assert_eq!((made, seen), (None, Some(there)), "update of {shown}");
        assert_eq!(dbi.len(txn)?, left, "update of {shown}");
        Ok(())
    })
}

/// The methods that store; each must refuse the key, and change nothing.
fn refusals<K: Key, O: Ord + Debug>(
    case: &Case<K, O>,
    dbi: &Numbered<K>,
    txn: &mut WriteTxn,
    key: &K::Owned,
    kind: ErrorKind,
) -> Result<()> {
    let (arg, new, before) = (|| case.arg(key), value(1), dbi.len(txn)?);
    let is_named = |error: mapleaf::Error, operation: &str| {
        assert_eq!((error.operation(), error.dbi()), (Some(operation), Some(dbi.name())), "{error:?}");
    };
    is_named(refused(dbi.put(txn, arg(), &new), kind), "put");
    is_named(refused(dbi.insert(txn, arg(), &new), kind), "insert");
    is_named(refused(dbi.replace(txn, arg(), &new), kind), "replace");
    is_named(refused(dbi.append(txn, arg(), &new), kind), "append");
    is_named(refused(dbi.update(txn, arg(), |old| (old.is_none()).then(|| new.clone())), kind), "update");
    let unasked = || -> Vec<u8> { panic!("asked for a value that cannot be stored") };
    is_named(refused(dbi.get_or_put(txn, arg(), unasked), kind), "get_or_put");
    is_named(refused(dbi.load(txn, [(arg(), &new[..])]), kind), "load");
    assert_eq!(dbi.len(txn)?, before, "{} changed nothing", brief(key));
    Ok(())
}
