//! Files that are not in memory: drops them from the page cache, and checks that they are not in it.
#![expect(unsafe_code, reason = "the system is asked about a map, by a function that writes to a buffer")]

use std::fs::File;
use std::io;
use std::path::Path;

use nix::fcntl::{PosixFadviseAdvice, posix_fadvise};
use nix::libc::{mincore, size_t};

use super::{Mapped, Outcome};

/// Drops the file from the page cache, and returns the percentage of it that stayed. Pages that a process has mapped
/// stay, so nobody may have it open.
pub(crate) fn evict(path: &Path) -> Outcome<u64> {
    let file = File::open(path)?;
    file.sync_all()?;
    posix_fadvise(&file, 0, 0, PosixFadviseAdvice::POSIX_FADV_DONTNEED)?;
    resident(path)
}

/// The percentage of the file's pages that are in memory.
pub(crate) fn resident(path: &Path) -> Outcome<u64> {
    let map = Mapped::open(path)?;
    let bytes = map.bytes();
    let mut pages = vec![0_u8; bytes.len().div_ceil(4096)];
    let length: size_t = bytes.len();
    // SAFETY: the map has this length and outlives the call, and there is a byte for each of its pages, which have at
    // least 4 KiB on any system.
    let answer = unsafe { mincore(bytes.as_ptr().cast_mut().cast(), length, pages.as_mut_ptr()) };
    if answer != 0 {
        return Err(io::Error::last_os_error().into());
    }
    let there = pages.iter().filter(|page| **page & 1 != 0).count();
    Ok((there * 100).div_ceil(pages.len().max(1)) as u64)
}
