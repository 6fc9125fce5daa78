//! The map grows under live snapshots and inside one transaction, whose closure runs once. At the maximum size the
//! environment stays as it was and usable.

use crate::common::errors::{directory, refused_with};
use mapleaf::{Dbi, Durability, Env, EnvOptions, ErrorKind, Result, Snapshot};

const MIB: usize = 1 << 20;

fn small() -> EnvOptions {
    Env::options().map_size(MIB).durability(Durability::Process)
}

#[test]
fn a_transaction_grows_the_map_many_times_and_runs_once() -> Result<()> {
    let dir = directory()?;
    let env = small().open(dir.path())?;
    let dbi: Dbi<u32, &[u8]> = env.dbi("d")?;
    assert_eq!(env.info()?.map_size, MIB as u64);
    let (mut runs, commits) = (0, env.info()?.commits);
    env.transact(|txn| {
        runs += 1;
        (0..24).try_for_each(|n| dbi.put(txn, n, &vec![u8::try_from(n).unwrap_or(0); MIB]))
    })?;
    assert_eq!(runs, 1);
    let info = env.info()?;
    assert!(info.file_size > 24 * MIB as u64 && info.map_size >= info.file_size, "{info:?}");
    assert_eq!(info.commits, commits + 1, "one transaction, however often it was applied");
    let snap = env.snapshot()?;
    for n in 0..24_u32 {
        assert_eq!(dbi.get(&snap, n)?, Some(&vec![u8::try_from(n).unwrap_or(0); MIB][..]));
    }
    assert!(env.verify()?.is_clean());
    Ok(())
}

#[test]
fn snapshots_and_borrowed_values_outlive_every_growth() -> Result<()> {
    let dir = directory()?;
    let env = small().open(dir.path())?;
    let dbi: Dbi<u32, &[u8]> = env.dbi("d")?;
    let value = |n: u32| vec![u8::try_from(n % 251).unwrap_or(0); 100_000];
    let first = env.snapshot()?;
    env.transact(|txn| dbi.put(txn, 0, &value(0)))?;
    let lender = env.snapshot()?;
    let lent = dbi.get(&lender, 0)?;
    let mut scan = dbi.iter(&lender)?;
    let mut kept: Vec<(u64, Snapshot)> = Vec::new();
    for n in 1..120 {
        // The oldest entry is overwritten each time, and the snapshots need its old pages.
        env.transact(|txn| {
            dbi.put(txn, n, &value(n))?;
            dbi.put(txn, 0, &value(n))
        })?;
        if n % 10 == 0 {
            kept.push((u64::from(n), env.snapshot()?));
        }
    }
    assert!(env.info()?.map_size >= 16 * MIB as u64);
    assert!(dbi.is_empty(&first)?);
    assert_eq!(lent, Some(&value(0)[..]), "borrowed before the growth");
    assert_eq!(scan.next().transpose()?, Some((0, &value(0)[..])), "a scan begun before it");
    for (n, snap) in &kept {
        assert_eq!(dbi.len(snap)?, n + 1);
        assert_eq!(dbi.get(snap, 0)?, Some(&value(u32::try_from(*n).unwrap_or(0))[..]));
        for entry in dbi.range(snap, 1..)? {
            let (key, stored) = entry?;
            assert_eq!(stored, value(key));
        }
    }
    drop((scan, kept));
    assert!(env.verify()?.is_clean());
    Ok(())
}

#[test]
fn at_the_maximum_map_size_nothing_changes_and_work_continues() -> Result<()> {
    let dir = directory()?;
    let env = small().max_map_size(4 * MIB).open(dir.path())?;
    let dbi: Dbi<u32, &[u8]> = env.dbi("d")?;
    env.transact(|txn| dbi.put(txn, 0, b"kept"))?;
    let (commits, before) = (env.info()?.commits, env.snapshot()?);
    for _ in 0..3 {
        let full = env.transact(|txn| {
            dbi.delete(txn, 0)?;
            (1..9).try_for_each(|n| dbi.put(txn, n, &vec![7; MIB]))
        });
        let error = refused_with(full, ErrorKind::MapFull, &["max_map_size", &(4 * MIB).to_string(), "transact"]);
        assert!(!error.is_retryable());
    }
    let snap = env.snapshot()?;
    assert_eq!(dbi.iter(&snap)?.collect::<Result<Vec<_>>>()?, [(0, &b"kept"[..])]);
    assert_eq!(env.info()?.commits, commits);
    drop((snap, before));
    // What fits can still be stored, repeatedly.
    for n in 0..20_u8 {
        env.transact(|txn| dbi.put(txn, 1, &vec![n; MIB / 2]))?;
    }
    env.dbi::<u32, u32>("another")?;
    assert_eq!(dbi.len(&env.snapshot()?)?, 2);
    assert!(env.verify()?.is_clean());
    drop(env);
    let env = small().open(dir.path())?;
    assert_eq!(env.dbi::<u32, &[u8]>("d")?.get(&env.snapshot()?, 0)?, Some(&b"kept"[..]));
    Ok(())
}

#[test]
fn a_file_larger_than_the_first_reservation_opens() -> Result<()> {
    let dir = directory()?;
    let env = Env::options().durability(Durability::Process).open(dir.path())?;
    let dbi: Dbi<u32, &[u8]> = env.dbi("d")?;
    env.transact(|txn| (0..8).try_for_each(|n| dbi.put(txn, n, &vec![1; MIB])))?;
    drop((env, dbi));
    let env = small().open(dir.path())?;
    let dbi: Dbi<u32, &[u8]> = env.dbi("d")?;
    assert_eq!(dbi.len(&env.snapshot()?)?, 8);
    env.transact(|txn| (8..16).try_for_each(|n| dbi.put(txn, n, &vec![1; MIB])))?;
    assert_eq!(dbi.len(&env.snapshot()?)?, 16);
    drop(env);
    let limited = small().max_map_size(2 * MIB).open(dir.path())?;
    let dbi: Dbi<u32, &[u8]> = limited.dbi("d")?;
    assert_eq!(dbi.len(&limited.snapshot()?)?, 16, "what is there can be read, whatever the maximum");
    Ok(())
}
