//! Transactions against a map that is kept beside them.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use super::{Database, Transaction};
use crate::Result;
use crate::tests::{Random, for_both};

for_both! {
    transactions_and_savepoints_do_as_a_map_that_is_copied
    a_transaction_that_is_dropped_leaves_nothing
    a_transaction_is_kept_in_a_struct
    a_panic_aborts
}

type Map = BTreeMap<Vec<u8>, Vec<u8>>;

/// Makes random changes, at random in savepoints, some of which are undone.
fn change(txn: &mut dyn Transaction, map: &mut Map, random: &mut Random, depth: u32) -> Result<()> {
    for _ in 0..12 {
        let key = format!("{}{}", random.below(3), random.below(4)).into_bytes();
        let value = random.below(1000).to_string().into_bytes();
        match random.below(5) {
            0 | 1 => assert_eq!(txn.insert(&key, &value)?, map.insert(key.clone(), value)),
            2 => assert_eq!(txn.remove(&key)?, map.remove(&key)),
            3 => assert_eq!(txn.get(&key)?.as_ref(), map.get(&key)),
            _ if depth < 3 => {
                let (mut savepoint, mut changed) = (txn.savepoint()?, map.clone());
                change(&mut *savepoint, &mut changed, random, depth + 1)?;
                if random.below(2) == 0 {
                    savepoint.commit()?;
                    *map = changed;
                }
            }
            _ => {}
        }
        compare(txn, map, &key[..1])?;
    }
    Ok(())
}

/// Compares the entries under a prefix, and all.
fn compare(txn: &dyn Transaction, map: &Map, prefix: &[u8]) -> Result<()> {
    let found = txn.find_by_prefix(prefix)?.collect::<Result<Vec<_>>>()?;
    let expected = map.iter().filter(|(key, _)| key.starts_with(prefix));
    assert_eq!(found, expected.map(|(key, value)| (key.clone(), value.clone())).collect::<Vec<_>>());
    Ok(())
}

fn transactions_and_savepoints_do_as_a_map_that_is_copied<D: Database>(path: &Path) -> Result<()> {
    let (database, mut map, mut random) = (D::open(path)?, Map::new(), Random(7));
    for _ in 0..40 {
        let (mut txn, mut changed) = (database.begin()?, map.clone());
        change(&mut *txn, &mut changed, &mut random, 0)?;
        if random.below(3) > 0 {
            txn.commit()?;
            map = changed;
        } else {
            drop(txn);
        }
        let txn = database.begin()?;
        for prefix in [b"0", b"1", b"2"] {
            compare(&*txn, &map, prefix)?;
        }
    }
    assert!(!map.is_empty());
    Ok(())
}

fn a_transaction_that_is_dropped_leaves_nothing<D: Database>(path: &Path) -> Result<()> {
    let database = D::open(path)?;
    let mut txn = database.begin()?;
    txn.insert(b"kept", b"1")?;
    txn.commit()?;
    let mut txn = database.begin()?;
    txn.insert(b"dropped", b"2")?;
    txn.remove(b"kept")?;
    drop(txn);
    let txn = database.begin()?;
    assert_eq!((txn.get(b"kept")?, txn.get(b"dropped")?), (Some(b"1".to_vec()), None));
    Ok(())
}

fn a_transaction_is_kept_in_a_struct<D: Database>(path: &Path) -> Result<()> {
    struct Wallet<'d> {
        open: Option<Box<dyn Transaction + 'd>>,
    }

    impl Wallet<'_> {
        fn pay(&mut self, name: &[u8], sum: &[u8]) -> Result<()> {
            self.open.as_mut().ok_or("it is committed")?.insert(name, sum).map(drop)
        }
    }

    let database = D::open(path)?;
    let mut wallet = Wallet { open: Some(database.begin()?) };
    wallet.pay(b"ann", b"70")?;
    wallet.pay(b"bob", b"5")?;
    wallet.open.take().ok_or("it is committed")?.commit()?;
    assert_eq!(database.begin()?.get(b"ann")?, Some(b"70".to_vec()));
    assert_eq!(database.begin()?.get(b"bob")?, Some(b"5".to_vec()));
    Ok(())
}

fn a_panic_aborts<D: Database>(path: &Path) -> Result<()> {
    let database = D::open(path)?;
    let paying = catch_unwind(AssertUnwindSafe(|| -> Result<()> {
        database.begin()?.insert(b"ann", b"70")?;
        let mut txn = database.begin()?;
        txn.insert(b"bob", b"5")?;
        panic!("a bug of the program, as the test wants it");
    }));
    assert!(paying.is_err());
    let txn = database.begin()?;
    assert_eq!((txn.get(b"ann")?, txn.get(b"bob")?), (None, None));
    Ok(())
}
