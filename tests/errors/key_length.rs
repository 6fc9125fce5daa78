//! A key has at most 511 bytes. A longer one is refused by methods that store it, and absent for the others.
#![cfg(not(feature = "longer-keys"))]

use crate::common::errors::{refused, refused_with};
use mapleaf::{Dbi, Env, ErrorKind, MultiDbi, Result};

const FULL: [u8; 511] = [b'k'; 511];
const LONG: [u8; 512] = [b'k'; 512];

#[test]
fn a_key_has_at_most_511_bytes() -> Result<()> {
    let env = Env::temporary()?;
    assert_eq!(env.max_key_size(), 511);
    let dbi: Dbi<&[u8], u32> = env.dbi("d")?;
    env.transact(|txn| {
        dbi.put(txn, &FULL, 7)?;
        let error = refused_with(dbi.put(txn, &LONG, 8), ErrorKind::TooLarge, &["511", "512", "\"d\""]);
        assert_eq!((error.operation(), error.dbi(), error.key()), (Some("put"), Some("d"), Some(&LONG[..])));
        assert!(!dbi.delete(txn, &LONG)?);
        assert_eq!(dbi.get(txn, &LONG)?, None);
        Ok(())
    })?;
    let snap = env.snapshot()?;
    assert_eq!((dbi.get(&snap, &LONG)?, dbi.contains(&snap, &LONG)?), (None, false));
    assert_eq!(dbi.get_many(&snap, [&LONG[..], &FULL])?, [None, Some(7)]);
    assert_eq!(dbi.get(&snap, &FULL)?, Some(7));
    // A bound of a range is no key and may be longer.
    assert_eq!(dbi.range(&snap, &LONG[..]..)?.count(), 0);
    assert_eq!(dbi.range(&snap, ..&LONG[..])?.count(), 1);
    Ok(())
}

#[test]
fn a_pair_has_at_most_the_length_of_a_key() -> Result<()> {
    let env = Env::temporary()?;
    let pairs: MultiDbi<&[u8], &[u8]> = env.multi_dbi("m")?;
    env.transact(|txn| {
        assert!(pairs.insert(txn, &FULL[..250], &FULL[..250])?);
        refused(pairs.insert(txn, &FULL[..250], &FULL[..300]), ErrorKind::TooLarge);
        assert!(!pairs.remove(txn, &FULL[..250], &FULL[..300])?);
        Ok(())
    })?;
    assert_eq!(pairs.len(&env.snapshot()?)?, 1);
    Ok(())
}
