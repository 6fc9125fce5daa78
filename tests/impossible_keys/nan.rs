//! NaN has no position in the order of keys: it is `InvalidKey` for reads, ranges and deletions, too.

use mapleaf::{AnyKey, Batch, Dbi, Env, ErrorKind, Expect, MultiDbi, Result};

use crate::common::errors::refused;

const KIND: ErrorKind = ErrorKind::InvalidKey;

#[test]
fn nan_is_an_invalid_key_for_every_method() -> Result<()> {
    let env = Env::temporary()?;
    let dbi: Dbi<f64, u32> = env.dbi("d")?;
    let within: Dbi<(u8, f32), u32> = env.dbi("within")?;
    env.transact(|txn| {
        dbi.put(txn, f64::INFINITY, 1)?;
        refused(dbi.put(txn, f64::NAN, 1), KIND);
        refused(dbi.delete(txn, f64::NAN), KIND);
        refused(dbi.take(txn, f64::NAN), KIND);
        refused(dbi.update(txn, f64::NAN, |_| None), KIND);
        refused(dbi.delete_range(txn, f64::NAN..), KIND);
        refused(within.put(txn, (1, f32::NAN), 1), KIND);
        Ok(())
    })?;
    let snap = env.snapshot()?;
    refused(dbi.get(&snap, -f64::NAN), KIND);
    refused(dbi.contains(&snap, f64::NAN), KIND);
    refused(dbi.get_many(&snap, [1.0, f64::NAN]), KIND);
    refused(dbi.floor(&snap, f64::NAN), KIND);
    refused(dbi.rank(&snap, f64::NAN), KIND);
    refused(dbi.range(&snap, f64::NAN..), KIND);
    refused(dbi.count(&snap, ..=f64::NAN), KIND);
    refused(dbi.iter(&snap)?.seek(f64::NAN), KIND);
    refused(dbi.iter(&snap)?.seek_back(f64::NAN), KIND);
    refused(within.get(&snap, (1, f32::NAN)), KIND);
    refused(within.prefix(&snap, (1, f32::NAN)), KIND);
    assert_eq!(dbi.range(&snap, f64::NEG_INFINITY..=f64::INFINITY)?.count(), 1);
    Ok(())
}

#[test]
fn nan_is_an_invalid_key_in_batches_pairs_and_dynamic_keys() -> Result<()> {
    let env = Env::temporary()?;
    let (dbi, any): (Dbi<f64, u32>, Dbi<AnyKey, u32>) = (env.dbi("d")?, env.dbi("any")?);
    let pairs: MultiDbi<u8, f64> = env.multi_dbi("pairs")?;
    let mut batch = Batch::new();
    refused(batch.delete(&dbi, f64::NAN).map(drop), KIND);
    refused(batch.check(&dbi, f64::NAN, Expect::Absent).map(drop), KIND);
    refused(batch.delete_range(&dbi, ..f64::NAN).map(drop), KIND);
    let snap = env.snapshot()?;
    refused(pairs.contains(&snap, 1, f64::NAN), KIND);
    refused(pairs.values_range(&snap, 1, f64::NAN..).map(drop), KIND);
    refused(env.transact(|txn| pairs.remove(txn, 1, f64::NAN)), KIND);
    let list = AnyKey::List(vec![1.into(), f64::NAN.into()]);
    refused(any.get(&snap, &list), KIND);
    refused(any.range(&snap, &list..).map(drop), KIND);
    Ok(())
}
