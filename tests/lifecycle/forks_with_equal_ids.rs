//! A forked child whose process id is its parent's, as in a PID namespace of its own, is no more the parent than any other.
#![expect(unsafe_code, reason = "fork")]

use mapleaf::{Durability, Error, ErrorKind, Result};
use nix::sched::{CloneFlags, unshare};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork, getpid};

use crate::common::errors::{directory, refused};
use crate::common::fork::in_child;
use crate::common::process;
use crate::rows;

#[test]
fn the_child_is_not_taken_for_the_parent() -> Result<()> {
    process::apart("forks_with_equal_ids::the_child_is_not_taken_for_the_parent", || {
        if let Err(errno) = unshare(CloneFlags::CLONE_NEWPID) {
            println!("no PID namespace can be made here ({errno}; it takes root): not checked");
            return Ok(());
        }
        in_child(|| {
            assert_eq!(getpid().as_raw(), 1);
            let dir = directory()?;
            let (env, rows) = rows::open(dir.path(), Durability::Process)?;
            rows::write(&env, &rows, 0)?;
            let snap = env.snapshot()?;
            unshare(CloneFlags::CLONE_NEWPID).map_err(Error::other)?;
            in_child(|| {
                assert_eq!(getpid().as_raw(), 1, "the id of its parent");
                refused(env.snapshot(), ErrorKind::Closed);
                refused(rows::write(&env, &rows, 1), ErrorKind::Closed);
                // What it drops is its parent's.
                drop((snap, rows, env));
                Ok(())
            })
        })
    })
}

#[test]
fn the_parents_snapshot_stays_whole() -> Result<()> {
    process::apart("forks_with_equal_ids::the_parents_snapshot_stays_whole", || {
        if let Err(errno) = unshare(CloneFlags::CLONE_NEWPID) {
            println!("no PID namespace can be made here ({errno}; it takes root): not checked");
            return Ok(());
        }
        in_child(|| {
            let dir = directory()?;
            let (env, rows) = rows::open(dir.path(), Durability::Process)?;
            rows::write(&env, &rows, 0)?;
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
    })
}
