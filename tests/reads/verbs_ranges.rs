//! The laws of writes over many keys.

use std::ops::Bound;

use mapleaf::{Dbi, Env, ErrorKind, Result, WriteTxn};

fn numbers(env: &Env) -> Result<Dbi<u32, u32>> {
    let dbi = env.dbi("numbers")?;
    env.transact(|txn| dbi.load(txn, (0..100).map(|n| (n, n * n))))?;
    Ok(dbi)
}

fn keys(dbi: &Dbi<u32, u32>, txn: &WriteTxn) -> Result<Vec<u32>> {
    dbi.keys(txn)?.collect()
}

#[test]
fn retain_visits_each_entry_of_its_range_once_in_order() -> Result<()> {
    let env = Env::temporary()?;
    let dbi = numbers(&env)?;
    env.transact(|txn| {
        let mut seen = Vec::new();
        let removed = dbi.retain(txn, 10..20, |key, value| {
            assert_eq!(value, key * key);
            seen.push(key);
            key.is_multiple_of(3)
        })?;
        assert_eq!(seen, (10..20).collect::<Vec<_>>());
        assert_eq!(removed, 7);
        let left = (0..100).filter(|n| !(10..20).contains(n) || n % 3 == 0).collect::<Vec<_>>();
        assert_eq!(keys(&dbi, txn)?, left);
        assert_eq!(dbi.retain(txn, .., |_, _| true)?, 0);
        Ok(())
    })
}

#[test]
fn entries_that_extract_if_has_not_reached_stay() -> Result<()> {
    let env = Env::temporary()?;
    let dbi = numbers(&env)?;
    env.transact(|txn| {
        let mut looked = 0;
        let mut odd = dbi.extract_if(txn, 50.., |key, _| {
            looked += 1;
            key % 2 == 1
        })?;
        assert_eq!(odd.next().transpose()?, Some((51, 51 * 51)));
        assert_eq!(odd.next().transpose()?, Some((53, 53 * 53)));
        drop(odd);
        assert_eq!(looked, 4, "each entry up to the last one asked for is looked at once");
        assert_eq!(dbi.len(txn)?, 98);
        drop(dbi.extract_if(txn, .., |_, _| true)?);
        assert_eq!(dbi.len(txn)?, 98, "asked for nothing, it removes nothing");
        let mut rest = dbi.extract_if(txn, 98.., |_, _| true)?;
        assert_eq!((rest.by_ref().count(), rest.next().is_none()), (2, true));
        Ok(())
    })?;
    let left = (0..98).filter(|n| ![51, 53].contains(n)).collect::<Vec<u32>>();
    assert_eq!(dbi.keys(&env.snapshot()?)?.collect::<Result<Vec<_>>>()?, left);
    Ok(())
}

#[test]
fn entries_returned_by_extract_if_are_removed_when_its_condition_panics() -> Result<()> {
    let env = Env::temporary()?;
    let dbi = numbers(&env)?;
    let mut got = Vec::new();
    env.transact(|txn| {
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| -> Result<()> {
            let wanted = |key: u32, _: u32| {
                assert!(key < 40, "on purpose");
                key.is_multiple_of(3)
            };
            dbi.extract_if(txn, 10.., wanted)?.try_for_each(|entry| entry.map(|(key, _)| got.push(key)))
        }));
        assert!(panicked.is_err());
        let left = (0..100).filter(|n| !got.contains(n)).collect::<Vec<_>>();
        assert_eq!(keys(&dbi, txn)?, left);
        Ok(())
    })?;
    assert_eq!(got, (10..40).filter(|n| n % 3 == 0).collect::<Vec<_>>());
    assert_eq!(dbi.len(&env.snapshot()?)?, 90);
    Ok(())
}

#[test]
fn entries_returned_by_extract_if_are_removed_when_the_transaction_is_full() -> Result<()> {
    let env = Env::options().max_txn_bytes(2_000).temporary()?;
    let dbi: Dbi<u32, u32> = env.dbi("numbers")?;
    for from in (0..400).step_by(20) {
        env.transact(|txn| (from..from + 20).try_for_each(|n| dbi.put(txn, n, n)))?;
    }
    let mut got = Vec::new();
    env.transact(|txn| {
        // Every second entry: contiguous ones would take less memory.
        let entries = dbi.extract_if(txn, .., |key, _| key % 2 == 0)?;
        let ended = entries.map(|entry| entry.map(|(key, _)| got.push(key))).find_map(Result::err);
        assert_eq!(ended.map(|error| error.kind()), Some(ErrorKind::TooLarge));
        Ok(())
    })?;
    assert!(got.len() > 10, "{}", got.len());
    let left = (0..400).filter(|n| !got.contains(n)).collect::<Vec<_>>();
    assert_eq!(dbi.keys(&env.snapshot()?)?.collect::<Result<Vec<_>>>()?, left);
    Ok(())
}

/// The range tombstone of removed entries ends at the long key after them, which takes more memory than the removed
/// keys.
#[test]
fn entries_returned_by_extract_if_between_long_keys_are_removed() -> Result<()> {
    for limit in (2_000..12_000).step_by(500) {
        let filling = Env::options().single_file(true);
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("rows");
        let env = filling.clone().open(&path)?;
        let dbi: Dbi<&[u8], &[u8]> = env.dbi("rows")?;
        let row = |n: u8| if n % 9 == 8 { vec![n; 511] } else { vec![n; 4] };
        env.transact(|txn| (0..90).try_for_each(|n| dbi.put(txn, &row(n), &[])))?;
        env.close()?;
        let env = filling.max_txn_bytes(limit).open(&path)?;
        let dbi: Dbi<&[u8], &[u8]> = env.dbi("rows")?;
        let mut got = Vec::new();
        env.transact(|txn| {
            let before = dbi.len(txn)?;
            for entry in dbi.extract_if(txn, .., |key, _| key.len() == 4)? {
                match entry {
                    Ok((key, _)) => got.push(key),
                    Err(error) => assert_eq!(error.kind(), ErrorKind::TooLarge),
                }
            }
            assert_eq!(dbi.len(txn)?, before - got.len() as u64);
            Ok(())
        })?;
        let snap = env.snapshot()?;
        assert!(got.len() < 80 || limit > 3_000, "{limit}: {}", got.len());
        assert!(got.iter().all(|key| !dbi.contains(&snap, key).unwrap_or(true)), "{limit}: one is there still");
        assert_eq!(dbi.len(&snap)?, 90 - got.len() as u64);
    }
    Ok(())
}

#[test]
fn lengths_and_counts_are_exact_after_a_removal_that_is_too_large() -> Result<()> {
    for limit in (600..3_000).step_by(30) {
        let env = Env::options().max_txn_bytes(limit).temporary()?;
        let dbi: Dbi<u32, u32> = env.dbi("numbers")?;
        for from in (0..200).step_by(8) {
            env.transact(|txn| (from..from + 8).try_for_each(|n| dbi.put(txn, n, n)))?;
        }
        env.transact(|txn| {
            let (all, some) = (dbi.len(txn)?, dbi.count(txn, 20..100)?);
            assert_eq!((all, some), (200, 80));
            if let Err(error) = dbi.retain(txn, .., |key, _| key % 3 == 0) {
                assert_eq!(error.kind(), ErrorKind::TooLarge);
            }
            let left = keys(&dbi, txn)?;
            assert_eq!(dbi.len(txn)?, left.len() as u64, "{limit}");
            assert_eq!(dbi.count(txn, 20..100)?, left.iter().filter(|key| (20..100).contains(*key)).count() as u64);
            Ok(())
        })?;
    }
    Ok(())
}

#[test]
fn delete_range_removes_what_range_finds() -> Result<()> {
    let env = Env::temporary()?;
    let dbi = numbers(&env)?;
    env.transact(|txn| {
        assert_eq!(dbi.delete_range(txn, 90..)?, 10);
        assert_eq!(dbi.delete_range(txn, ..=4)?, 5);
        assert_eq!(dbi.delete_range(txn, (Bound::Included(60), Bound::Excluded(20)))?, 0);
        assert_eq!(dbi.delete_range(txn, 20..60)?, 40);
        assert_eq!(dbi.delete_range(txn, 20..60)?, 0);
        assert_eq!(keys(&dbi, txn)?, (5..20).chain(60..90).collect::<Vec<_>>());
        assert_eq!(dbi.delete_range(txn, ..)?, 45);
        assert_eq!((dbi.clear(txn)?, dbi.len(txn)?), (0, 0));
        dbi.put(txn, 7, 7)?;
        Ok(())
    })?;
    assert_eq!(dbi.iter(&env.snapshot()?)?.collect::<Result<Vec<_>>>()?, [(7, 7)]);
    Ok(())
}

#[test]
fn load_accepts_any_order_and_the_last_row_of_a_key_wins() -> Result<()> {
    let env = Env::temporary()?;
    let dbi: Dbi<&str, u32> = env.dbi("text")?;
    let rows = [("b", 1), ("a", 2), ("c", 3), ("a", 4)];
    assert_eq!(env.transact(|txn| dbi.load(txn, rows))?, 4);
    assert_eq!(dbi.iter(&env.snapshot()?)?.collect::<Result<Vec<_>>>()?, [("a", 4), ("b", 1), ("c", 3)]);
    env.transact(|txn| {
        let refused = dbi.load(txn, [("d", 5), ("", 6), ("e", 7)]).map_err(|error| error.kind());
        assert_eq!(refused, Err(ErrorKind::InvalidKey));
        assert_eq!((dbi.get(txn, "d")?, dbi.get(txn, "e")?), (Some(5), None), "rows before the bad one are stored");
        Ok(())
    })
}

#[test]
fn popping_from_both_ends_returns_every_entry_once_in_order() -> Result<()> {
    let env = Env::temporary()?;
    let dbi = numbers(&env)?;
    env.transact(|txn| {
        for n in 0..50 {
            assert_eq!(dbi.pop_first(txn)?, Some((n, n * n)));
            let last = 99 - n;
            assert_eq!(dbi.pop_last(txn)?, Some((last, last * last)));
        }
        assert_eq!((dbi.pop_first(txn)?, dbi.pop_last(txn)?), (None, None));
        dbi.put(txn, 3, 1)?;
        assert_eq!(dbi.pop_last(txn)?, Some((3, 1)));
        Ok(())
    })?;
    assert!(dbi.is_empty(&env.snapshot()?)?);
    Ok(())
}
