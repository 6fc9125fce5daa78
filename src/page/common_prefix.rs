//! The common prefix of two keys, compared by words of eight bytes.

use std::cmp::Ordering;

use crate::page::search_key::word_at;

/// How many bytes two different words have in common, from the first.
#[inline]
const fn equal_bytes(left: u64, right: u64) -> usize {
    (left ^ right).leading_zeros() as usize / 8
}

/// The length of the common prefix of two keys, and how the first key compares with the second.
#[inline]
pub(crate) fn common_prefix(left: &[u8], right: &[u8]) -> (usize, Ordering) {
    let most = left.len().min(right.len());
    let mut at = 0;
    while at < most {
        // The last word ends where the shorter key ends. So it may overlap bytes that are known to be equal, or is a
        // partial word if that key has fewer than eight bytes.
        let from = if most < 8 { 0 } else { at.min(most - 8) };
        let (here, there) = (word_at(left, from), word_at(right, from));
        if here != there {
            let common = from + equal_bytes(here, there);
            return if common < most { (common, here.cmp(&there)) } else { (most, left.len().cmp(&right.len())) };
        }
        at += 8;
    }
    (most, left.len().cmp(&right.len()))
}

/// As [`common_prefix`], but a lower bound that takes fewer steps: it begins at `at`, up to which the keys are known to
/// be equal, and does not count the bytes of an incomplete last word. Enough for a search, which skips the result and
/// compares the rest.
#[inline]
pub(crate) fn common_words(left: &[u8], right: &[u8], mut at: usize) -> usize {
    let word = |key: &[u8], at| key.get(at..).and_then(|rest| rest.first_chunk()).map(|word| u64::from_be_bytes(*word));
    while let (Some(left), Some(right)) = (word(left, at), word(right, at)) {
        if left != right {
            return at + equal_bytes(left, right);
        }
        at += 8;
    }
    at
}
