//! The row of the space `meta` that says what the feed of a store keeps, and what it has.

use crate::error::{Error, ErrorKind, Result};
use crate::store::changes::{Stamp, StampField};
use crate::store::feed::retain::Retain;

/// The key of the row. A store without a feed has none.
pub(crate) const FEED_ROW: &[u8] = b"feed";

const FORMAT_VERSION: u8 = 1;
const LEN: usize = 48;

/// Where the commit that a feed begins with is filled in: changes up to it are not in the feed.
pub(super) const BEGINS: &[Stamp] = &[Stamp { offset: 40, field: StampField::Commit }];

/// What the feed of a store keeps, and what it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FeedState {
    pub retain: Retain,
    /// How many rows it has, and the bytes of their keys and values.
    pub rows: u64,
    pub bytes: u64,
    /// How many rows were ever appended.
    pub appended: u64,
    /// The newest commit whose changes are not all in the feed: that of the newest row that was removed, or that in which
    /// the feed began. 0 if the feed has all changes that the store ever had.
    pub trimmed_to: u64,
}

impl FeedState {
    /// A feed that begins now.
    pub fn new(retain: Retain) -> Self {
        Self { retain, rows: 0, bytes: 0, appended: 0, trimmed_to: 0 }
    }

    pub fn encode(&self) -> [u8; LEN] {
        let (kind, limit) = self.retain.parts();
        let mut row = [0; LEN];
        (row[0], row[1]) = (FORMAT_VERSION, kind);
        let numbers = [limit, self.rows, self.bytes, self.appended, self.trimmed_to];
        for (field, number) in row[8..].chunks_exact_mut(8).zip(numbers) {
            field.copy_from_slice(&number.to_be_bytes());
        }
        row
    }

    pub fn decode(row: &[u8]) -> Result<Self> {
        match row.first() {
            Some(&FORMAT_VERSION) => {}
            Some(version) => return Err(newer(*version)),
            None => return Err(damaged()),
        }
        let row: &[u8; LEN] = row.try_into().map_err(|_| damaged())?;
        let mut numbers =
            row[8..].chunks_exact(8).map(|field| field.iter().fold(0, |n, byte| n << 8 | u64::from(*byte)));
        let mut next = || numbers.next().unwrap_or_default();
        let (limit, rows, bytes, appended, trimmed_to) = (next(), next(), next(), next(), next());
        let retain = Retain::of_parts(row[1], limit).ok_or_else(damaged)?;
        if row[2..8] != [0; 6] {
            return Err(damaged());
        }
        Ok(Self { retain, rows, bytes, appended, trimmed_to })
    }

    /// Whether the oldest row, which was written at `written`, is to be removed at `now`.
    pub fn is_over(&self, written: u64, now: u64) -> bool {
        let (_, limit) = self.retain.parts();
        match self.retain {
            Retain::Count(_) => self.rows > limit,
            Retain::Age(_) => now.saturating_sub(written) > limit,
            Retain::Bytes(_) => self.bytes > limit,
        }
    }

    /// Whether a row may have to be removed. Only then the oldest one is looked at.
    pub fn may_be_over(&self) -> bool {
        self.rows > 0 && (matches!(self.retain, Retain::Age(_)) || self.is_over(0, 0))
    }
}

#[cold]
fn newer(version: u8) -> Error {
    let why =
        format!("the change feed has format version {version}, and this program knows version 1; use a newer one");
    Error::new(ErrorKind::FormatVersion, why)
}

#[cold]
fn damaged() -> Error {
    Error::new(ErrorKind::Corrupted, "the row about the change feed of the store is damaged; restore a copy")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn sample() -> FeedState {
        FeedState { retain: Retain::Count(1000), rows: 7, bytes: 800, appended: 9, trimmed_to: 3 }
    }

    #[test]
    fn its_bytes_never_change() {
        let golden =
            "0101000000000000 00000000000003e8 0000000000000007 0000000000000320 0000000000000009 0000000000000003";
        let row = sample().encode();
        let hex = row.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
        assert_eq!(hex, golden.replace(' ', ""));
        assert_eq!(FeedState::decode(&row).ok(), Some(sample()));
    }

    #[test]
    fn every_kind_comes_back() {
        for retain in [Retain::Count(1), Retain::Age(Duration::from_hours(1)), Retain::Bytes(1 << 30)] {
            let state = FeedState { retain, ..sample() };
            assert_eq!(FeedState::decode(&state.encode()).ok(), Some(state));
        }
    }

    #[test]
    fn other_bytes_are_errors() {
        let row = sample().encode();
        let kind = |row: &[u8]| FeedState::decode(row).map_err(|error| error.kind()).err();
        assert_eq!(kind(&[]), Some(ErrorKind::Corrupted));
        assert_eq!(kind(&row[..47]), Some(ErrorKind::Corrupted));
        for (at, byte, expected) in [
            (0, 2, ErrorKind::FormatVersion),
            (1, 0, ErrorKind::Corrupted),
            (1, 4, ErrorKind::Corrupted),
            (7, 1, ErrorKind::Corrupted),
        ] {
            let mut row = row;
            row[at] = byte;
            assert_eq!(kind(&row), Some(expected), "{at}");
        }
    }
}
