//! The source of time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::store::timer::Timer;

/// A source of time. It need not be monotone: a store takes the latest time that it has seen, or that was written in it,
/// if the clock shows less. A clock that is once far ahead therefore takes the store there for good.
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use mapleaf::store::{Clock, Memory, Records, RecordsOptions};
///
/// /// A clock for tests, which shows what it was set to.
/// struct Hand(AtomicU64);
///
/// impl Clock for Hand {
///     fn now(&self) -> u64 { self.0.load(Ordering::Relaxed) }
/// }
///
/// # fn main() -> mapleaf::Result<()> {
/// let hand = Arc::new(Hand(AtomicU64::new(1_000)));
/// let notes: Records<&str, &str, _> = RecordsOptions::new().clock(hand.clone()).open(&Memory::new()?, "notes")?;
/// assert_eq!(notes.put("a", "one")?.modified, 1_000);
/// hand.0.store(500, Ordering::Relaxed);
/// assert_eq!(notes.put("a", "two")?.modified, 1_000);
/// # Ok(())
/// # }
/// ```
pub trait Clock: Send + Sync + 'static {
    /// The time in nanoseconds since 1970, in UTC.
    fn now(&self) -> u64;
}

/// The clock of the system: the default of a store.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> u64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
    }
}

/// A clock that shows what it was set to, for tests of programs: records expire when it is moved on. As a [`Timer`] it
/// does not wait but moves on.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
/// use mapleaf::store::{ManualClock, Memory, PutOptions, Records, RecordsOptions};
/// # fn main() -> mapleaf::Result<()> {
/// let clock = Arc::new(ManualClock::new(1_000));
/// let codes: Records<&str, u32, _> = RecordsOptions::new().clock(clock.clone()).open(&Memory::new()?, "codes")?;
/// codes.put_with("ann", 1234, PutOptions::new().ttl(Duration::from_secs(60)))?;
/// clock.advance(Duration::from_secs(59));
/// assert!(codes.has("ann")?);
/// clock.advance(Duration::from_secs(1));
/// assert!(!codes.has("ann")?);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
pub struct ManualClock(AtomicU64);

impl ManualClock {
    /// A clock that shows this time, in nanoseconds since 1970.
    #[must_use]
    pub fn new(now: u64) -> Self {
        Self(AtomicU64::new(now))
    }

    /// Sets the time, also back.
    pub fn set(&self, now: u64) {
        self.0.store(now, Ordering::SeqCst);
    }

    /// Moves on by this time, at most to the greatest that a clock shows.
    pub fn advance(&self, time: Duration) {
        let time = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let add = |now: u64| Some(now.saturating_add(time));
        // The function always returns a time, so this cannot fail.
        let _ = self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, add);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

impl Timer for ManualClock {
    fn elapsed(&self) -> Duration {
        Duration::from_nanos(self.now())
    }

    fn sleep(&self, time: Duration) {
        self.advance(time);
    }
}
