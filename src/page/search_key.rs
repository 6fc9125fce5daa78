//! The key that is searched for, with its first bytes as a number.

use std::cmp::Ordering;

/// A key to compare stored keys with: first bytes as one big-endian integer, padded with zeros.
///
/// Where two such integers differ they decide: a pad byte stands where the shorter key has ended, and 0 is below or
/// equal to whatever the longer one has there. Where they agree the rest decides, then the length.
///
/// `W` is the width of all keys of the tree in bytes when their type fixes it, else 0: keys of 1 to 8 bytes are one integer,
/// keys of 16 bytes two, and nothing else is looked at where a stored key has that width too.
#[derive(Clone, Copy)]
pub(crate) struct SearchKey<'k, const W: usize = 0> {
    key: &'k [u8],
    head: u64,
    /// The eight bytes behind the head, if there are as many; else 0.
    second: u64,
    /// Bytes of the whole key that are left out, because all stored keys that it meets begin with them too. Only where `W`
    /// is 0.
    skip: usize,
}

/// Keys with more bytes in common than this are left to `memcmp`.
const LONG: usize = 64;

/// Eight bytes as a big-endian integer; zeros stand where there are fewer.
#[inline]
pub(crate) fn word_at(bytes: &[u8], at: usize) -> u64 {
    let rest = bytes.get(at..).unwrap_or_default();
    if let Some(word) = rest.first_chunk() {
        return u64::from_be_bytes(*word);
    }
    if rest.is_empty() {
        return 0;
    }
    // The last eight bytes, without those before `at`.
    if let Some(word) = bytes.last_chunk() {
        return u64::from_be_bytes(*word) << (64 - 8 * rest.len());
    }
    rest.iter().zip([56_u32, 48, 40, 32, 24, 16, 8]).fold(0, |word, (&byte, by)| word | u64::from(byte) << by)
}

impl<'k, const W: usize> SearchKey<'k, W> {
    /// With a width, `key` has it: else it is searched for as keys without one are.
    #[inline]
    pub(crate) fn new(key: &'k [u8]) -> Self {
        let second = if W == 0 || W > 8 { word_at(key, 8) } else { 0 };
        Self { key, head: word_at(key, 0), second, skip: 0 }
    }

    /// What is left of a whole key behind `skip` bytes that all stored keys which it meets have in common with it.
    #[inline]
    pub(crate) fn behind(&self, skip: usize) -> Self {
        if W != 0 || skip == 0 {
            return *self;
        }
        let key = self.key.get(skip..).unwrap_or_default();
        Self { key, head: word_at(key, 0), second: word_at(key, 8), skip }
    }

    #[inline]
    pub(crate) fn skip(&self) -> usize {
        if W == 0 { self.skip } else { 0 }
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

    /// Its eight bytes from `at` on.
    #[inline]
    pub(crate) fn word(&self, at: usize) -> u64 {
        if at == 0 { self.head } else { word_at(self.key, at) }
    }
}

/// How a stored key compares with another one that has the same first eight bytes.
///
/// Word by word: for keys of a few words a call of `memcmp` costs more than they do.
#[inline]
pub(crate) fn compare_tail(stored: &[u8], key: &[u8]) -> Ordering {
    let common = stored.len().min(key.len());
    if !(8..=LONG).contains(&common) {
        return stored.cmp(key);
    }
    let mut at = 8;
    while at < common {
        // The last word overlaps bytes that are known to be equal.
        let from = at.min(common - 8);
        let (here, wanted) = (word_at(stored, from), word_at(key, from));
        if here != wanted {
            return here.cmp(&wanted);
        }
        at += 8;
    }
    stored.len().cmp(&key.len())
}
