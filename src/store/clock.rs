//! The source of time.

use std::time::{SystemTime, UNIX_EPOCH};

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
