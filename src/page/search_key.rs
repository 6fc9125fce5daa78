//! A search key, with its first bytes as a number.

use std::cmp::Ordering;

/// A key to compare stored keys with: its first bytes as one big-endian integer, padded with zeros.
///
/// If two such integers differ, they give the order of the keys. The padding does not falsify it, because a zero is
/// never above the byte that the longer key has there. If the integers are equal, the remaining bytes decide, then the
/// length.
///
/// `W` is the width in bytes of all keys of the tree, if their type fixes it, otherwise 0. Keys of 1 to 8 bytes are one
/// integer, keys of 16 bytes are two. If the stored key has the width `W` too, nothing else is compared.
#[derive(Clone, Copy)]
pub(crate) struct SearchKey<'k, const W: usize = 0> {
    key: &'k [u8],
    head: u64,
    /// The eight bytes after the head; 0 if the key has fewer.
    second: u64,
    /// The length of a prefix that is left out, because all stored keys to compare with share it. Only where `W` is
    /// 0.
    skip: usize,
}

/// If the shorter of two keys has more bytes than this, the keys are compared by `memcmp`.
const LONG: usize = 64;

/// Eight bytes as a big-endian integer, padded with zeros.
#[inline]
pub(crate) fn word_at(bytes: &[u8], at: usize) -> u64 {
    let rest = bytes.get(at..).unwrap_or_default();
    if let Some(word) = rest.first_chunk() {
        return u64::from_be_bytes(*word);
    }
    if rest.is_empty() {
        return 0;
    }
    // Fewer than eight bytes are left after `at`. If the whole key has eight, load its last eight bytes and shift out
    // those before `at`, which needs no loop.
    if let Some(word) = bytes.last_chunk() {
        return u64::from_be_bytes(*word) << (64 - 8 * rest.len());
    }
    rest.iter().zip([56_u32, 48, 40, 32, 24, 16, 8]).fold(0, |word, (&byte, by)| word | u64::from(byte) << by)
}

impl<'k, const W: usize> SearchKey<'k, W> {
    /// Creates a search key. A `key` without the width `W` is compared like one of any width.
    #[inline]
    pub(crate) fn new(key: &'k [u8]) -> Self {
        let second = if W == 0 || W > 8 { word_at(key, 8) } else { 0 };
        Self { key, head: word_at(key, 0), second, skip: 0 }
    }

    /// This key, which is whole, without its first `skip` bytes: all stored keys to compare it with begin with the
    /// same bytes.
    #[inline]
    pub(crate) fn without_prefix(&self, skip: usize) -> Self {
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

    /// The key's eight bytes from `at` on.
    #[inline]
    pub(crate) fn word(&self, at: usize) -> u64 {
        if at == 0 { self.head } else { word_at(self.key, at) }
    }
}

/// Compares a stored key with another one whose first eight bytes are the same.
///
/// Compares word by word: for keys of a few words, a call of `memcmp` would cost more.
#[inline]
pub(crate) fn compare_tail(stored: &[u8], key: &[u8]) -> Ordering {
    let common = stored.len().min(key.len());
    if !(8..=LONG).contains(&common) {
        return stored.cmp(key);
    }
    let mut at = 8;
    while at < common {
        // The last word begins early enough to end with the shorter key. It may overlap bytes that are known to be
        // equal, which does not change the order.
        let from = at.min(common - 8);
        let (here, wanted) = (word_at(stored, from), word_at(key, from));
        if here != wanted {
            return here.cmp(&wanted);
        }
        at += 8;
    }
    stored.len().cmp(&key.len())
}
