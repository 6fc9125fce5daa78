//! Which process this is: a forked child is told from its parent without a system call.
#![expect(unsafe_code, reason = "the system is advised about a map")]

use std::process;
use std::ptr::NonNull;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use memmap2::MmapMut;
use nix::sys::mman::{MmapAdvise, madvise};

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
