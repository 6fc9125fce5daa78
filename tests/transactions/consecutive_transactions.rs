//! Consecutive transactions share buffers, and nothing else.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use mapleaf::{Dbi, Durability, Env, Error, ErrorKind, Result};

fn fails() -> Result<()> {
    Err(Error::new(ErrorKind::Conflict, "thought better of it"))
}

#[test]
fn a_transaction_after_a_failed_one_has_its_whole_limit() -> Result<()> {
    let env = Env::options().durability(Durability::Process).max_txn_bytes(4096).temporary()?;
    let rows: Dbi<u64, &[u8]> = env.dbi("rows")?;
    let three = |from: u64| (from..from + 3).map(move |n| (n, vec![7; 1000]));
    let put = |txn: &mut _, from| three(from).try_for_each(|(key, value)| rows.put(txn, key, &value));
    env.transact(|txn| put(txn, 0))?;
    let undone = env.transact(|txn| put(txn, 10).and_then(|()| fails()));
    assert_eq!(undone.map_err(|error| error.kind()), Err(ErrorKind::Conflict));
    env.transact(|txn| put(txn, 20))?;
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        env.transact(|txn| -> Result<()> {
            put(txn, 30)?;
            panic!("thought better of it")
        })
    }));
    assert!(panicked.is_err());
    env.transact(|txn| put(txn, 40))?;
    let large = env.transact(|txn| put(txn, 50).and_then(|()| put(txn, 60)));
    assert_eq!(large.map_err(|error| error.kind()), Err(ErrorKind::TooLarge));
    env.transact(|txn| put(txn, 70))?;
    let keys = rows.iter(&env.snapshot()?)?.map(|row| row.map(|(key, _)| key)).collect::<Result<Vec<_>>>()?;
    assert_eq!(keys, [0, 1, 2, 20, 21, 22, 40, 41, 42, 70, 71, 72]);
    Ok(())
}

fn rows(model: &BTreeMap<u64, u64>) -> Vec<(u64, u64)> {
    model.iter().map(|(key, value)| (*key, *value)).collect()
}

/// Small and large transactions, over the same database and over different ones, in every sequence of two; also without
/// a read, which sorts the changes.
#[test]
fn a_transaction_does_not_see_uncommitted_changes_of_an_earlier_one() -> Result<()> {
    for order in 0..12_usize.pow(2) {
        let env = Env::temporary()?;
        let dbis: [Dbi<u64, u64>; 3] = [env.dbi("a")?, env.dbi("b")?, env.dbi("c")?];
        let mut model: [BTreeMap<u64, u64>; 3] = Default::default();
        for (at, kind) in [order % 12, order / 12].into_iter().enumerate() {
            let stamp = at as u64 + 1;
            env.transact(|txn| {
                let mut put = |dbi: usize, key| {
                    model[dbi].insert(key, stamp);
                    dbis[dbi].put(txn, key, stamp)
                };
                match kind % 6 {
                    0 => put(0, 1)?,
                    1 => put(1, 1)?,
                    2 => [2, 0].into_iter().try_for_each(|dbi| put(dbi, stamp))?,
                    3 => (0..400).rev().try_for_each(|key| put(0, key))?,
                    4 => {
                        model[0].clear();
                        dbis[0].clear(txn)?;
                    }
                    _ => {
                        model[0].remove(&1);
                        dbis[0].delete(txn, 1)?;
                    }
                }
                for (dbi, model) in dbis.iter().zip(&model).filter(|_| kind >= 6) {
                    assert_eq!(dbi.iter(txn)?.collect::<Result<Vec<_>>>()?, rows(model));
                }
                Ok(())
            })?;
            let snap = env.snapshot()?;
            for (dbi, model) in dbis.iter().zip(&model) {
                assert_eq!(dbi.iter(&snap)?.collect::<Result<Vec<_>>>()?, rows(model), "order {order}");
            }
        }
    }
    Ok(())
}
