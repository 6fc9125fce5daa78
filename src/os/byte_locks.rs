//! Locks on bytes of a file, held by its open file description. Unlike the locks of a process, which POSIX has and LMDB
//! uses, they are not dropped when any descriptor of the file is closed, changing one from shared to exclusive is atomic,
//! and a forked child that exits does not free its parent's, which it shares. Both kinds keep one another out.

use std::fs::File;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;

/// Takes, changes or gives up the lock on one byte, without waiting; whether it was to be had. `kind` is `F_RDLCK`, `F_WRLCK`
/// or `F_UNLCK`.
pub(crate) fn try_lock(file: &File, byte: i64, kind: i32) -> Result<bool, Errno> {
    match fcntl(file, FcntlArg::F_OFD_SETLK(&range(byte, kind))) {
        Ok(_) => Ok(true),
        Err(Errno::EAGAIN | Errno::EACCES) => Ok(false),
        Err(errno) => Err(errno),
    }
}

/// As [`try_lock`], but waits for others.
pub(crate) fn wait_lock(file: &File, byte: i64, kind: i32) -> Result<(), Errno> {
    loop {
        match fcntl(file, FcntlArg::F_OFD_SETLKW(&range(byte, kind))) {
            Ok(_) => return Ok(()),
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno),
        }
    }
}

/// Whether another open file description, or a process by a POSIX lock, has a lock of any kind on the byte. A lock of this
/// process's own by POSIX counts too; one of this description does not.
pub(crate) fn is_locked(file: &File, byte: i64) -> Result<bool, Errno> {
    let mut asked = range(byte, libc::F_WRLCK);
    fcntl(file, FcntlArg::F_OFD_GETLK(&mut asked))?;
    Ok(i32::from(asked.l_type) != libc::F_UNLCK)
}

/// Gives up this process's POSIX lock on one byte, through whichever descriptor it was taken.
pub(crate) fn unlock_posix(file: &File, byte: i64) -> Result<(), Errno> {
    fcntl(file, FcntlArg::F_SETLK(&range(byte, libc::F_UNLCK))).map(drop)
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
