//! A call that does not wait is refused while another process holds LMDB's lock between two transactions, but not for
//! what a killed process left.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;

use crate::common::errors::{directory, io, refused};
use mapleaf::{Dbi, Durability, Env, Error, ErrorKind, Result};
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;

/// The offset of the word in `mapleaf.lock` that says that a process holds byte 1.
const PAUSED_AT: u64 = 64;

fn byte(kind: i32) -> Result<libc::flock> {
    let l_type = i16::try_from(kind).map_err(Error::other)?;
    Ok(libc::flock { l_type, l_whence: 0, l_start: 1, l_len: 1, l_pid: 0 })
}

fn refuses_and_recovers(durability: Durability) -> Result<()> {
    let dir = directory()?;
    let env = Env::options().durability(durability).open(dir.path())?;
    let rows: Dbi<u64, u64> = env.dbi("rows")?;
    // The locks belong to open file descriptions, so this descriptor acts as another process.
    let lock = io(OpenOptions::new().read(true).write(true).open(dir.path().join("mapleaf.lock")))?;
    fcntl(&lock, FcntlArg::F_OFD_SETLK(&byte(libc::F_WRLCK)?)).map_err(Error::other)?;
    io(lock.write_all_at(&1_u32.to_ne_bytes(), PAUSED_AT))?;
    for _ in 0..3 {
        refused(env.try_transact(|txn| rows.put(txn, 1, 1)), ErrorKind::Busy);
    }
    // The word stays set, as after that process was killed.
    fcntl(&lock, FcntlArg::F_OFD_SETLK(&byte(libc::F_UNLCK)?)).map_err(Error::other)?;
    env.try_transact(|txn| rows.put(txn, 1, 2))?;
    let mut word = [1; 4];
    io(lock.read_exact_at(&mut word, PAUSED_AT))?;
    assert_eq!(word, [0; 4], "nobody is said to hold it");
    env.transact(|txn| rows.put(txn, 2, 2))?;
    assert_eq!(rows.len(&env.snapshot()?)?, 2);
    Ok(())
}

#[test]
fn try_transact_is_busy_while_another_process_holds_the_lock() -> Result<()> {
    refuses_and_recovers(Durability::Immediate)
}

#[test]
fn try_transact_without_group_commit_is_busy_while_another_process_holds_the_lock() -> Result<()> {
    refuses_and_recovers(Durability::Process)
}
