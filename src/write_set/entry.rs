//! Entries: a change in the index, ordered by its key.

use std::cmp::Ordering;

use crate::page::{compare_tail, word_at};
use crate::write_set::arena::{Arena, RecordRef};

/// A change: eight bytes of its key as a big-endian integer, padded with zeros, and the position of its record.
///
/// The eight bytes follow the common prefix of all keys in the order. If two such integers differ, they give the order
/// of the keys, and the records are not read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub head: u64,
    pub record: RecordRef,
}

/// A key to search for among entries.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'k> {
    pub head: u64,
    pub key: &'k [u8],
}

impl Entry {
    /// The entry of `key`, in an order whose keys share their first `common` bytes.
    #[inline]
    pub(crate) fn new(key: &[u8], common: usize, record: RecordRef) -> Self {
        Self { head: word_at(key, common), record }
    }

    /// The key of this entry, to search for.
    #[inline]
    pub(crate) fn wanted(self, arena: &Arena) -> Wanted<'_> {
        Wanted { head: self.head, key: arena.key(self.record) }
    }

    /// Compares the entry's key with `wanted`.
    #[inline]
    pub(crate) fn compare_key(self, arena: &Arena, wanted: &Wanted<'_>) -> Ordering {
        match self.head.cmp(&wanted.head) {
            Ordering::Equal => compare_tail(arena.key(self.record), wanted.key),
            order => order,
        }
    }

    /// Compares the entry's key with that of another entry.
    #[inline]
    pub(crate) fn compare(self, arena: &Arena, other: Self) -> Ordering {
        match self.head.cmp(&other.head) {
            Ordering::Equal => compare_tail(arena.key(self.record), arena.key(other.record)),
            order => order,
        }
    }
}
