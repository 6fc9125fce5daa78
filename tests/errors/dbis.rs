//! A DBI that cannot be opened as requested is an error with the name and the reason, and other DBIs are not affected.

use crate::common::errors::{refused, refused_with};
use mapleaf::{Dbi, Env, ErrorKind, MultiDbi, Result};

#[test]
fn invalid_dbi_names_are_refused() -> Result<()> {
    let env = Env::temporary()?;
    let open = |name: &str| env.dbi::<&str, u32>(name);
    refused_with(open(""), ErrorKind::InvalidArgument, &["empty"]);
    refused_with(open("a\0b"), ErrorKind::InvalidArgument, &["NUL"]);
    refused_with(open("__mapleaf"), ErrorKind::InvalidArgument, &["reserved", "__mapleaf"]);
    refused_with(open("__"), ErrorKind::InvalidArgument, &["reserved"]);
    refused_with(open(&"n".repeat(256)), ErrorKind::InvalidArgument, &["255"]);
    for name in ["", "a\0b", "__mapleaf"] {
        refused(env.multi_dbi::<u32, u32>(name), ErrorKind::InvalidArgument);
        refused(env.clear_dbi(name), ErrorKind::InvalidArgument);
        refused(env.drop_dbi(name), ErrorKind::InvalidArgument);
    }
    assert!(env.dbis()?.is_empty());
    for name in [&"n".repeat(255), "_", "a__", "ü 例 \u{1F333}", " "] {
        let dbi = open(name)?;
        env.transact(|txn| dbi.put(txn, "k", 1))?;
        assert_eq!(dbi.get(&env.snapshot()?, "k")?, Some(1));
    }
    assert_eq!(env.dbis()?.len(), 5);
    Ok(())
}

#[test]
fn opening_with_another_type_is_a_mismatch_that_names_both() -> Result<()> {
    let env = Env::temporary()?;
    let dbi: Dbi<&str, u32> = env.dbi("ages")?;
    env.transact(|txn| dbi.put(txn, "ann", 42))?;
    refused_with(env.dbi::<u64, u32>("ages"), ErrorKind::SchemaMismatch, &["str, u32", "u64, u32", "\"ages\""]);
    refused_with(env.dbi::<&str, u64>("ages"), ErrorKind::SchemaMismatch, &["str, u32", "str, u64"]);
    refused_with(env.multi_dbi::<&str, u32>("ages"), ErrorKind::SchemaMismatch, &["MultiDbi<", "Dbi<"]);
    refused(env.dbi_options().adopt(true).open::<&str, u64>("ages"), ErrorKind::SchemaMismatch);
    let again: Dbi<String, u32> = env.dbi("ages")?;
    assert_eq!(again.get(&env.snapshot()?, "ann")?, Some(42));
    let pairs: MultiDbi<&str, u32> = env.multi_dbi("pairs")?;
    refused(env.dbi::<(&str, u32), ()>("pairs"), ErrorKind::SchemaMismatch);
    assert!(pairs.is_empty(&env.snapshot()?)?);
    Ok(())
}

#[test]
fn an_absent_dbi_that_must_exist_is_not_found() -> Result<()> {
    let env = Env::temporary()?;
    refused_with(env.dbi_options().create(false).open::<&str, u32>("nix"), ErrorKind::NotFound, &["nix", "create"]);
    refused_with(env.dbi_options().create(false).adopt(true).open::<&str, u32>("nix"), ErrorKind::NotFound, &["nix"]);
    refused_with(env.clear_dbi("nix"), ErrorKind::NotFound, &["nix"]);
    refused_with(env.drop_dbi("nix"), ErrorKind::NotFound, &["nix"]);
    assert!(env.dbis()?.is_empty());
    Ok(())
}

#[test]
fn a_dbi_over_max_dbis_is_refused_until_one_is_dropped() -> Result<()> {
    let env = Env::options().max_dbis(3).temporary()?;
    for name in ["a", "b", "c"] {
        env.dbi::<&str, u32>(name)?;
    }
    refused_with(env.dbi::<&str, u32>("d"), ErrorKind::DbisFull, &["max_dbis", "\"d\""]);
    env.dbi::<&str, u32>("a")?;
    // Far more names than handles over the environment's life: each drop frees its handle.
    for turn in 0..30 {
        env.drop_dbi("c")?;
        let dbi: Dbi<&str, u32> = env.dbi(&format!("d{turn}"))?;
        env.transact(|txn| dbi.put(txn, "k", turn))?;
        env.drop_dbi(&format!("d{turn}"))?;
        env.dbi::<&str, u32>("c")?;
    }
    refused(env.dbi::<&str, u32>("d"), ErrorKind::DbisFull);
    Ok(())
}

#[test]
fn a_dropped_dbi_is_not_found_by_its_handles_and_stays_in_older_snapshots() -> Result<()> {
    let env = Env::temporary()?;
    let old: Dbi<&str, u32> = env.dbi("d")?;
    env.transact(|txn| old.put(txn, "k", 1))?;
    let before = env.snapshot()?;
    env.drop_dbi("d")?;
    let new: Dbi<&str, u64> = env.dbi("d")?;
    env.transact(|txn| {
        refused_with(old.put(txn, "k", 2), ErrorKind::NotFound, &["\"d\"", "open it again"]);
        refused(old.get(txn, "k"), ErrorKind::NotFound);
        new.put(txn, "k", 3)
    })?;
    let after = env.snapshot()?;
    refused(old.get(&after, "k"), ErrorKind::NotFound);
    assert_eq!((old.get(&before, "k")?, new.get(&after, "k")?), (Some(1), Some(3)));
    assert_eq!(new.get(&before, "k")?, None, "it did not exist then");
    Ok(())
}

#[test]
fn a_handle_of_another_environment_is_refused() -> Result<()> {
    let (here, there) = (Env::temporary()?, Env::temporary()?);
    let mine: Dbi<&str, u32> = here.dbi("d")?;
    let other: Dbi<&str, u32> = there.dbi("d")?;
    there.transact(|txn| other.put(txn, "k", 2))?;
    let words = ["another environment", "\"d\""];
    refused_with(other.get(&here.snapshot()?, "k"), ErrorKind::InvalidArgument, &words);
    refused_with(other.iter(&here.snapshot()?), ErrorKind::InvalidArgument, &words);
    here.transact(|txn| {
        refused_with(other.put(txn, "k", 1), ErrorKind::InvalidArgument, &words);
        refused(other.get(txn, "k"), ErrorKind::InvalidArgument);
        refused(other.delete(txn, "k"), ErrorKind::InvalidArgument);
        refused(other.clear(txn), ErrorKind::InvalidArgument);
        refused(other.delete_range(txn, ..), ErrorKind::InvalidArgument);
        Ok(())
    })?;
    assert!(mine.is_empty(&here.snapshot()?)?);
    assert_eq!(other.get(&there.snapshot()?, "k")?, Some(2));
    Ok(())
}
