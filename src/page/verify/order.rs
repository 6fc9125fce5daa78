//! The orders in which LMDB sorts keys and duplicates.

use std::cmp::Ordering;

use crate::page::fields::u64_at;
use crate::page::format::tree_flag;

/// How two keys are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// From the first byte on; a prefix comes first.
    Forward,
    /// From the last byte on. For little-endian integers of one size this is the order by value.
    Backward,
}

/// A key, with the eight bytes that its order compares first as a number: most comparisons need no more.
#[derive(Clone, Copy)]
pub(crate) struct OrderedKey<'k> {
    head: u64,
    pub key: &'k [u8],
}

impl Order {
    /// The order of a tree's keys.
    pub(crate) fn of_keys(flags: u16) -> Self {
        if flags & (tree_flag::REVERSE_KEY | tree_flag::INTEGER_KEY) == 0 { Self::Forward } else { Self::Backward }
    }

    /// The order of one key's duplicates; `None` in a tree without duplicates.
    pub(crate) fn of_duplicates(flags: u16) -> Option<Self> {
        if flags & tree_flag::DUP_SORT == 0 {
            None
        } else if flags & (tree_flag::REVERSE_DUP | tree_flag::INTEGER_DUP) == 0 {
            Some(Self::Forward)
        } else {
            Some(Self::Backward)
        }
    }

    /// Prepares `key` for comparisons.
    #[inline]
    pub(crate) fn prepare(self, key: &[u8]) -> OrderedKey<'_> {
        let head = match (self, key.first_chunk(), key.last_chunk()) {
            (Self::Forward, Some(first), _) => u64::from_be_bytes(*first),
            (Self::Backward, _, Some(last)) => u64::from_le_bytes(*last),
            _ => self.short_head(key),
        };
        OrderedKey { head, key }
    }

    /// The head of a key of fewer than eight bytes, padded with zeros.
    fn short_head(self, key: &[u8]) -> u64 {
        let mut padded = [0; 8];
        padded.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
        match self {
            Self::Forward => u64::from_be_bytes(padded),
            // The last byte of the key is the most significant one, so it must become the top byte of the head. Shift
            // it up over the padding.
            Self::Backward => u64_at(&padded, 0) << (8 * (8 - key.len().clamp(1, 8))),
        }
    }

    /// Compares two keys of this order.
    #[inline]
    pub(crate) fn compare(self, left: OrderedKey<'_>, right: OrderedKey<'_>) -> Ordering {
        // Two different keys can have equal heads: they may differ outside of these eight bytes, and short keys are
        // padded with zeros. Then compare the whole keys.
        left.head.cmp(&right.head).then_with(|| self.compare_all(left.key, right.key))
    }

    fn compare_all(self, left: &[u8], right: &[u8]) -> Ordering {
        match self {
            Self::Forward => left.cmp(right),
            Self::Backward => left.iter().rev().cmp(right.iter().rev()),
        }
    }
}
