//! How much of the changes of a store is kept.

use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};

/// How much of the changes of a store its feed keeps, for
/// [`RecordsOptions::change_log`](crate::store::RecordsOptions::change_log). Older changes are removed when new ones are
/// made, in the same commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Retain {
    /// The last changes, this many.
    Count(u64),
    /// Changes that are not older than this. A change removes up to 16 older ones, so that those of a burst go by and by.
    Age(Duration),
    /// The last changes that take up to this many bytes together, keys and values, those before and after each change.
    Bytes(u64),
}

impl Retain {
    /// Refuses a feed that keeps nothing.
    pub(super) fn check(self) -> Result<()> {
        let (kind, limit) = self.parts();
        if limit > 0 {
            return Ok(());
        }
        let what = ["", "Count", "Age", "Bytes"][usize::from(kind)];
        let why = format!("Retain::{what} of zero would keep no change; set a limit above zero, or no change log");
        Err(Error::new(ErrorKind::InvalidArgument, why))
    }

    /// As stored: a kind and a number. An age is in nanoseconds.
    pub(super) fn parts(self) -> (u8, u64) {
        match self {
            Self::Count(count) => (1, count),
            Self::Age(age) => (2, u64::try_from(age.as_nanos()).unwrap_or(u64::MAX)),
            Self::Bytes(bytes) => (3, bytes),
        }
    }

    pub(super) fn of_parts(kind: u8, limit: u64) -> Option<Self> {
        match kind {
            1 => Some(Self::Count(limit)),
            2 => Some(Self::Age(Duration::from_nanos(limit))),
            3 => Some(Self::Bytes(limit)),
            _ => None,
        }
    }
}
