//! In a forked child every call is `Closed`, and nothing that the child does or drops affects the parent.
#![expect(unsafe_code, reason = "a fork is an unsafe call")]

use std::time::Duration;

use crate::common::errors::{directory, refused, refused_with};
use crate::common::fork::in_child;
use crate::common::process;
use mapleaf::{Compact, Dbi, Env, Error, ErrorKind, Result};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, fork};

#[test]
fn every_call_in_a_forked_child_is_closed() -> Result<()> {
    process::apart("every_call_in_a_forked_child_is_closed", || {
        let dir = directory()?;
        let env = Env::open(dir.path().join("env"))?;
        let dbi: Dbi<u32, u32> = env.dbi("d")?;
        env.transact(|txn| dbi.put(txn, 1, 1))?;
        let mut draft = env.snapshot()?.draft();
        dbi.update(&mut draft, 1, |old| old.map(|old| old + 4))?;
        let mut inherited = Some(draft);
        in_child(|| {
            let draft = inherited.take().expect("it is inherited");
            refused_with(draft.commit(), ErrorKind::Closed, &["fork", "exec"]);
            refused_with(env.snapshot(), ErrorKind::Closed, &["fork", "exec"]);
            refused(env.transact(|txn| dbi.put(txn, 1, 2)), ErrorKind::Closed);
            refused(env.try_transact(|_| Ok(())), ErrorKind::Closed);
            refused(env.dbi::<u32, u32>("new"), ErrorKind::Closed);
            refused(env.dbis(), ErrorKind::Closed);
            refused(env.info(), ErrorKind::Closed);
            refused(env.readers(), ErrorKind::Closed);
            refused(env.verify(), ErrorKind::Closed);
            refused(env.sync(), ErrorKind::Closed);
            refused(env.clear_stale_readers(), ErrorKind::Closed);
            refused(env.compact(), ErrorKind::Closed);
            refused(env.close(), ErrorKind::Closed);
            refused(env.copy_to(dir.path().join("copy"), Compact::No), ErrorKind::Closed);
            refused(Env::destroy(dir.path().join("env")), ErrorKind::Busy);
            // LMDB's environment still exists in this process image, so this one cannot be opened a second time.
            refused_with(Env::open(dir.path().join("env")), ErrorKind::Closed, &["fork", "exec"]);
            // A different one can.
            let other = Env::open(dir.path().join("other"))?;
            let dbi: Dbi<u32, u32> = other.dbi("d")?;
            other.transact(|txn| dbi.put(txn, 1, 3))
        })?;
        inherited.take().expect("the child took its own").commit()?;
        env.transact(|txn| dbi.put(txn, 2, 2))?;
        let snap = env.snapshot()?;
        assert_eq!((dbi.get(&snap, 1)?, dbi.len(&snap)?), (Some(5), 2));
        drop(snap);
        assert!(env.verify()?.is_clean());
        let other = Env::open(dir.path().join("other"))?;
        assert_eq!(other.dbi::<u32, u32>("d")?.get(&other.snapshot()?, 1)?, Some(3));
        Ok(())
    })
}

#[test]
fn a_child_that_drops_inherited_values_releases_nothing_of_the_parent() -> Result<()> {
    process::apart("a_child_that_drops_inherited_values_releases_nothing_of_the_parent", || {
        let env = Env::temporary()?;
        let path = env.path().to_path_buf();
        let dbi: Dbi<u32, &[u8]> = env.dbi("d")?;
        env.transact(|txn| (0..500).try_for_each(|n| dbi.put(txn, n, &[1; 500])))?;
        let snap = env.snapshot()?;
        let mut inherited = Some((env.clone(), snap.clone(), env.snapshot()?));
        let (mut env, mut snap) = (Some(env), Some(snap));
        in_child(|| {
            inherited = None;
            snap = None;
            env = None;
            // LMDB's environment is still open in the child, too.
            let error = Env::open(&path).expect_err("inherited open");
            assert!(matches!(error.kind(), ErrorKind::Closed | ErrorKind::Busy), "{error:?}");
            assert!(error.message().contains("fork") && error.message().contains("exec"), "{error}");
            Ok(())
        })?;
        assert!(path.join("data.mdb").exists(), "the temporary directory is the parent's");
        let (env, snap) = env.zip(snap).ok_or_else(|| Error::other("the parent's own"))?;
        // Writers would reuse the pages of a state that nobody pins.
        for round in 0..40 {
            env.transact(|txn| (0..500).try_for_each(|n| dbi.put(txn, n, &[round; 500])))?;
        }
        for entry in dbi.iter(&snap)? {
            assert_eq!(entry?.1, [1; 500]);
        }
        assert_eq!(env.readers()?.len(), 1);
        drop((inherited, snap, env));
        assert!(!path.exists(), "removed by the parent's last handle");
        Ok(())
    })
}

#[test]
fn a_child_forked_inside_a_transaction_commits_nothing() -> Result<()> {
    process::apart("a_child_forked_inside_a_transaction_commits_nothing", || {
        let dir = directory()?;
        let env = Env::open(dir.path())?;
        let dbi: Dbi<u32, u32> = env.dbi("d")?;
        let id = std::process::id();
        let outcome = env.transact(|txn| {
            dbi.put(txn, 1, 1)?;
            // SAFETY: as in `in_child`; the child first returns from the closure.
            match unsafe { fork() }.map_err(Error::other)? {
                ForkResult::Child => dbi.put(txn, 2, 666),
                ForkResult::Parent { child } => {
                    std::thread::sleep(Duration::from_millis(20));
                    match waitpid(child, None).map_err(Error::other)? {
                        WaitStatus::Exited(_, 0) => {}
                        status => return Err(Error::other(format!("the child ended as {status:?}"))),
                    }
                    // The lock is still held, and the transaction is still complete.
                    dbi.put(txn, 3, 3)
                }
            }
        });
        if std::process::id() != id {
            let closed = outcome.is_err_and(|error| error.kind() == ErrorKind::Closed);
            drop(env);
            // SAFETY: ends the child at once.
            unsafe { nix::libc::_exit(i32::from(!closed)) }
        }
        outcome?;
        let snap = env.snapshot()?;
        assert_eq!(dbi.iter(&snap)?.collect::<Result<Vec<_>>>()?, [(1, 1), (3, 3)]);
        drop(snap);
        env.transact(|txn| dbi.put(txn, 4, 4))?;
        assert!(env.verify()?.is_clean());
        Ok(())
    })
}
