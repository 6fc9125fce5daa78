//! The rows of a feed: what was changed, as bytes.
//!
//! The key is the id of the commit and the index of the change in it, so that rows are in the order of their commits.

use crate::error::{Error, ErrorKind, Result};
use crate::store::changes::{Stamp, StampField};
use crate::store::feed::event::EventKind;
use crate::store::feed::revision::Revision;
use crate::store::records::header::{COMMIT_AT, INCARNATION_AT};

/// The length of a key in bytes.
pub(super) const KEY: usize = 12;
/// The length of what stands before the key of the record.
const HEAD: usize = 40;
const FORMAT_VERSION: u8 = 1;
const STAMPED_AT: usize = 8;

/// The id of a commit until the commit fills it: above all others, so that a transaction that reads its own rows finds
/// them behind those that were committed.
pub(super) const OPEN: u64 = u64::MAX;

/// A row of a feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FeedRow<'r> {
    pub kind: EventKind,
    /// When it was written, in nanoseconds since 1970.
    pub written: u64,
    /// Its number in the feed, from 0.
    pub number: u64,
    /// The key of the record.
    pub key: &'r [u8],
    /// The row of the record after the change, and before it.
    pub current: Option<&'r [u8]>,
    pub previous: Option<&'r [u8]>,
}

/// The key of a row, and the fields that the commit fills.
pub(super) fn key(index: u32) -> ([u8; KEY], [Stamp; 1]) {
    let mut key = [0; KEY];
    key[..8].copy_from_slice(&OPEN.to_be_bytes());
    key[8..].copy_from_slice(&index.to_be_bytes());
    (key, [Stamp { offset: 0, field: StampField::Commit }])
}

/// The revision that a key stands for.
pub(super) fn revision(key: &[u8]) -> Result<Revision> {
    match <[u8; KEY]>::try_from(key) {
        Ok(key) => Ok(Revision::of_key(key)),
        Err(_) => Err(damaged("a key has not twelve bytes")),
    }
}

impl FeedRow<'_> {
    /// Its bytes.
    pub fn encode(&self) -> Vec<u8> {
        let (current, previous) = (self.current.unwrap_or_default(), self.previous.unwrap_or_default());
        let mut row = vec![0; HEAD];
        row.reserve(self.key.len() + current.len() + previous.len());
        (row[0], row[1]) = (FORMAT_VERSION, self.kind.code());
        for (at, len) in [(4, self.key.len()), (32, current.len()), (36, previous.len())] {
            // Keys and records are shorter than 4 GiB: a backend stores no longer ones.
            row[at..at + 4].copy_from_slice(&u32::try_from(len).unwrap_or(u32::MAX).to_be_bytes());
        }
        row[16..24].copy_from_slice(&self.written.to_be_bytes());
        row[24..32].copy_from_slice(&self.number.to_be_bytes());
        row.extend_from_slice(self.key);
        row.extend_from_slice(current);
        row.extend_from_slice(previous);
        row
    }

    /// The fields that the commit fills: the incarnation, and with `is_written` the token of the record after the change.
    pub fn stamps(&self, is_written: bool) -> Vec<Stamp> {
        let current_at = HEAD + self.key.len();
        let mut stamps = vec![Stamp { offset: STAMPED_AT, field: StampField::Incarnation }];
        if is_written {
            stamps.push(Stamp { offset: current_at + COMMIT_AT, field: StampField::Commit });
            stamps.push(Stamp { offset: current_at + INCARNATION_AT, field: StampField::Incarnation });
        }
        stamps
    }
}

impl<'r> FeedRow<'r> {
    pub fn decode(row: &'r [u8]) -> Result<Self> {
        match row.first() {
            Some(&FORMAT_VERSION) => {}
            Some(version) => return Err(newer(*version)),
            None => return Err(damaged("a row is empty")),
        }
        let (head, rest) = row.split_first_chunk::<HEAD>().ok_or_else(|| damaged("a row is too short"))?;
        let kind = EventKind::of_code(head[1]).ok_or_else(|| damaged("a change is of no known kind"))?;
        let number =
            |from: usize, len: usize| head[from..from + len].iter().fold(0, |n, byte| n << 8 | u64::from(*byte));
        let mut rest = rest;
        let mut part = |len: u64| {
            let split = usize::try_from(len).ok().and_then(|len| rest.split_at_checked(len));
            let (part, after) = split.ok_or_else(|| damaged("a row is too short"))?;
            rest = after;
            Ok::<_, Error>(part)
        };
        let (key, current, previous) = (part(number(4, 4))?, part(number(32, 4))?, part(number(36, 4))?);
        if !rest.is_empty() || key.is_empty() || current.is_empty() == (kind == EventKind::Put) {
            return Err(damaged("a row has not the parts of its kind"));
        }
        let some = |record: &'r [u8]| (!record.is_empty()).then_some(record);
        let (written, number) = (number(16, 8), number(24, 8));
        Ok(Self { kind, written, number, key, current: some(current), previous: some(previous) })
    }
}

#[cold]
fn newer(version: u8) -> Error {
    let why = format!(
        "a row of the change feed has format version {version}, and this program knows version 1; use a newer one"
    );
    Error::new(ErrorKind::FormatVersion, why)
}

#[cold]
pub(super) fn damaged(why: &str) -> Error {
    Error::new(ErrorKind::Corrupted, format!("the change feed of the store is damaged: {why}; restore a copy"))
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn its_bytes_never_change() {
        let (current, previous) = ([1_u8; 64], [2_u8; 3]);
        let row = FeedRow {
            kind: EventKind::Put,
            written: 0x0102_0304_0506_0708,
            number: 9,
            key: b"ann",
            current: Some(&current),
            previous: Some(&previous),
        };
        let (bytes, stamps) = (row.encode(), row.stamps(true));
        let hex = bytes[..43].iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
        let head = "01010000 00000003 0000000000000000 0102030405060708 0000000000000009 00000040 00000003 616e6e";
        assert_eq!(hex, head.replace(' ', ""));
        assert_eq!(bytes[43..], [&current[..], &previous[..]].concat());
        assert_eq!(stamps.iter().map(|stamp| stamp.offset).collect::<Vec<_>>(), [8, 43 + 16, 43 + 24]);
        assert_eq!(FeedRow::decode(&bytes).ok(), Some(row));
        let (key, _) = key(7);
        assert_eq!(key, [255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 7]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_bytes_are_an_error_or_come_back(head in prop_oneof![Just(1_u8), any::<u8>()], rest in vec(any::<u8>(), 0..120)) {
            let bytes = [&[head][..], &rest].concat();
            if let Ok(row) = FeedRow::decode(&bytes) {
                let again = row.encode();
                prop_assert_eq!(FeedRow::decode(&again).ok(), Some(row));
            }
        }

        #[test]
        fn rows_come_back(key in vec(any::<u8>(), 1..20), current in vec(any::<u8>(), 1..80), previous in vec(any::<u8>(), 0..80), cut in 0..100_usize) {
            let previous = (!previous.is_empty()).then_some(&previous[..]);
            let row = FeedRow { kind: EventKind::Put, written: 1, number: 2, key: &key, current: Some(&current), previous };
            let bytes = row.encode();
            prop_assert_eq!(FeedRow::decode(&bytes).ok(), Some(row));
            let cut = cut.min(bytes.len() - 1);
            prop_assert!(FeedRow::decode(&bytes[..cut]).is_err());
        }
    }
}
