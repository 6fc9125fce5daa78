//! Locks of the open file description. The POSIX locks that LMDB uses belong to the process instead; the two kinds
//! exclude each other.

use std::fs::File;
use std::io;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;

use crate::os::sys::LockKind;

pub(crate) fn try_lock(file: &File, byte: i64, kind: LockKind) -> io::Result<bool> {
    match fcntl(file, FcntlArg::F_OFD_SETLK(&range(byte, code(kind)))) {
        Ok(_) => Ok(true),
        Err(Errno::EAGAIN | Errno::EACCES) => Ok(false),
        Err(errno) => Err(errno.into()),
    }
}

pub(crate) fn wait_lock(file: &File, byte: i64, kind: LockKind) -> io::Result<()> {
    loop {
        match fcntl(file, FcntlArg::F_OFD_SETLKW(&range(byte, code(kind)))) {
            Ok(_) => return Ok(()),
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
}

pub(crate) fn unlock(file: &File, byte: i64) -> io::Result<()> {
    Ok(fcntl(file, FcntlArg::F_OFD_SETLK(&range(byte, libc::F_UNLCK))).map(drop)?)
}

pub(crate) fn is_locked(file: &File, byte: i64) -> io::Result<bool> {
    let mut asked = range(byte, libc::F_WRLCK);
    fcntl(file, FcntlArg::F_OFD_GETLK(&mut asked))?;
    Ok(i32::from(asked.l_type) != libc::F_UNLCK)
}

/// Releases the process's POSIX lock, whichever descriptor it was taken by.
pub(crate) fn unlock_of_lmdb(file: &File, byte: i64) -> io::Result<()> {
    Ok(fcntl(file, FcntlArg::F_SETLK(&range(byte, libc::F_UNLCK))).map(drop)?)
}

fn code(kind: LockKind) -> i32 {
    match kind {
        LockKind::Shared => libc::F_RDLCK,
        LockKind::Exclusive => libc::F_WRLCK,
    }
}

fn range(byte: i64, kind: i32) -> libc::flock {
    libc::flock {
        l_type: i16::try_from(kind).unwrap_or_default(),
        l_whence: i16::try_from(libc::SEEK_SET).unwrap_or_default(),
        l_start: byte,
        l_len: 1,
        l_pid: 0,
    }
}
