//! A temporary environment is removed with its last handle, and works like any other before that.

use mapleaf::{Compact, Dbi, Env, Error, Result};

#[test]
fn a_temporary_environment_is_removed_with_its_last_handle() -> Result<()> {
    let env = Env::temporary()?;
    let path = env.path().to_path_buf();
    let dbi: Dbi<u32, u32> = env.dbi("d")?;
    env.transact(|txn| dbi.put(txn, 1, 1))?;
    let snap = env.snapshot()?;
    let clone = env.clone();
    drop(env);
    assert!(path.join("data.mdb").exists());
    drop(clone);
    assert!(path.exists(), "a snapshot still reads it");
    assert_eq!(dbi.get(&snap, 1)?, Some(1));
    drop(snap);
    let above = path.parent().ok_or_else(|| Error::other("it lies in a directory of its own"))?;
    assert!(!path.exists() && !above.exists());
    Ok(())
}

#[test]
fn a_temporary_environment_is_removed_after_a_close_and_a_compaction() -> Result<()> {
    for single_file in [false, true] {
        let env = Env::options().single_file(single_file).temporary()?;
        let path = env.path().to_path_buf();
        let dbi: Dbi<u32, u32> = env.dbi("d")?;
        env.transact(|txn| dbi.put(txn, 1, 1))?;
        env.compact()?;
        assert_eq!(dbi.get(&env.snapshot()?, 1)?, Some(1));
        env.close()?;
        drop(env);
        assert!(path.parent().is_some_and(|above| !above.exists()));
    }
    Ok(())
}

#[test]
fn temporary_environments_are_independent_and_copies_outlive_them() -> Result<()> {
    let dir = tempfile::tempdir().map_err(Error::other)?;
    let envs = (0..20).map(|_| Env::temporary()).collect::<Result<Vec<_>>>()?;
    for (n, env) in (0..).zip(&envs) {
        let dbi: Dbi<u32, u32> = env.dbi("d")?;
        env.transact(|txn| dbi.put(txn, n, n))?;
    }
    for (n, env) in (0..).zip(&envs) {
        let dbi: Dbi<u32, u32> = env.dbi("d")?;
        assert_eq!(dbi.iter(&env.snapshot()?)?.collect::<Result<Vec<_>>>()?, [(n, n)]);
    }
    envs[3].copy_to(dir.path().join("kept"), Compact::Yes)?;
    drop(envs);
    let kept = Env::open(dir.path().join("kept"))?;
    assert_eq!(kept.dbi::<u32, u32>("d")?.get(&kept.snapshot()?, 3)?, Some(3));
    Ok(())
}
