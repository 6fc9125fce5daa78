//! The nine forms of an interval over text and bytes.

use crate::common::intervals;
use mapleaf::Result;

#[test]
fn every_form_over_text_contains_what_lies_between_its_bounds() -> Result<()> {
    let pool = ["\0", "a", "a\0", "aa", "ab", "b", "bb", "é", "\u{10FFFF}"].map(str::to_owned);
    let ends = ["", "\0", "\0\0", "a", "a\0", "a\0\0", "aa", "aaa", "b", "ba", "z", "é", "\u{10FFFF}", "\u{10FFFF}z"];
    intervals::agree::<&str, &str>(&pool, |key| key, &ends, |key, end| key.as_str().cmp(end))
}

#[test]
fn every_form_over_bytes_contains_what_lies_between_its_bounds() -> Result<()> {
    let pool: [&[u8]; 9] =
        [b"\x00", b"\x00\xFF", b"a", b"a\xFE", b"a\xFF", b"a\xFF\xFF", b"b", b"\xFF", b"\xFF\xFF\x00"];
    let ends: [&[u8]; 11] =
        [b"", b"\x00", b"\x00\x00", b"a", b"a\xFF", b"a\xFF\x00", b"b", b"c", b"\xFF", b"\xFF\xFF", b"\xFF\xFF\xFF"];
    intervals::agree::<&[u8], &[u8]>(&pool.map(<[u8]>::to_vec), |key| key, &ends, |key, end| key[..].cmp(end))
}
