//! The rows: keys of three kinds in random order, and 100-byte values.

use mapleaf::Dbi;

/// The DBI of the large files, and of most others.
pub(crate) type Numbers = Dbi<u64, &'static [u8]>;

/// The bytes of a value.
pub(crate) const VALUE: usize = 100;

/// The order in which a tree is filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Random order: pages split in the middle, and are about two thirds full.
    Random,
    /// Ascending keys: pages are full and follow one another in the file.
    Ascending,
}

/// Row `i`'s number: every number once, in random order (the finalizer of `SplitMix64`, a bijection).
pub(crate) fn number(i: u64) -> u64 {
    let mut mixed = i.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

/// Row `i`'s text, 20 to 30 bytes; the first eight are the same in all rows.
pub(crate) fn text(i: u64) -> String {
    // An odd factor modulo 2^48 keeps different rows different.
    let digits = i.wrapping_mul(0x5DEE_CE66_D1CE_4E5B) & 0xFFFF_FFFF_FFFF;
    let tail = &"-abcdefghi"[..usize::try_from(number(i) % 11).unwrap_or(0)];
    format!("session:{digits:012x}{tail}")
}

/// Row `i`'s tuple: one of `rows / 100` users, and a text of 12 bytes.
pub(crate) fn tuple(i: u64, rows: u64) -> (u32, String) {
    let user = number(i) % (rows / 100).max(1);
    (u32::try_from(user).unwrap_or(u32::MAX), format!("item-{i:07}"))
}

/// Row `i`'s value.
pub(crate) fn value(i: u64) -> [u8; VALUE] {
    let mut bytes = [i.to_le_bytes()[0]; VALUE];
    bytes[..8].copy_from_slice(&number(i).to_le_bytes());
    bytes
}

/// The row to read in step `n`: all equally likely, the same in every run.
pub(crate) fn pick(n: u64, rows: u64) -> u64 {
    number(!n) % rows
}

/// Computed from a value that was found, so that its bytes must be read; the sums of both sides must agree.
#[inline]
pub(crate) fn touch(value: &[u8]) -> u64 {
    value.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes)) ^ value.len() as u64
}

/// Computed from an entry, so that key and value must be read. Rotated by some bits, because a row's number is its
/// key and begins its value, and the two would cancel out.
#[inline]
pub(crate) fn entry(sum: u64, key: u64, value: &[u8]) -> u64 {
    sum.wrapping_add(key ^ touch(value).rotate_left(7))
}

/// The number in a key's bytes, for heed: mapleaf's keys come decoded.
#[inline]
pub(crate) fn decoded(key: &[u8]) -> u64 {
    key.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

/// A number of rows in the form for case names: `10M`, `20k`.
pub(crate) fn short(rows: u64) -> String {
    match rows {
        rows if rows > 0 && rows.is_multiple_of(1_000_000) => format!("{}M", rows / 1_000_000),
        rows if rows > 0 && rows.is_multiple_of(1_000) => format!("{}k", rows / 1_000),
        rows => rows.to_string(),
    }
}
