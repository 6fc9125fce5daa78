//! A forked child with the same process id as its parent, as in a new PID namespace, is not taken for the parent.
#![expect(unsafe_code, reason = "a fork is an unsafe call")]

use mapleaf::{Durability, Error, ErrorKind, Result};
use nix::sched::{CloneFlags, unshare};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork, getpid};

use crate::common::errors::{directory, refused};
use crate::common::fork::in_child;
use crate::common::process;
use crate::rows;

#[test]
fn a_child_with_the_parents_id_is_not_taken_for_the_parent() -> Result<()> {
    process::apart("forks_with_equal_process_ids::a_child_with_the_parents_id_is_not_taken_for_the_parent", || {
        if let Err(errno) = unshare(CloneFlags::CLONE_NEWPID) {
            println!("no PID namespace can be made here ({errno}; it takes root): not checked");
            return Ok(());
        }
        in_child(|| {
            assert_eq!(getpid().as_raw(), 1);
            let dir = directory()?;
            let (env, rows) = rows::written(dir.path(), Durability::Process, 0)?;
            let snap = env.snapshot()?;
            unshare(CloneFlags::CLONE_NEWPID).map_err(Error::other)?;
            in_child(|| {
                assert_eq!(getpid().as_raw(), 1, "the id of its parent");
                refused(env.snapshot(), ErrorKind::Closed);
                refused(rows::write(&env, &rows, 1), ErrorKind::Closed);
                // The values that it drops belong to the parent.
                drop((snap, rows, env));
                Ok(())
            })
        })
    })
}

#[test]
fn a_child_with_the_parents_id_does_not_unpin_the_parents_snapshot() -> Result<()> {
    process::apart(
        "forks_with_equal_process_ids::a_child_with_the_parents_id_does_not_unpin_the_parents_snapshot",
        || {
            if let Err(errno) = unshare(CloneFlags::CLONE_NEWPID) {
                println!("no PID namespace can be made here ({errno}; it takes root): not checked");
                return Ok(());
            }
            in_child(|| {
                let dir = directory()?;
                let (env, rows) = rows::written(dir.path(), Durability::Process, 0)?;
                let snap = Some(env.snapshot()?);
                unshare(CloneFlags::CLONE_NEWPID).map_err(Error::other)?;
                // SAFETY: as in `in_child`; the child drops what it inherited, and ends.
                match unsafe { fork() }.map_err(Error::other)? {
                    ForkResult::Child => {
                        drop((snap, rows, env));
                        // SAFETY: ends the child at once.
                        unsafe { nix::libc::_exit(0) }
                    }
                    ForkResult::Parent { child } => drop(waitpid(child, None).map_err(Error::other)?),
                }
                for round in 1..40 {
                    rows::write(&env, &rows, round)?;
                }
                assert_eq!(rows::round(&rows, snap.as_ref().expect("held"))?, 0);
                Ok(())
            })
        },
    )
}
