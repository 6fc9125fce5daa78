//! A number that identifies this process: a forked child gets another one, without a system call at each use.

use std::process;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::os::sys::wiped_on_fork;

/// A number that identifies this process, without a system call. It is kept in a page that the system clears in a
/// forked child, which then draws another number. A process id does not suffice: a child in a new PID namespace can
/// have its parent's id.
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

/// Draws the number of a process that has none yet. Concurrent threads agree on one.
#[cold]
fn draw_mark(kept: &AtomicU64) -> u64 {
    // If the system gives no random number, the process id must do. A child in a new PID namespace can then have the
    // same number as its parent, which is rare: the child would release reader slots of the parent.
    let drawn = getrandom::u64().unwrap_or(u64::from(process::id())).max(1);
    match kept.compare_exchange(0, drawn, Ordering::Relaxed, Ordering::Relaxed) {
        Ok(_) => drawn,
        Err(other) => other,
    }
}
