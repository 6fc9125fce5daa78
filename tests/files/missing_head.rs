//! A file without its head, such as a dump loaded by LMDB's tools, still distinguishes databases: no number is used
//! twice.

use std::path::Path;

use crate::common::errors::{directory, refused};
use heed::types::Bytes;
use heed::{CommitOrAbort, EnvOpenOptions};
use mapleaf::{Dbi, Env, Error, ErrorKind, Result};

/// Deletes the head, as other software may.
fn behead(path: &Path) -> heed::Result<()> {
    #[expect(unsafe_code, reason = "heed opens by an unsafe function")]
    // SAFETY: nobody else has the file open.
    let env = unsafe { EnvOpenOptions::new().map_size(1 << 26).max_dbs(8).open(path) }?;
    env.create_databases_and_commit(env.write_txn()?, |opener, txn| {
        let main = opener.create_database::<Bytes, Bytes>(txn, None)?;
        assert!(main.delete(txn, b"__mapleaf_head")?, "the head was there");
        Ok::<_, heed::Error>(CommitOrAbort::<_, ()>::Commit(()))
    })?;
    env.prepare_for_closing().wait();
    Ok(())
}

#[test]
fn without_a_head_a_dropped_database_stays_dropped_for_its_handles() -> Result<()> {
    let dir = directory()?;
    let env = Env::open(dir.path())?;
    for name in ["first", "second"] {
        let dbi: Dbi<u32, u32> = env.dbi(name)?;
        env.transact(|txn| dbi.put(txn, 1, 1))?;
    }
    drop(env);
    behead(dir.path()).map_err(|error| Error::other(error.to_string()))?;
    let env = Env::open(dir.path())?;
    let second: Dbi<u32, u32> = env.dbi("second")?;
    assert_eq!(second.get(&env.snapshot()?, 1)?, Some(1));
    env.drop_dbi("second")?;
    refused(second.get(&env.snapshot()?, 1), ErrorKind::NotFound);
    refused(env.transact(|txn| second.put(txn, 1, 2)), ErrorKind::NotFound);
    let anew: Dbi<u64, &str> = env.dbi("second")?;
    env.transact(|txn| anew.put(txn, 1, "text"))?;
    refused(second.get(&env.snapshot()?, 1), ErrorKind::NotFound);
    assert_eq!(anew.get(&env.snapshot()?, 1)?, Some("text"));
    Ok(())
}

#[test]
fn many_created_and_dropped_databases_leave_nothing() -> Result<()> {
    let env = Env::temporary()?;
    let kept: Dbi<u32, u32> = env.dbi("kept")?;
    env.transact(|txn| kept.put(txn, 7, 7))?;
    for n in 0..500 {
        let passing: Dbi<u32, u32> = env.dbi("passing")?;
        env.transact(|txn| passing.put(txn, n, n))?;
        let snap = env.snapshot()?;
        assert_eq!((passing.get(&snap, n)?, kept.get(&snap, 7)?), (Some(n), Some(7)), "each finds its own root");
        env.drop_dbi("passing")?;
        refused(passing.get(&env.snapshot()?, n), ErrorKind::NotFound);
    }
    Ok(())
}
