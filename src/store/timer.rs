//! Waiting: the time between attempts.

use std::fmt;
use std::thread;
use std::time::{Duration, Instant};

/// Waits, and says how much time has passed. [`SystemTimer`] does both for real; a
/// [`ManualClock`](crate::store::ManualClock) only says so, for tests.
pub trait Timer: Send + Sync + 'static {
    /// The time since some moment. It never goes back.
    fn elapsed(&self) -> Duration;

    /// Waits for this time.
    fn sleep(&self, time: Duration);
}

/// The timer of the system.
#[derive(Clone, Copy)]
pub struct SystemTimer {
    began: Instant,
}

impl Default for SystemTimer {
    fn default() -> Self {
        Self { began: Instant::now() }
    }
}

impl Timer for SystemTimer {
    fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    fn sleep(&self, time: Duration) {
        thread::sleep(time);
    }
}

impl fmt::Debug for SystemTimer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SystemTimer")
    }
}
