//! Bytes of other software that do not decode as the expected type are a `Decode` error of that entry; the other
//! entries are readable.

use std::path::Path;

use crate::common::errors::{directory, refused_with};
use heed::types::Bytes;
use heed::{CommitOrAbort, EnvOpenOptions};
use mapleaf::{Dbi, Env, Error, ErrorKind, Msgpack, Result};

/// Stores raw entries in a DBI by LMDB alone.
#[expect(unsafe_code, reason = "heed opens by an unsafe function")]
fn put_raw(path: &Path, name: &str, entries: &[(&[u8], &[u8])]) -> Result<()> {
    // SAFETY: no flags; nobody else has the environment open.
    let env = unsafe { EnvOpenOptions::new().max_dbs(8).map_size(1 << 26).open(path) }.map_err(Error::other)?;
    let txn = env.write_txn().map_err(Error::other)?;
    let stored = env.create_databases_and_commit(txn, |opener, txn| {
        let dbi: heed::Database<'_, Bytes, Bytes> = opener.create_database(txn, Some(name))?;
        for (key, value) in entries {
            dbi.put(txn, key, value)?;
        }
        Ok::<_, heed::Error>(CommitOrAbort::<(), ()>::Commit(()))
    });
    stored.map(drop).map_err(Error::other)
}

#[test]
fn a_value_that_does_not_decode_is_a_decode_error_of_its_entry() -> Result<()> {
    let dir = directory()?;
    let env = Env::open(dir.path())?;
    let lists: Dbi<&str, Msgpack<Vec<u32>>> = env.dbi("lists")?;
    let trees: Dbi<&str, Msgpack<serde_json::Value>> = env.dbi("trees")?;
    env.transact(|txn| lists.put(txn, "good", &vec![1, 2]))?;
    env.transact(|txn| trees.put(txn, "good", &serde_json::json!([1])))?;
    drop((env, lists, trees));
    // Arrays nested a hundred thousand levels deep; and an array that claims four thousand million elements.
    let deep = [vec![0x91; 100_000], vec![0xC0]].concat();
    let vast = [0xDD, 0xFF, 0xFF, 0xFF, 0xFF, 0x01];
    put_raw(dir.path(), "lists", &[(b"bad", b"\xC1"), (b"vast", &vast), (b"cut", b"\x93\x01"), (b"empty", b"")])?;
    put_raw(dir.path(), "trees", &[(b"deep", &deep), (b"vast", &vast)])?;
    let env = Env::open(dir.path())?;
    let lists: Dbi<&str, Msgpack<Vec<u32>>> = env.dbi("lists")?;
    let trees: Dbi<&str, Msgpack<serde_json::Value>> = env.dbi("trees")?;
    let snap = env.snapshot()?;
    for key in ["bad", "vast", "cut", "empty"] {
        refused_with(lists.get(&snap, key), ErrorKind::Decode, &["get", "\"lists\"", key]);
    }
    refused_with(trees.get(&snap, "deep"), ErrorKind::Decode, &["\"trees\"", "deep"]);
    refused_with(trees.get(&snap, "vast"), ErrorKind::Decode, &["vast"]);
    assert_eq!(lists.get(&snap, "good")?, Some(vec![1, 2]));
    let bad: Vec<Error> = lists.iter(&snap)?.filter_map(Result::err).collect();
    assert_eq!(bad.len(), 4);
    assert!(bad.iter().all(|error| (error.operation(), error.dbi()) == (Some("iter"), Some("lists"))), "{bad:?}");
    assert_eq!(lists.keys(&snap)?.count(), 5, "keys are not decoded with their values");
    // Such an entry can be replaced and removed.
    env.transact(|txn| {
        lists.put(txn, "bad", &vec![3])?;
        ["vast", "cut", "empty"].into_iter().try_for_each(|key| lists.delete(txn, key).map(drop))
    })?;
    assert_eq!(lists.iter(&env.snapshot()?)?.filter_map(Result::ok).count(), 2);
    Ok(())
}

#[test]
fn a_key_that_does_not_decode_is_a_decode_error_of_its_entry() -> Result<()> {
    let dir = directory()?;
    let env = Env::open(dir.path())?;
    let dbi: Dbi<u32, u32> = env.dbi("d")?;
    env.transact(|txn| dbi.put(txn, 1, 1))?;
    drop((env, dbi));
    put_raw(dir.path(), "d", &[(b"\0\0\0", b"\0\0\0\x01"), (b"\0\0\0\x02\0", b"\0\0\0\x01")])?;
    let env = Env::open(dir.path())?;
    let dbi: Dbi<u32, u32> = env.dbi("d")?;
    let snap = env.snapshot()?;
    assert_eq!(dbi.get(&snap, 1)?, Some(1));
    let outcomes: Vec<bool> = dbi.iter(&snap)?.map(|entry| entry.is_ok()).collect();
    assert_eq!(outcomes.iter().filter(|good| **good).count(), 1, "{outcomes:?}");
    refused_with(dbi.first(&snap), ErrorKind::Decode, &["\"d\""]);
    Ok(())
}
