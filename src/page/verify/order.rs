//! The orders that LMDB keeps keys and duplicates in.

use std::cmp::Ordering;

use crate::page::meta::tree_flag;

/// How two keys compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// From the first byte on; a prefix comes first.
    Forward,
    /// From the last byte on. Of little-endian integers of one size this is the order by value.
    Backward,
}

impl Order {
    /// The order of a tree's keys.
    pub(crate) fn of_keys(flags: u16) -> Self {
        if flags & (tree_flag::REVERSE_KEY | tree_flag::INTEGER_KEY) == 0 { Self::Forward } else { Self::Backward }
    }

    /// The order of the duplicates of one key; `None` in a tree without duplicates.
    pub(crate) fn of_duplicates(flags: u16) -> Option<Self> {
        if flags & tree_flag::DUP_SORT == 0 {
            None
        } else if flags & (tree_flag::REVERSE_DUP | tree_flag::INTEGER_DUP) == 0 {
            Some(Self::Forward)
        } else {
            Some(Self::Backward)
        }
    }

    pub(crate) fn compare(self, left: &[u8], right: &[u8]) -> Ordering {
        match self {
            Self::Forward => left.cmp(right),
            Self::Backward => left.iter().rev().cmp(right.iter().rev()),
        }
    }
}
