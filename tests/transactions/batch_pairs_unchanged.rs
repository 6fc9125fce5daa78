//! A batch that requires unchanged pairs is applied exactly if the pairs of the range, or of the key, are the same as in
//! the snapshot; else it names the first pair that differs.

use std::collections::BTreeSet;

use mapleaf::{Batch, Conflicts, Env, ErrorKind, MultiDbi, Result};
use proptest::prelude::*;

type Pair = (u8, u16);
type Model = BTreeSet<Pair>;

/// Checks the condition that `add` adds, which is about the pairs for which `is_within` returns true.
fn check(
    before: &Model,
    changes: &[(Pair, bool)],
    add: impl Fn(&mut Batch, &MultiDbi<u8, u16>, &mapleaf::Snapshot) -> Result<()>,
    is_within: impl Fn(&Pair) -> bool,
) -> Result<()> {
    let env = Env::temporary()?;
    let pairs: MultiDbi<u8, u16> = env.multi_dbi("pairs")?;
    env.transact(|txn| before.iter().try_for_each(|(key, value)| pairs.insert(txn, *key, *value).map(drop)))?;
    let snap = env.snapshot()?;
    let mut now = before.clone();
    env.transact(|txn| {
        for ((key, value), inserted) in changes {
            if *inserted {
                pairs.insert(txn, *key, *value)?;
                now.insert((*key, *value));
            } else {
                pairs.remove(txn, *key, *value)?;
                now.remove(&(*key, *value));
            }
        }
        Ok(())
    })?;
    let mut batch = Batch::new();
    batch.insert_pair(&pairs, 200, 1)?;
    add(&mut batch, &pairs, &snap)?;
    let first = before.symmetric_difference(&now).find(|pair| is_within(pair));
    match (env.apply(batch), first) {
        (Ok(()), None) => assert!(pairs.contains(&env.snapshot()?, 200, 1)?),
        (Err(error), Some((key, value))) => {
            assert_eq!(error.kind(), ErrorKind::Conflict);
            let conflicts = error.downcast::<Conflicts>()?;
            let bytes = [&[*key][..], &value.to_be_bytes()].concat();
            assert_eq!((conflicts.len(), conflicts[0].index, &*conflicts[0].key), (1, 1, &bytes[..]));
            assert!(!pairs.contains(&env.snapshot()?, 200, 1)?);
        }
        (outcome, first) => panic!("{outcome:?} where {first:?} is the first that differs"),
    }
    Ok(())
}

fn pair() -> impl Strategy<Value = Pair> {
    (0..4_u8, 0..12_u16)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_range_or_a_key_has_the_same_pairs(
        before in prop::collection::btree_set(pair(), 0..20),
        changes in prop::collection::vec((pair(), any::<bool>()), 0..4),
        (from, to) in (pair(), pair()),
    ) {
        let add = |batch: &mut Batch, pairs: &MultiDbi<u8, u16>, snap: &mapleaf::Snapshot| {
            batch.check_unchanged_pairs(pairs, from..to, snap).map(drop)
        };
        check(&before, &changes, add, |pair| (from..to).contains(pair))?;
        let add = |batch: &mut Batch, pairs: &MultiDbi<u8, u16>, snap: &mapleaf::Snapshot| {
            batch.check_unchanged_values(pairs, from.0, snap).map(drop)
        };
        check(&before, &changes, add, |pair| pair.0 == from.0)?;
    }
}

#[test]
fn a_snapshot_of_another_environment_is_an_invalid_argument() -> Result<()> {
    let (env, other) = (Env::temporary()?, Env::temporary()?);
    let pairs: MultiDbi<u8, u16> = env.multi_dbi("pairs")?;
    for by_key in [false, true] {
        let (mut batch, snap) = (Batch::new(), other.snapshot()?);
        if by_key {
            batch.check_unchanged_values(&pairs, 1, &snap)?;
        } else {
            batch.check_unchanged_pairs(&pairs, .., &snap)?;
        }
        batch.insert_pair(&pairs, 1, 1)?;
        assert_eq!(env.apply(batch).map_err(|error| error.kind()), Err(ErrorKind::InvalidArgument));
        assert!(pairs.is_empty(&env.snapshot()?)?);
    }
    Ok(())
}
