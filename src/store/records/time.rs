//! The time of a store, which never goes back.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::store::clock::Clock;
use crate::store::records::header::NEVER;

/// The key of the row in the space `meta` that has the time of the newest write, so that the time does not go back when
/// the process is started again.
pub(crate) const CLOCK_ROW: &[u8] = b"clock";

/// The time of a store: that of its clock, or the latest that was seen if the clock has jumped back.
pub(crate) struct Time {
    clock: Arc<dyn Clock>,
    seen: AtomicU64,
}

impl Time {
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, seen: AtomicU64::new(0) }
    }

    /// The time, in nanoseconds since 1970.
    pub fn now(&self) -> u64 {
        // The last time stands for "never".
        let now = self.clock.now().min(NEVER - 1);
        self.seen.fetch_max(now, Ordering::Relaxed).max(now)
    }

    /// The time, which is at least `mark`: the time of a write of any process.
    pub fn now_after(&self, mark: u64) -> u64 {
        self.seen.fetch_max(mark, Ordering::Relaxed);
        self.now()
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Time").field("seen", &self.seen).finish_non_exhaustive()
    }
}
