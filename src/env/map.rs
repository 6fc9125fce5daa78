//! Maps: mapleaf's own of the data file, read-only, made once for the whole reservation, where pages appear as the file
//! grows; the words that processes share; and the page that tells a forked child from its parent.
#![expect(unsafe_code, reason = "pages are read through a raw pointer into the map")]

use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process;
use std::ptr::NonNull;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use memmap2::{Advice, MmapMut, MmapOptions, MmapRaw};
use nix::sys::mman::{MmapAdvise, madvise};
use nix::unistd::geteuid;

use crate::error::{Error, ErrorKind, Result};
use crate::page::Pages;

/// A read-only map of the data file. Never borrowed as one slice: live meta pages change under it.
pub(crate) struct EnvMap {
    raw: MmapRaw,
    page_size: usize,
}

impl EnvMap {
    /// Maps `bytes` of `file` from its beginning, whether the file is that long yet or not.
    pub(crate) fn new(file: &File, bytes: usize, page_size: usize) -> Result<Self> {
        let raw = MmapOptions::new().len(bytes).no_reserve_swap().map_raw_read_only(file).map_err(|error| {
            Error::new(
                ErrorKind::Io,
                format!("cannot reserve {bytes} bytes of address space: {error}; open with a smaller map_size"),
            )
            .caused_by(error)
        })?;
        if tells_what_is_resident(file) {
            // A look-up needs one page of what would be read around it, and a scan asks for more itself. Without the advice
            // all still works.
            let _ = raw.advise(Advice::Random);
        }
        Ok(Self { raw, page_size })
    }

    /// The length of the reservation in bytes.
    pub(crate) fn len(&self) -> usize {
        self.raw.len()
    }

    pub(crate) fn page_size(&self) -> usize {
        self.page_size
    }

    /// How many whole pages a file of `file_len` bytes has within the reservation.
    pub(crate) fn page_count(&self, file_len: u64) -> u64 {
        file_len.min(self.raw.len() as u64) / self.page_size as u64
    }

    /// The two meta pages, which change: see [`Pages::meta`].
    pub(crate) fn metas(&self) -> Pages<'_> {
        self.pages(2)
    }

    /// The first `count` pages, a number that [`page_count`](Self::page_count) gave.
    ///
    /// Reads through the result are sound while the pages that are read stay as they are: those of a pinned state, or
    /// of the newest one under the write lock. Meta pages are read by [`Pages::meta`] alone, which allows for a writer.
    #[inline]
    pub(crate) fn pages(&self, count: u64) -> Pages<'_> {
        debug_assert!(count <= self.page_count(u64::MAX));
        // SAFETY: `count` pages lie inside the map, which lives as long as `self`, and inside the file, which had that
        // length when it was asked for and which nobody shortens. Committed pages are immutable while
        // their state is pinned: LMDB reuses none that a reader's slot may reach. The map begins on a page boundary.
        unsafe { Pages::new(self.raw.as_ptr(), count, self.page_size) }
    }
}

/// Whether the system tells this process which pages of `file` are in memory, so that scans see when to ask for them.
///
/// It does to the file's owner and to root. It does to some others too, who are left with the system's own read-ahead.
fn tells_what_is_resident(file: &File) -> bool {
    let user = geteuid();
    user.is_root() || file.metadata().is_ok_and(|file| file.uid() == user.as_raw())
}

/// A few numbers in a file that processes share, read and written without system calls.
pub(crate) struct SharedWords {
    raw: MmapRaw,
}

impl SharedWords {
    /// Maps the first `bytes` of `file`, at `path`, which is that long and never shortened.
    pub(crate) fn new(file: &File, path: &Path, bytes: usize) -> Result<Self> {
        let raw = MmapOptions::new().len(bytes).map_raw(file).map_err(|error| {
            let why = format!("cannot map {}: {error}; the file system must offer shared maps", path.display());
            Error::new(ErrorKind::Io, why).caused_by(error)
        })?;
        Ok(Self { raw })
    }

    /// The word at byte `at`, a multiple of 4 inside the map.
    #[inline]
    pub(crate) fn word(&self, at: usize) -> &AtomicU32 {
        let [word] = self.words(at);
        word
    }

    /// The words from byte `at` on, a multiple of 4; all are inside the map.
    #[inline]
    pub(crate) fn words<const COUNT: usize>(&self, at: usize) -> &[AtomicU32; COUNT] {
        assert!(at.is_multiple_of(4) && at + 4 * COUNT <= self.raw.len(), "words are inside their file");
        // SAFETY: aligned bytes inside a readable and writable map that lives as long as `self`; all processes use them as
        // atomics alone, which have the size and alignment of what they hold.
        unsafe { &*self.raw.as_mut_ptr().add(at).cast() }
    }
}

/// A number of this process's own, without a system call: kept in a page that the system wipes in a forked child, which
/// then draws another. Process ids would not do: a child in a new PID namespace can have its parent's.
#[inline]
pub(crate) fn process_mark() -> u64 {
    static KEPT: OnceLock<Option<&'static AtomicU64>> = OnceLock::new();
    let Some(kept) = KEPT.get_or_init(wiped_on_fork) else {
        return u64::from(process::id());
    };
    match kept.load(Ordering::Relaxed) {
        0 => draw_mark(kept),
        mark => mark,
    }
}

/// Draws the number of a process that has none yet; threads that do so at once agree.
#[cold]
fn draw_mark(kept: &AtomicU64) -> u64 {
    // Without randomness the id must do: equal ones are rare, and what they endanger is the parent's snapshots alone.
    let drawn = getrandom::u64().unwrap_or(u64::from(process::id())).max(1);
    match kept.compare_exchange(0, drawn, Ordering::Relaxed, Ordering::Relaxed) {
        Ok(_) => drawn,
        Err(other) => other,
    }
}

/// A number that is 0 in every new process; `None` where the system does not offer it (Linux before 4.14).
#[cold]
fn wiped_on_fork() -> Option<&'static AtomicU64> {
    // The largest page that a system has: advice is given for whole ones.
    let mut page = MmapMut::map_anon(64 * 1024).ok()?;
    let start = NonNull::new(page.as_mut_ptr())?;
    // SAFETY: the range is our own private anonymous map, whole pages of it; wiping it in a child is what is wanted.
    unsafe { madvise(start.cast(), page.len(), MmapAdvise::MADV_WIPEONFORK) }.ok()?;
    // Never unmapped: it is read for as long as the process lives.
    std::mem::forget(page);
    // SAFETY: the map is readable and writable, aligned to a page, zeroed, and lives on; it is only used as this atomic.
    Some(unsafe { AtomicU64::from_ptr(start.as_ptr().cast()) })
}
