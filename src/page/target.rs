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
    /// The eight bytes behind the head, if there are as many; else 0.
    second: u64,
}

/// Keys with more bytes in common than this are left to `memcmp`.
const LONG: usize = 64;

/// Eight bytes as a big-endian integer; 0 where there are fewer.
#[inline]
fn word_at(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |word| u64::from_be_bytes(*word))
}

impl<'k> Target<'k> {
    #[inline]
    pub(crate) fn new(key: &'k [u8]) -> Self {
        let head = if let Some(head) = key.first_chunk::<8>() {
            u64::from_be_bytes(*head)
        } else {
            key.iter().zip([56_u32, 48, 40, 32, 24, 16, 8]).fold(0, |head, (&byte, by)| head | u64::from(byte) << by)
        };
        Self { key, head, second: word_at(key, 8) }
    }

    #[inline]
    pub(crate) fn key(&self) -> &'k [u8] {
        self.key
    }

    #[inline]
    pub(crate) fn head(&self) -> u64 {
        self.head
    }

    #[inline]
    pub(crate) fn second(&self) -> u64 {
        self.second
    }

    /// How a stored key with the same head compares with this one.
    ///
    /// Word by word: for keys of a few words a call of `memcmp` costs more than they do.
    #[inline]
    pub(crate) fn compare_tail(&self, stored: &[u8]) -> Ordering {
        let common = stored.len().min(self.key.len());
        if !(8..=LONG).contains(&common) {
            return stored.cmp(self.key);
        }
        let mut at = 8;
        while at < common {
            // The last word overlaps bytes that are known to be equal.
            let from = at.min(common - 8);
            let (here, wanted) = (word_at(stored, from), word_at(self.key, from));
            if here != wanted {
                return here.cmp(&wanted);
            }
            at += 8;
        }
        stored.len().cmp(&self.key.len())
    }
}
