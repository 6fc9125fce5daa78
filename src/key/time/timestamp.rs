//! Mapleaf's own type for a point in time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::error::{Error, ErrorKind, Result};
#[cfg(any(feature = "jiff", feature = "chrono"))]
use crate::key::Position;
use crate::key::fixed::fixed_key;

/// A point in time, in nanoseconds since the Unix epoch, from the year 1677 to 2262.
///
/// As a key it takes 8 bytes and sorts by time. `Display` writes RFC 3339 in UTC with all nine fractional digits,
/// which sorts by time too; `FromStr` reads it. With the features `jiff` and `chrono`, `jiff::Timestamp` and
/// `chrono::DateTime<Utc>` convert from and to it, and are keys with the same bytes.
///
/// ```
/// use mapleaf::key::Timestamp;
///
/// let login = Timestamp::from_secs(1_700_000_000)?;
/// assert_eq!(login.to_string(), "2023-11-14T22:13:20.000000000Z");
/// assert!(login < Timestamp::now());
/// # Ok::<(), mapleaf::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The earliest timestamp: 1677-09-21T00:12:43.145224192Z.
    pub const MIN: Self = Self(i64::MIN);
    /// The latest timestamp: 2262-04-11T23:47:16.854775807Z.
    pub const MAX: Self = Self(i64::MAX);
    /// 1970-01-01T00:00:00Z, which is also the default.
    pub const UNIX_EPOCH: Self = Self(0);

    /// The point in time `nanos` nanoseconds after the epoch, or before it when negative.
    #[must_use]
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds after the epoch; negative before it.
    #[must_use]
    pub const fn as_nanos(self) -> i64 {
        self.0
    }

    /// The point in time `micros` microseconds after the epoch.
    ///
    /// # Errors
    /// `InvalidKey` outside [`MIN`](Self::MIN)..=[`MAX`](Self::MAX).
    pub fn from_micros(micros: i64) -> Result<Self> {
        micros.checked_mul(1_000).map(Self).ok_or_else(out_of_range)
    }

    /// The point in time `millis` milliseconds after the epoch.
    ///
    /// # Errors
    /// `InvalidKey` outside [`MIN`](Self::MIN)..=[`MAX`](Self::MAX).
    pub fn from_millis(millis: i64) -> Result<Self> {
        millis.checked_mul(1_000_000).map(Self).ok_or_else(out_of_range)
    }

    /// The point in time `secs` seconds after the epoch.
    ///
    /// # Errors
    /// `InvalidKey` outside [`MIN`](Self::MIN)..=[`MAX`](Self::MAX).
    pub fn from_secs(secs: i64) -> Result<Self> {
        secs.checked_mul(1_000_000_000).map(Self).ok_or_else(out_of_range)
    }

    /// Converts a time of the system's clock.
    ///
    /// # Errors
    /// `InvalidKey` outside [`MIN`](Self::MIN)..=[`MAX`](Self::MAX).
    pub fn from_system_time(time: SystemTime) -> Result<Self> {
        let nanos = match time.duration_since(UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_nanos()).ok(),
            Err(before) => 0_i64.checked_sub_unsigned(u64::try_from(before.duration().as_nanos()).unwrap_or(u64::MAX)),
        };
        nanos.map(Self).ok_or_else(out_of_range)
    }

    /// Converts to the system clock's type, at that clock's precision (100 ns on Windows, 1 ns elsewhere).
    #[must_use]
    pub fn to_system_time(self) -> SystemTime {
        let distance = Duration::from_nanos(self.0.unsigned_abs());
        if self.0 < 0 { UNIX_EPOCH - distance } else { UNIX_EPOCH + distance }
    }

    /// The current time of the system's clock, clamped to [`MIN`](Self::MIN) and [`MAX`](Self::MAX).
    ///
    /// The clock may be set back: later calls can return earlier times.
    #[must_use]
    pub fn now() -> Self {
        let now = SystemTime::now();
        Self::from_system_time(now).unwrap_or(if now < UNIX_EPOCH { Self::MIN } else { Self::MAX })
    }

    /// The time `duration` later; `None` if that is after [`MAX`](Self::MAX).
    #[must_use]
    pub fn checked_add(self, duration: Duration) -> Option<Self> {
        let nanos = u64::try_from(duration.as_nanos()).ok()?;
        self.0.checked_add_unsigned(nanos).map(Self)
    }

    /// The time `duration` earlier; `None` if that is before [`MIN`](Self::MIN).
    #[must_use]
    pub fn checked_sub(self, duration: Duration) -> Option<Self> {
        let nanos = u64::try_from(duration.as_nanos()).ok()?;
        self.0.checked_sub_unsigned(nanos).map(Self)
    }

    /// Eight bytes that sort by time: big-endian, the sign bit flipped.
    pub(crate) const fn to_bytes(self) -> [u8; 8] {
        (self.0 ^ i64::MIN).to_be_bytes()
    }

    /// Reverses [`to_bytes`](Self::to_bytes). Any eight bytes are a timestamp.
    pub(crate) const fn from_bytes(bytes: [u8; 8]) -> Self {
        Self(i64::from_be_bytes(bytes) ^ i64::MIN)
    }
}

fixed_key!(Timestamp, "timestamp", 8, |time| Ok(time.to_bytes()), |bytes| Ok(Timestamp::from_bytes(bytes)));

/// The position of a time outside the range of 64-bit nanoseconds: before or after all timestamps.
#[cfg(any(feature = "jiff", feature = "chrono"))]
pub(super) fn beyond(is_after: bool) -> ([u8; 8], Position) {
    if is_after { (Timestamp::MAX.to_bytes(), Position::Above) } else { (Timestamp::MIN.to_bytes(), Position::Below) }
}

/// The error for a time outside the range of 64-bit nanoseconds.
#[cold]
pub(super) fn out_of_range() -> Error {
    Error::new(ErrorKind::InvalidKey, "a timestamp lies between the years 1677 and 2262; store others as (i64, u32)")
}

impl TryFrom<SystemTime> for Timestamp {
    type Error = Error;

    fn try_from(time: SystemTime) -> Result<Self> {
        Self::from_system_time(time)
    }
}

impl From<Timestamp> for SystemTime {
    fn from(time: Timestamp) -> Self {
        time.to_system_time()
    }
}
