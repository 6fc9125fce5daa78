//! Deleting ranges keeps the entries around them, in trees of many leaves, with values of all sizes; LMDB's file is
//! in order afterwards.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;

use crate::durability::Durability;
use crate::{Dbi, Env, Result};

type Rows = Dbi<&'static str, &'static [u8]>;

/// Keys of 8 to 40 bytes.
fn key(n: u16) -> String {
    format!("{n:05}:{}", "k".repeat(usize::from(n) * 7 % 33 + 2))
}

/// The length of a value. Most are short, so that a leaf has many; some fill a third of a leaf; some are stored
/// outside it.
fn size(n: u16, kind: u8) -> usize {
    match (kind, n % 11) {
        (0, _) => usize::from(n % 40),
        (1, 0) => 1200,
        (1, 5) => 5000,
        (1, _) => usize::from(n) * 13 % 300,
        _ => 150,
    }
}

fn check(rows: u16, kind: u8, ranges: &[(u16, u16)], put: &[u16]) -> Result<()> {
    let env = Env::options().durability(Durability::Process).temporary()?;
    let dbi: Rows = env.dbi("rows")?;
    let mut model: BTreeMap<String, Vec<u8>> =
        (0..rows).map(|n| (key(n), vec![n.to_be_bytes()[1]; size(n, kind)])).collect();
    env.transact(|txn| model.iter().try_for_each(|(key, value)| dbi.put(txn, key, value)))?;
    env.transact(|txn| {
        for (from, len) in ranges {
            let (from, to) = (key(from % rows), key((from % rows).saturating_add(*len)));
            let before = model.len();
            model.retain(|key, _| !(&from..&to).contains(&key));
            assert_eq!(dbi.delete_range(txn, &*from..&*to)?, (before - model.len()) as u64);
        }
        put.iter().try_for_each(|n| {
            model.insert(key(n % rows), vec![7; 20]);
            dbi.put(txn, &key(n % rows), &[7; 20])
        })
    })?;
    let snap = env.snapshot()?;
    let entries = dbi.iter(&snap)?.map(|entry| entry.map(|(key, value)| (key.to_owned(), value.to_vec())));
    assert_eq!(entries.collect::<Result<BTreeMap<_, _>>>()?, model);
    assert_eq!(dbi.len(&snap)?, model.len() as u64);
    assert_eq!(env.verify()?.faults.len(), 0);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    #[test]
    fn with_a_model(
        rows in 300_u16..4000,
        kind in 0_u8..3,
        ranges in vec((any::<u16>(), 1_u16..2500), 1..5),
        put in vec(any::<u16>(), 0..20),
    ) {
        let checked = check(rows, kind, &ranges, &put);
        prop_assert!(checked.is_ok(), "{checked:?}");
    }
}
