//! Room for LMDB's reader slots: its lock file is written through a map, and on a full disk the first touch of a page
//! that has no block yet would kill the process.

use std::fs::OpenOptions;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{FallocateFlags, fallocate};
use nix::libc;

use crate::env::os::located;
use crate::error::Result;

/// LMDB's lock file has a header of two cache lines, then a line for each reader.
const HEADER: u64 = 128;
const SLOT: u64 = 64;

/// Gives every page of LMDB's lock file at `path` its block on the disk; the file is made if it is absent.
///
/// LMDB must not have it open in this process: closing any descriptor of it drops the process's locks. A file that is
/// there keeps its length, which is the length of other programs' maps of it.
pub(crate) fn reserve(path: &Path, max_readers: u32) -> Result<()> {
    let opened = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(libc::O_CLOEXEC)
        .open(path);
    // Where it may not be written LMDB says so itself, or goes without.
    let Ok(file) = opened else { return Ok(()) };
    let length = file.metadata().map_err(|error| located(error, path))?.len();
    let wanted = if length > 0 { length } else { HEADER + SLOT * u64::from(max_readers) };
    match fallocate(file.as_fd(), FallocateFlags::empty(), 0, i64::try_from(wanted).unwrap_or(i64::MAX)) {
        Err(errno @ (Errno::ENOSPC | Errno::EDQUOT)) => {
            if length == 0 {
                // A beginning would be taken for the whole.
                let _ = file.set_len(0);
            }
            Err(located(io::Error::from(errno), path))
        }
        // Some file systems cannot reserve.
        _ => Ok(()),
    }
}
