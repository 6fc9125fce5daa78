//! Maps of files, what of them is in memory, and a page that forked children do not inherit.
#![expect(unsafe_code, reason = "the system is asked about memory, and advised about it")]

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::ptr::NonNull;
use std::sync::atomic::AtomicU64;

use memmap2::{Advice, MmapMut, MmapOptions, MmapRaw};
use nix::libc;
use nix::sys::mman::{MmapAdvise, madvise};
use nix::unistd::geteuid;

pub(crate) struct ReadMap(MmapRaw);

impl ReadMap {
    /// Maps `bytes` of `file` from its beginning, whether the file is that long yet or not.
    pub(crate) fn new(file: &File, bytes: usize) -> io::Result<Self> {
        MmapOptions::new().len(bytes).no_reserve_swap().map_raw_read_only(file).map(Self)
    }

    /// The length in bytes.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The address of the first byte, a multiple of the system's page size.
    #[inline]
    pub(crate) fn start(&self) -> *const u8 {
        self.0.as_ptr()
    }

    /// Advises the system to read single pages, not those around them. A hint.
    pub(crate) fn expect_random_reads(&self) {
        let _ = self.0.advise(Advice::Random);
    }
}

pub(crate) struct SharedMap(MmapRaw);

impl SharedMap {
    /// Maps the first `bytes` of `file`, which is that long.
    pub(crate) fn new(file: &File, bytes: usize) -> io::Result<Self> {
        MmapOptions::new().len(bytes).map_raw(file).map(Self)
    }

    /// The length in bytes.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The address of the first byte, a multiple of the system's page size.
    #[inline]
    pub(crate) fn start(&self) -> *mut u8 {
        self.0.as_mut_ptr()
    }
}

/// Linux reports residency to the file's owner and to root. It does so to some other processes too, which are not
/// recognized here. To the rest it reports every page as in memory.
pub(crate) fn reports_residency(file: &File) -> bool {
    let user = geteuid();
    user.is_root() || file.metadata().is_ok_and(|file| file.uid() == user.as_raw())
}

#[inline]
pub(crate) fn is_resident(page: *const u8) -> bool {
    // Miri does not have this call. A page that counts as in memory causes no requests.
    if cfg!(miri) {
        return true;
    }
    let mut there = 1_u8;
    // SAFETY: the call does not access the memory at the address, which it checks. It writes one byte for each system
    // page that the length touches, which is one for a length of 1.
    let answer = unsafe { libc::mincore(page.cast_mut().cast(), 1, &raw mut there) };
    answer != 0 || there & 1 != 0
}

#[inline]
pub(crate) fn ask_for(start: *const u8, len: usize) {
    if let Some(start) = NonNull::new(start.cast_mut()) {
        // SAFETY: this advice has no effect that a program can observe, whatever is at the addresses.
        let _ = unsafe { madvise(start.cast(), len, MmapAdvise::MADV_WILLNEED) };
    }
}

/// Linux offers `MADV_WIPEONFORK` since 4.14.
#[cold]
pub(crate) fn wiped_on_fork() -> Option<&'static AtomicU64> {
    // 64 KiB is the largest page size of any system. The advice applies to whole pages, so the map must have at least
    // one.
    let mut page = MmapMut::map_anon(64 * 1024).ok()?;
    let start = NonNull::new(page.as_mut_ptr())?;
    // SAFETY: the range is a private anonymous map that nothing else uses yet, and consists of whole pages. The system
    // clears it in a forked child, which is the purpose.
    unsafe { madvise(start.cast(), page.len(), MmapAdvise::MADV_WIPEONFORK) }.ok()?;
    // The map is never unmapped, because the returned reference is used until the process ends.
    std::mem::forget(page);
    // SAFETY: the map is readable and writable, page-aligned, zeroed and never unmapped; it is used only as this
    // atomic.
    Some(unsafe { AtomicU64::from_ptr(start.as_ptr().cast()) })
}
