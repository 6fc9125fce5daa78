//! `jiff::Timestamp` as a key, with the bytes of [`Timestamp`].

use super::timestamp::{Timestamp, beyond, out_of_range};
use crate::error::{Error, Result};
use crate::key::Position;
use crate::key::fixed::fixed_key;

fixed_key!(
    jiff::Timestamp,
    "timestamp",
    8,
    |time| Timestamp::try_from(time).map(Timestamp::to_bytes),
    |bytes| Ok(Timestamp::from_bytes(bytes).into()),
    |time| match Timestamp::try_from(*time) {
        Ok(time) => (time.to_bytes(), Position::At),
        Err(_) => beyond(*time > jiff::Timestamp::UNIX_EPOCH),
    }
);

impl TryFrom<jiff::Timestamp> for Timestamp {
    type Error = Error;

    /// The same point in time; `InvalidKey` outside the years 1677 to 2262.
    fn try_from(time: jiff::Timestamp) -> Result<Self> {
        i64::try_from(time.as_nanosecond()).map(Self::from_nanos).map_err(|_| out_of_range())
    }
}

impl From<Timestamp> for jiff::Timestamp {
    fn from(time: Timestamp) -> Self {
        Self::from_nanosecond(time.as_nanos().into()).expect("the years 1677 to 2262 are within jiff's -9999 to 9999")
    }
}
