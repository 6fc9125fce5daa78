//! `close` is refused while a snapshot or a scan lives, ends every handle, and allows the environment to be opened
//! again at once.

use std::sync::mpsc::channel;
use std::thread;

use crate::common::errors::{directory, refused, refused_with};
use mapleaf::{Dbi, Env, ErrorKind, Result};

#[test]
fn close_is_busy_while_snapshots_or_scans_live() -> Result<()> {
    let dir = directory()?;
    let env = Env::open(dir.path().join("env"))?;
    let dbi: Dbi<&str, u32> = env.dbi("d")?;
    env.transact(|txn| dbi.put(txn, "k", 1))?;
    let snap = env.snapshot()?;
    let clone = snap.clone();
    refused_with(env.close(), ErrorKind::Busy, &["close", "snapshots"]);
    drop(snap);
    refused(env.close(), ErrorKind::Busy);
    // A refused close changes nothing.
    env.transact(|txn| dbi.put(txn, "k", 2))?;
    assert_eq!((dbi.get(&clone, "k")?, dbi.get(&env.snapshot()?, "k")?), (Some(1), Some(2)));
    drop(clone);
    env.close()?;
    env.close()
}

#[test]
fn an_environment_opens_again_while_a_closed_handle_lives() -> Result<()> {
    let dir = directory()?;
    let path = dir.path().join("env");
    let closed = Env::open(&path)?;
    let old: Dbi<&str, u32> = closed.dbi("d")?;
    closed.transact(|txn| old.put(txn, "k", 1))?;
    for turn in 0..3 {
        closed.close()?;
        let env = Env::options().max_dbis(5 + turn).open(&path)?;
        let dbi: Dbi<&str, u32> = env.dbi("d")?;
        assert_eq!(dbi.get(&env.snapshot()?, "k")?, Some(1 + turn));
        env.transact(|txn| dbi.put(txn, "k", 2 + turn))?;
        refused(closed.snapshot(), ErrorKind::Closed);
        refused(old.get(&env.snapshot()?, "k"), ErrorKind::InvalidArgument);
        env.compact()?;
        env.close()?;
    }
    Env::destroy(&path)?;
    assert!(!path.exists());
    Ok(())
}

#[test]
fn close_waits_for_a_running_transaction() -> Result<()> {
    let dir = directory()?;
    let env = Env::open(dir.path().join("env"))?;
    let dbi: Dbi<&str, u32> = env.dbi("d")?;
    let (begins, writing) = channel();
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            env.transact(|txn| {
                let _ = begins.send(());
                // Opens inside a transaction while another thread waits to close.
                thread::sleep(std::time::Duration::from_millis(30));
                drop(Env::temporary().map_err(|error| error.kind()));
                drop(Env::open(env.path())?);
                dbi.put(txn, "k", 1)
            })
        });
        let _ = writing.recv();
        env.close()?;
        writer.join().unwrap_or_else(|_| panic!("the writer panicked"))
    })?;
    let env = Env::open(dir.path().join("env"))?;
    assert_eq!(env.dbi::<&str, u32>("d")?.get(&env.snapshot()?, "k")?, Some(1));
    Ok(())
}
