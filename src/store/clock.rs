//! The source of time.

use std::time::{SystemTime, UNIX_EPOCH};

/// A source of time. It need not be monotone: a store remembers the latest time that it saw.
pub trait Clock: Send + Sync + 'static {
    /// The time in nanoseconds since 1970, in UTC.
    fn now(&self) -> u64;
}

/// The clock of the system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> u64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
    }
}
