//! A key or a value that cannot be stored is refused before anything is written, and the transaction continues.

use crate::common::errors::{refused, refused_with};
use mapleaf::{Dbi, Env, ErrorKind, Result};

#[test]
fn an_empty_key_is_refused_by_methods_that_store_it_and_absent_for_others() -> Result<()> {
    let env = Env::temporary()?;
    let dbi: Dbi<&[u8], u32> = env.dbi("d")?;
    env.transact(|txn| {
        dbi.put(txn, b"a", 1)?;
        refused_with(dbi.put(txn, b"", 1), ErrorKind::InvalidKey, &["put", "\"d\"", "empty"]);
        refused(dbi.insert(txn, b"", 1), ErrorKind::InvalidKey);
        refused(dbi.replace(txn, b"", 1), ErrorKind::InvalidKey);
        refused(dbi.update(txn, b"", |_| Some(1)), ErrorKind::InvalidKey);
        refused(dbi.get_or_put(txn, b"", || 1), ErrorKind::InvalidKey);
        refused(dbi.append(txn, b"", 1), ErrorKind::InvalidKey);
        assert!(!dbi.delete(txn, b"")?);
        assert_eq!((dbi.take(txn, b"")?, dbi.get(txn, b"")?), (None, None));
        refused(dbi.load(txn, [(&b"b"[..], 2_u32), (&b""[..], 3)]), ErrorKind::InvalidKey);
        Ok(())
    })?;
    let snap = env.snapshot()?;
    assert_eq!((dbi.get(&snap, b"")?, dbi.contains(&snap, b"")?), (None, false));
    assert_eq!(dbi.get_many(&snap, [&b"a"[..], b""])?, [Some(1), None]);
    assert_eq!(dbi.get(&snap, b"a")?, Some(1));
    assert_eq!(dbi.len(&snap)?, 2, "the row before the bad one was stored");
    Ok(())
}

#[test]
fn nan_is_an_invalid_key() -> Result<()> {
    let env = Env::temporary()?;
    let dbi: Dbi<f64, u32> = env.dbi("d")?;
    let within: Dbi<(u8, f32), u32> = env.dbi("within")?;
    env.transact(|txn| {
        refused_with(dbi.put(txn, f64::NAN, 1), ErrorKind::InvalidKey, &["NaN", "\"d\""]);
        refused(within.put(txn, (1, f32::NAN), 1), ErrorKind::InvalidKey);
        dbi.put(txn, f64::INFINITY, 1)
    })?;
    let snap = env.snapshot()?;
    refused(dbi.get(&snap, -f64::NAN), ErrorKind::InvalidKey);
    refused(dbi.range(&snap, f64::NAN..), ErrorKind::InvalidKey);
    assert_eq!(dbi.len(&snap)?, 1);
    Ok(())
}

#[test]
fn a_value_over_two_gib_is_too_large_and_nothing_is_written() -> Result<()> {
    let env = Env::temporary()?;
    let dbi: Dbi<&str, &[u8]> = env.dbi("d")?;
    // Zeroed memory that is never touched takes no physical memory.
    let huge = vec![0_u8; (1 << 31) + 1];
    env.transact(|txn| {
        dbi.put(txn, "small", b"s")?;
        refused_with(dbi.put(txn, "huge", &huge), ErrorKind::TooLarge, &["in parts", "\"d\""]);
        refused(dbi.insert(txn, "huge", &huge), ErrorKind::TooLarge);
        Ok(())
    })?;
    let snap = env.snapshot()?;
    assert_eq!(dbi.iter(&snap)?.collect::<Result<Vec<_>>>()?, [("small", &b"s"[..])]);
    Ok(())
}

#[test]
fn a_reversed_range_is_empty_in_snapshots_and_transactions() -> Result<()> {
    let env = Env::temporary()?;
    let dbi: Dbi<u32, u32> = env.dbi("d")?;
    let (low, high) = (10, 50);
    env.transact(|txn| {
        dbi.load(txn, (0..100_u32).map(|n| (n, n)))?;
        assert_eq!(dbi.range(txn, high..low)?.count(), 0);
        assert_eq!(dbi.range(txn, high..low)?.rev().count(), 0);
        assert_eq!(dbi.delete_range(txn, high..=low)?, 0);
        Ok(())
    })?;
    let snap = env.snapshot()?;
    assert_eq!(dbi.range(&snap, high..low)?.count(), 0);
    assert_eq!(dbi.range(&snap, high..high)?.rev().count(), 0);
    assert_eq!(dbi.count(&snap, high..=low)?, 0);
    assert_eq!(dbi.count(&snap, ..)?, 100);
    Ok(())
}
