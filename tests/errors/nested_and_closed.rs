//! A call in the wrong place or at the wrong time is an immediate error, not a deadlock: inside a transaction,
//! read-only, after the close.

use crate::common::errors::{directory, refused, refused_with};
use mapleaf::{Compact, Dbi, Env, ErrorKind, OpenMode, Result};

#[test]
fn a_call_that_would_wait_for_its_own_transaction_is_nested() -> Result<()> {
    let (env, other) = (Env::temporary()?, Env::temporary()?);
    let dir = directory()?;
    let dbi: Dbi<&str, u32> = env.dbi("d")?;
    env.transact(|txn| {
        dbi.put(txn, "k", 1)?;
        refused_with(env.transact(|_| Ok(())), ErrorKind::Nested, &["outside"]);
        refused(env.try_transact(|_| Ok(())), ErrorKind::Nested);
        refused(other.transact(|_| Ok(())), ErrorKind::Nested);
        refused_with(env.dbi::<&str, u32>("d"), ErrorKind::Nested, &["dbi"]);
        refused(env.clear_dbi("d"), ErrorKind::Nested);
        refused(env.drop_dbi("d"), ErrorKind::Nested);
        refused(env.copy_to(dir.path().join("copy"), Compact::No), ErrorKind::Nested);
        refused(env.compact(), ErrorKind::Nested);
        refused(env.close(), ErrorKind::Nested);
        // Reading is allowed; it shows the state before this transaction.
        assert_eq!(dbi.get(&env.snapshot()?, "k")?, None);
        assert_eq!(env.info()?.commits + 1, txn.id());
        dbi.put(txn, "k", 2)
    })?;
    assert_eq!(dbi.get(&env.snapshot()?, "k")?, Some(2));
    assert!(!dir.path().join("copy").exists());
    Ok(())
}

#[test]
fn a_read_only_environment_refuses_every_write() -> Result<()> {
    let dir = directory()?;
    let path = dir.path().join("env");
    let env = Env::open(&path)?;
    let dbi: Dbi<&str, u32> = env.dbi("d")?;
    env.transact(|txn| dbi.put(txn, "k", 1))?;
    drop((env, dbi));
    let env = Env::options().read_only(true).open(&path)?;
    let dbi: Dbi<&str, u32> = env.dbi("d")?;
    assert_eq!(dbi.get(&env.snapshot()?, "k")?, Some(1));
    refused_with(env.transact(|txn| dbi.put(txn, "k", 2)), ErrorKind::ReadOnly, &["read-only"]);
    refused(env.try_transact(|_| Ok(())), ErrorKind::ReadOnly);
    refused(env.dbi::<&str, u32>("new"), ErrorKind::ReadOnly);
    refused(env.clear_dbi("d"), ErrorKind::ReadOnly);
    refused(env.drop_dbi("d"), ErrorKind::ReadOnly);
    refused(env.sync(), ErrorKind::ReadOnly);
    refused(env.compact(), ErrorKind::ReadOnly);
    env.copy_to(dir.path().join("copy"), Compact::Yes)?;
    assert_eq!(dbi.get(&env.snapshot()?, "k")?, Some(1));
    assert!(env.verify()?.is_clean());
    Ok(())
}

#[test]
fn every_call_after_the_close_is_closed() -> Result<()> {
    let dir = directory()?;
    let env = Env::open(dir.path().join("env"))?;
    let clone = env.clone();
    let dbi: Dbi<&str, u32> = env.dbi("d")?;
    env.transact(|txn| dbi.put(txn, "k", 1))?;
    env.close()?;
    for env in [&env, &clone] {
        refused_with(env.snapshot(), ErrorKind::Closed, &["open it again", "snapshot"]);
        refused_with(env.transact(|txn| dbi.put(txn, "k", 2)), ErrorKind::Closed, &["transact"]);
        refused(env.try_transact(|_| Ok(())), ErrorKind::Closed);
        refused(env.dbi::<&str, u32>("d"), ErrorKind::Closed);
        refused(env.multi_dbi::<&str, u32>("m"), ErrorKind::Closed);
        refused(env.dbis(), ErrorKind::Closed);
        refused(env.clear_dbi("d"), ErrorKind::Closed);
        refused(env.drop_dbi("d"), ErrorKind::Closed);
        refused(env.info(), ErrorKind::Closed);
        refused(env.readers(), ErrorKind::Closed);
        refused(env.clear_stale_readers(), ErrorKind::Closed);
        refused(env.sync(), ErrorKind::Closed);
        refused(env.verify(), ErrorKind::Closed);
        refused(env.copy_to(dir.path().join("copy"), Compact::No), ErrorKind::Closed);
        refused(env.compact(), ErrorKind::Closed);
        env.close()?;
    }
    assert!(!dir.path().join("copy").exists());
    Ok(())
}

#[test]
fn a_panic_in_a_transaction_discards_only_its_changes() -> Result<()> {
    let env = Env::temporary()?;
    let dbi: Dbi<&str, u32> = env.dbi("d")?;
    let panicked = std::thread::scope(|scope| {
        let run = || {
            env.transact(|txn| {
                dbi.put(txn, "k", 1)?;
                // Prints no panic message, which would look like a failure of this test.
                std::panic::resume_unwind(Box::new("on purpose"));
                #[expect(unreachable_code, reason = "the closure needs a type")]
                Ok(())
            })
        };
        scope.spawn(run).join().is_err()
    });
    assert!(panicked);
    assert_eq!(dbi.get(&env.snapshot()?, "k")?, None);
    env.transact(|txn| dbi.put(txn, "k", 2))?;
    assert_eq!(dbi.get(&env.snapshot()?, "k")?, Some(2));
    Ok(())
}

#[test]
fn creating_an_environment_inside_a_transaction_is_nested_and_creates_nothing() -> Result<()> {
    let dir = directory()?;
    let (new, there) = (dir.path().join("new"), dir.path().join("there"));
    drop(Env::open(&there)?);
    Env::temporary()?.transact(|_| {
        refused_with(Env::open(&new), ErrorKind::Nested, &["open: ", "call it outside"]);
        assert!(!new.exists());
        // Opening an existing environment writes nothing, nor does creating one that needs no flush.
        assert!(Env::open(&there)?.dbis()?.is_empty());
        Env::temporary().map(drop)
    })?;
    Env::options().mode(OpenMode::CreateNew).open(&new).map(drop)
}
