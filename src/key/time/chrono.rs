//! `chrono::DateTime<Utc>` as a key, with the bytes of [`Timestamp`].

use chrono::{DateTime, Utc};

use super::timestamp::{Timestamp, beyond, out_of_range};
use crate::error::{Error, ErrorKind, Result};
use crate::key::Position;
use crate::key::fixed::fixed_key;

fixed_key!(
    DateTime<Utc>,
    "timestamp",
    8,
    |time| Timestamp::try_from(time).map(Timestamp::to_bytes),
    |bytes| Ok(Timestamp::from_bytes(bytes).into()),
    position
);

/// A leap second sorts between the second before it and the one after.
fn position(time: &DateTime<Utc>) -> ([u8; 8], Position) {
    if let Ok(time) = Timestamp::try_from(*time) {
        return (time.to_bytes(), Position::At);
    }
    let is_after = time.timestamp() > 0;
    if is_in_leap_second(time) {
        let next = Timestamp::from_secs(time.timestamp().saturating_add(1));
        return next.map_or_else(|_| beyond(is_after), |next| (next.to_bytes(), Position::Below));
    }
    beyond(is_after)
}

fn is_in_leap_second(time: &DateTime<Utc>) -> bool {
    time.timestamp_subsec_nanos() >= 1_000_000_000
}

impl TryFrom<DateTime<Utc>> for Timestamp {
    type Error = Error;

    /// The same point in time; `InvalidKey` outside the years 1677 to 2262, and within a leap second. Counted in
    /// nanoseconds, a leap second would equal the second after it, which can be another key.
    fn try_from(time: DateTime<Utc>) -> Result<Self> {
        if is_in_leap_second(&time) {
            return Err(Error::new(
                ErrorKind::InvalidKey,
                "a leap second has no timestamp of its own; round it to the second before or after",
            ));
        }
        time.timestamp_nanos_opt().map(Self::from_nanos).ok_or_else(out_of_range)
    }
}

impl From<Timestamp> for DateTime<Utc> {
    fn from(time: Timestamp) -> Self {
        Self::from_timestamp_nanos(time.as_nanos())
    }
}
