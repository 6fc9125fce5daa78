//! The key that is searched for, with its first bytes as a number.

use std::cmp::Ordering;

/// A key to compare stored keys with: first bytes as one big-endian integer, padded with zeros.
///
/// Where two such integers differ they decide: a pad byte stands where the shorter key has ended, and 0 is below or
/// equal to whatever the longer one has there. Where they agree the rest decides, then the length.
#[derive(Clone, Copy)]
pub(crate) struct Target<'k> {
    key: &'k [u8],
    head: u64,
}

impl<'k> Target<'k> {
    #[inline]
    pub(crate) fn new(key: &'k [u8]) -> Self {
        let head = if let Some(head) = key.first_chunk::<8>() {
            u64::from_be_bytes(*head)
        } else {
            key.iter().zip([56_u32, 48, 40, 32, 24, 16, 8]).fold(0, |head, (&byte, by)| head | u64::from(byte) << by)
        };
        Self { key, head }
    }

    #[inline]
    pub(crate) fn key(&self) -> &'k [u8] {
        self.key
    }

    #[inline]
    pub(crate) fn head(&self) -> u64 {
        self.head
    }

    /// How a stored key with the same head compares with this one.
    #[inline]
    pub(crate) fn compare_tail(&self, stored: &[u8]) -> Ordering {
        match (stored.get(8..), self.key.get(8..)) {
            (Some(stored), Some(key)) => stored.cmp(key),
            _ => stored.cmp(self.key),
        }
    }
}
