//! An ordered set of pairs: each pair once, in order; the values of one key never mix with those of another.

use std::collections::BTreeSet;

use mapleaf::{Env, ErrorKind, MultiDbi, Read, Result};

type Pairs = MultiDbi<&'static str, &'static str>;

/// Keys and values that would run together without separators.
const TEXTS: [&str; 8] = ["", "\0", "\0\u{1}", "a", "a\0", "a\0b", "ab", "b"];

fn agrees(dbi: &Pairs, state: &impl Read, model: &BTreeSet<(&str, &str)>) -> Result<()> {
    assert_eq!(dbi.len(state)?, model.len() as u64);
    assert_eq!(dbi.is_empty(state)?, model.is_empty());
    let pairs = dbi.pairs(state)?.map(|pair| pair.map(|(k, v)| (k.into_owned(), v.into_owned())));
    let expected = model.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect::<Vec<_>>();
    assert_eq!(pairs.collect::<Result<Vec<_>>>()?, expected);
    for key in TEXTS {
        let own: Vec<_> = model.iter().filter(|(k, _)| *k == key).map(|(_, v)| *v).collect();
        assert_eq!(dbi.values(state, key)?.collect::<Result<Vec<_>>>()?, own, "{key:?}");
        let back = dbi.values(state, key)?.rev().collect::<Result<Vec<_>>>()?;
        assert!(back.iter().rev().eq(own.iter()), "{key:?} backward");
        assert_eq!(dbi.count(state, key)?, own.len() as u64);
        assert_eq!(dbi.contains_key(state, key)?, !own.is_empty());
        for value in TEXTS {
            assert_eq!(dbi.contains(state, key, value)?, own.contains(&value));
            let counts = [
                dbi.values_range(state, key, value..)?.count(),
                dbi.values_range(state, key, ..value)?.count(),
                dbi.values_range(state, key, ..=value)?.count(),
                dbi.values_range(state, key, value..value)?.count(),
            ];
            let below = own.iter().filter(|v| **v < value).count();
            let upto = own.iter().filter(|v| **v <= value).count();
            assert_eq!(counts, [own.len() - below, below, upto, 0], "{key:?} {value:?}");
        }
    }
    let keys: BTreeSet<_> = model.iter().map(|(k, _)| *k).collect();
    assert!(dbi.keys(state)?.collect::<Result<Vec<_>>>()?.iter().eq(keys.iter()));
    Ok(())
}

#[test]
fn the_values_of_a_key_exclude_those_of_similar_keys() -> Result<()> {
    let env = Env::temporary()?;
    let dbi: Pairs = env.multi_dbi("pairs")?;
    let mut model = BTreeSet::new();
    for round in 0..4_usize {
        env.transact(|txn| {
            for (n, key) in TEXTS.iter().enumerate() {
                for (m, value) in TEXTS.iter().enumerate() {
                    if (n * 3 + m * 5 + round) % 4 == 0 {
                        assert_eq!(dbi.insert(txn, key, value)?, model.insert((*key, *value)), "{key:?} {value:?}");
                    } else if (n + m + round) % 5 == 0 {
                        assert_eq!(dbi.remove(txn, key, value)?, model.remove(&(*key, *value)), "{key:?} {value:?}");
                    }
                }
            }
            agrees(&dbi, txn, &model)
        })?;
        agrees(&dbi, &env.snapshot()?, &model)?;
    }
    env.transact(|txn| {
        for key in ["a", "", "b", "zz"] {
            let before = model.len();
            model.retain(|(k, _)| *k != key);
            assert_eq!(dbi.remove_all(txn, key)?, (before - model.len()) as u64);
            agrees(&dbi, txn, &model)?;
        }
        assert_eq!(dbi.clear(txn)?, model.len() as u64);
        agrees(&dbi, txn, &BTreeSet::new())
    })
}

#[test]
fn ranges_of_pairs_are_bounded_by_pairs_or_by_keys() -> Result<()> {
    let env = Env::temporary()?;
    let dbi: MultiDbi<u8, u8> = env.multi_dbi("pairs")?;
    env.transact(|txn| {
        for (key, value) in [(1, 1), (1, 255), (2, 0), (2, 9), (255, 0), (255, 255)] {
            dbi.insert(txn, key, value)?;
        }
        Ok(())
    })?;
    let snap = env.snapshot()?;
    assert_eq!(dbi.range(&snap, (1, 255)..(2, 9))?.collect::<Result<Vec<_>>>()?, [(1, 255), (2, 0)]);
    assert_eq!(dbi.range(&snap, (2,)..=(2,))?.collect::<Result<Vec<_>>>()?, [(2, 0), (2, 9)]);
    assert_eq!(dbi.range(&snap, (255,)..)?.rev().collect::<Result<Vec<_>>>()?, [(255, 255), (255, 0)]);
    assert_eq!(dbi.range(&snap, (9, 0)..(2, 0))?.count(), 0);
    assert_eq!(dbi.values(&snap, 255)?.next_back().transpose()?, Some(255));
    assert_eq!(dbi.values_range(&snap, 255, 1..)?.count(), 1);
    Ok(())
}

#[test]
fn a_pair_has_the_length_limit_of_a_key() -> Result<()> {
    let env = Env::temporary()?;
    let dbi: MultiDbi<&str, &str> = env.multi_dbi("pairs")?;
    let long = "x".repeat(env.max_key_size());
    env.transact(|txn| {
        let kind = |outcome: Result<bool>| outcome.map_err(|error| error.kind());
        assert_eq!(kind(dbi.insert(txn, "a", &long)), Err(ErrorKind::TooLarge));
        assert!(!dbi.remove(txn, &long, "")? && !dbi.contains(txn, &long, "")?);
        assert_eq!(dbi.count(txn, &long)?, 0);
        assert_eq!(dbi.remove_all(txn, &long)?, 0);
        dbi.insert(txn, "", "").map(drop)
    })?;
    assert_eq!(dbi.pairs(&env.snapshot()?)?.count(), 1, "an empty key with an empty value is a pair");
    Ok(())
}
