//! Locks on bytes of a file, held by its open file description. They differ from a process's POSIX locks, which
//! LMDB uses: closing any descriptor of the file does not drop them, changing one from shared to exclusive is
//! atomic, and a forked child, which shares them, does not free them when it exits. The two kinds exclude each
//! other.

use std::fs::File;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;

/// Takes, changes or releases the lock on one byte, without waiting. Returns whether it was available. `kind` is
/// `F_RDLCK`, `F_WRLCK` or `F_UNLCK`.
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

/// Whether the byte has a lock of any kind: of another open file description, or a POSIX lock, also of this process
/// itself. Locks of this description do not count.
pub(crate) fn is_locked(file: &File, byte: i64) -> Result<bool, Errno> {
    let mut asked = range(byte, libc::F_WRLCK);
    fcntl(file, FcntlArg::F_OFD_GETLK(&mut asked))?;
    Ok(i32::from(asked.l_type) != libc::F_UNLCK)
}

/// Releases this process's POSIX lock on one byte, whichever descriptor it was taken by.
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
