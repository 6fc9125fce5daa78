//! A child that is forked beside running group commits releases nothing of the parent, and does not hang.
#![expect(unsafe_code, reason = "a fork is an unsafe call")]

use crate::common::process;
use std::thread;
use std::time::Duration;

use crate::common::errors::{directory, refused};
use mapleaf::{Batch, Dbi, Env, Error, ErrorKind, Result};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, alarm, fork};

/// Waits for the end of the child, which must have passed.
fn passed(child: Pid) -> Result<()> {
    match waitpid(child, None).map_err(Error::other)? {
        WaitStatus::Exited(_, 0) => Ok(()),
        status => Err(Error::other(format!("the child ended as {status:?}"))),
    }
}

#[test]
fn a_child_forked_beside_or_inside_running_groups_is_closed_and_harmless() -> Result<()> {
    process::apart("a_child_forked_beside_or_inside_running_groups_is_closed_and_harmless", || {
        let dir = directory()?;
        let env = Env::open(dir.path())?;
        let rows: Dbi<u64, u64> = env.dbi("rows")?;
        thread::scope(|scope| {
            let threads: Vec<_> = (0..6)
                .map(|worker| {
                    let (env, rows) = (&env, &rows);
                    scope.spawn(move || {
                        (0..200).try_for_each(|n| {
                            env.transact(|txn| {
                                let next = rows.get(txn, worker)?.unwrap_or(0) + 1;
                                assert_eq!(next, n + 1);
                                rows.put(txn, worker, next)
                            })
                        })
                    })
                })
                .collect();
            for n in 0..40 {
                // Also inside a closure, based on an uncommitted state or not. The child returns from the closure.
                let parent = std::process::id();
                let mut child = None;
                let outcome = env.transact(|txn| {
                    rows.put(txn, 100, n)?;
                    // SAFETY: of everything that another thread may have locked, the child uses only mapleaf, which
                    // must not hang there. The child ends by `_exit`.
                    match unsafe { fork() }.map_err(Error::other)? {
                        ForkResult::Child => {
                            alarm::set(30);
                            Ok(())
                        }
                        ForkResult::Parent { child: id } => {
                            child = Some(id);
                            if n % 2 == 0 { Ok(()) } else { Err(Error::new(ErrorKind::Conflict, "not this one")) }
                        }
                    }
                });
                if std::process::id() != parent {
                    let closed = outcome.is_err_and(|error| error.kind() == ErrorKind::Closed);
                    refused(env.transact(|txn| rows.put(txn, 0, 0)), ErrorKind::Closed);
                    refused(env.try_transact(|txn| rows.put(txn, 0, 0)), ErrorKind::Closed);
                    refused(env.submit(Batch::new()), ErrorKind::Closed);
                    refused(env.close(), ErrorKind::Closed);
                    // SAFETY: ends the child at once.
                    unsafe { nix::libc::_exit(i32::from(!closed)) }
                }
                if let Some(child) = child {
                    passed(child)?;
                }
                assert_eq!(outcome.is_ok(), n % 2 == 0, "{outcome:?}");
                thread::sleep(Duration::from_micros(200));
            }
            threads.into_iter().try_for_each(|thread| thread.join().expect("no thread panics"))
        })?;
        let snap = env.snapshot()?;
        assert!((0..6).all(|worker| rows.get(&snap, worker).is_ok_and(|count| count == Some(200))));
        assert_eq!(rows.get(&snap, 100)?, Some(38));
        drop(snap);
        assert!(env.verify()?.is_clean());
        Ok(())
    })
}
