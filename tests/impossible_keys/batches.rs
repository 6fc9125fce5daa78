//! Batches: their deletions and conditions compared with the map, and what they refuse when it is added.

use std::fmt::Debug;

use mapleaf::{Batch, Conflicts, Env, ErrorKind, Expect, Key, Result};

use crate::common::errors::refused;
use crate::law::{Case, Model, Numbered, brief, number, value};

/// Batches are committed, so the database is restored after each.
pub fn agree<K: Key, O: Ord + Debug>(case: &Case<K, O>, env: &Env, dbi: &Numbered<K>, model: &Model<O>) -> Result<()> {
    for key in case.probes.iter().chain(&case.ends) {
        let there = model.get(&case.order(key)).copied();
        conditions(case, env, dbi, key, there)?;
        let mut batch = Batch::new();
        batch.delete(dbi, case.arg(key))?;
        env.submit(batch)?.wait()?;
        let left = model.len() as u64 - u64::from(there.is_some());
        assert_eq!(dbi.len(&env.snapshot()?)?, left, "delete of {}", brief(key));
        if let Some(n) = there {
            env.transact(|txn| dbi.put(txn, case.arg(key), &value(n)))?;
        }
        if let Some(kind) = (case.refusal)(key) {
            let mut batch = Batch::new();
            let new = value(1);
            refused(batch.put(dbi, case.arg(key), &new).map(drop), kind);
            refused(batch.insert(dbi, case.arg(key), &new).map(drop), kind);
            refused(batch.put_if(dbi, case.arg(key), &new, Expect::Any).map(drop), kind);
            assert!(batch.is_empty(), "nothing of {} is there", brief(key));
        }
    }
    for form in case.forms().into_iter().step_by(5) {
        let (inside, shown) = (case.inside(form, model), case.shown(form));
        let mut batch = Batch::new();
        batch.delete_range(dbi, case.range(form))?;
        env.apply(batch)?;
        let left: Vec<usize> = dbi.values(&env.snapshot()?)?.map(|value| Ok(number(value?))).collect::<Result<_>>()?;
        let expected: Vec<_> = model.values().copied().filter(|n| !inside.contains(n)).collect();
        assert_eq!(left, expected, "left by {shown}");
        env.transact(|txn| inside.iter().try_for_each(|n| dbi.put(txn, case.arg(&case.stored[*n]), &value(*n))))?;
    }
    Ok(())
}

fn conditions<K: Key, O: Ord + Debug>(
    case: &Case<K, O>,
    env: &Env,
    dbi: &Numbered<K>,
    key: &K::Owned,
    there: Option<usize>,
) -> Result<()> {
    let other = value(usize::MAX);
    let expectations = || [Expect::Any, Expect::Absent, Expect::Present, Expect::Value(&other[..])];
    let holds = [true, there.is_none(), there.is_some(), false];
    for (expect, holds) in expectations().into_iter().zip(holds) {
        for delete in [false, true] {
            if delete && holds && there.is_some() {
                continue;
            }
            let mut batch = Batch::new();
            if delete {
                batch.delete_if(dbi, case.arg(key), expect)?;
            } else {
                batch.check(dbi, case.arg(key), expect)?;
            }
            let applied = env.apply(batch);
            if holds {
                applied?;
                continue;
            }
            let error = refused(applied, ErrorKind::Conflict);
            assert!(error.to_string().len() <= 4096, "{} bytes", error.to_string().len());
            let conflicts: Conflicts = error.downcast()?;
            assert_eq!((conflicts.len(), conflicts[0].index, &*conflicts[0].dbi), (1, 0, dbi.name()));
        }
    }
    Ok(())
}
