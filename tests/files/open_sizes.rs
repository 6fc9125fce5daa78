//! Every requested size is accepted, adjusted, or refused by name; none causes a crash.

use crate::common::errors::{directory, refused, refused_with};
use mapleaf::{Dbi, Env, EnvOptions, ErrorKind, Result};

fn works(options: &EnvOptions) -> Result<()> {
    let env = options.temporary()?;
    let dbi: Dbi<u32, &[u8]> = env.dbi("d")?;
    env.transact(|txn| dbi.put(txn, 1, &[7; 10_000]))?;
    assert_eq!(dbi.get(&env.snapshot()?, 1)?, Some(&[7; 10_000][..]));
    assert!(env.info()?.map_size >= env.info()?.file_size);
    Ok(())
}

#[test]
fn zero_sizes_are_refused_by_name() {
    refused_with(Env::options().map_size(0).temporary(), ErrorKind::InvalidArgument, &["map_size"]);
    refused_with(Env::options().max_map_size(0).temporary(), ErrorKind::InvalidArgument, &["max_map_size"]);
    refused_with(Env::options().map_size(2 << 20).max_map_size(1 << 20).temporary(), ErrorKind::InvalidArgument, &[]);
    refused_with(Env::options().max_dbis(0).temporary(), ErrorKind::InvalidArgument, &["max_dbis"]);
    refused_with(Env::options().max_readers(0).temporary(), ErrorKind::InvalidArgument, &["max_readers"]);
}

#[test]
fn every_map_size_is_adjusted_to_a_possible_one() -> Result<()> {
    for size in [1, 4095, 4097, 1_000_001, 1 << 33, usize::MAX / 2, usize::MAX - 1, usize::MAX] {
        works(&Env::options().map_size(size).max_map_size(usize::MAX))?;
    }
    Ok(())
}

#[test]
fn a_maximum_below_the_first_reservation_reduces_it() -> Result<()> {
    let maximum = 8 << 20;
    let options = Env::options().max_map_size(maximum);
    works(&options)?;
    let dir = directory()?;
    let env = options.open(dir.path())?;
    assert_eq!(env.info()?.map_size, maximum as u64);
    let dbi: Dbi<u32, &[u8]> = env.dbi("d")?;
    refused(env.transact(|txn| dbi.put(txn, 1, &vec![7; 9 << 20])), ErrorKind::MapFull);
    assert!(dbi.is_empty(&env.snapshot()?)?);
    // The same sizes are the same options, whether they are given or are the defaults.
    assert_eq!(options.open(dir.path())?.uuid(), env.uuid());
    assert_eq!(options.clone().map_size(maximum).open(dir.path())?.uuid(), env.uuid());
    refused(options.clone().map_size(maximum / 2).open(dir.path()), ErrorKind::InvalidArgument);
    refused(Env::open(dir.path()), ErrorKind::InvalidArgument);
    for tiny in [1, 4096, 20_000] {
        refused_with(works(&Env::options().max_map_size(tiny)), ErrorKind::MapFull, &["max_map_size"]);
    }
    // An explicit size is never changed silently, in whichever order the options are set.
    let named = |options: &EnvOptions| refused_with(options.temporary(), ErrorKind::InvalidArgument, &["max_map_size"]);
    named(&options.map_size(maximum + 1));
    named(&Env::options().map_size(64 << 30).max_map_size(maximum));
    Ok(())
}

#[test]
fn excessive_counts_are_refused_before_anything_is_reserved() -> Result<()> {
    for count in [u32::MAX, u32::MAX - 2, u32::MAX / 2, 1 << 24] {
        refused_with(Env::options().max_dbis(count).temporary(), ErrorKind::InvalidArgument, &["max_dbis", "at most"]);
        let readers = Env::options().max_readers(count).temporary();
        refused_with(readers, ErrorKind::InvalidArgument, &["max_readers", "at most"]);
    }
    works(&Env::options().max_dbis(1).max_readers(1))?;
    works(&Env::options().max_dbis(32_768).max_readers(65_536))
}

#[test]
fn a_transaction_over_its_limit_is_too_large_and_the_next_one_works() -> Result<()> {
    let env = Env::options().max_txn_bytes(10_000).temporary()?;
    let dbi: Dbi<u32, &[u8]> = env.dbi("d")?;
    let over = env.transact(|txn| dbi.put(txn, 1, &[7; 10_000]));
    refused_with(over, ErrorKind::TooLarge, &["max_txn_bytes", "10000"]);
    let many = env.transact(|txn| (0..10_000).try_for_each(|n| dbi.put(txn, n, b"v")));
    refused(many, ErrorKind::TooLarge);
    assert!(dbi.is_empty(&env.snapshot()?)?);
    // Repeated writes of one key do not grow the transaction.
    env.transact(|txn| (0..10_000).try_for_each(|_| dbi.put(txn, 1, b"v")))?;
    assert_eq!(dbi.len(&env.snapshot()?)?, 1);
    Ok(())
}

#[test]
fn readers_over_the_limit_are_refused_until_a_slot_is_free() -> Result<()> {
    let env = Env::options().max_readers(3).temporary()?;
    let dbi: Dbi<u32, u32> = env.dbi("d")?;
    let slots = env.info()?.max_readers;
    let mut snaps = Vec::new();
    let full = loop {
        env.transact(|txn| dbi.put(txn, 0, u32::try_from(snaps.len()).unwrap_or(0)))?;
        match env.snapshot() {
            Ok(snap) => snaps.push(snap),
            full => break full,
        }
        assert!(snaps.len() <= slots as usize);
    };
    let error = refused_with(full, ErrorKind::ReadersFull, &["max_readers", "snapshot"]);
    assert!(error.is_retryable());
    assert!(snaps.len() >= 3);
    for (n, snap) in snaps.iter().enumerate() {
        assert_eq!(dbi.get(snap, 0)?, u32::try_from(n).ok());
    }
    snaps.pop();
    snaps.push(env.snapshot()?);
    Ok(())
}
