//! Text: like bytes, in the order of code points.

use mapleaf::Result;

use crate::bytes::{LONG, MAX, refusal};
use crate::law::{Case, holds};

/// `text` repeated to about `len` bytes.
pub fn repeated(text: &str, len: usize) -> String {
    text.repeat(len.div_ceil(text.len()))
}

#[test]
fn text_that_cannot_be_stored_is_absent_at_its_position() -> Result<()> {
    let mut stored: Vec<String> = ["\0", "m", "é", "\u{10FFFF}"].map(str::to_owned).into();
    stored.extend(["\0", "m"].map(|text| text.repeat(MAX)));
    stored.extend((0..24_u32).map(|n| char::from_u32(0x61 + n * 37).map_or_else(String::new, |c| format!("{c}{n}"))));
    stored.sort();
    let mut ends: Vec<String> = ["", "\0", "b", "\u{10FFFF}"].map(str::to_owned).into();
    ends.extend(["\0", "m", "n", "é", "\u{10FFFF}"].map(|text| repeated(text, MAX + 1)));
    let probes = ["\0", "m", "é", "\u{10FFFF}"].map(|text| repeated(text, LONG)).into();
    let case = Case::<&str, String> {
        stored,
        probes,
        ends,
        arg: |key| key,
        order: Clone::clone,
        refusal: |key| refusal(key.as_bytes(), MAX),
    };
    holds::<&str, String>(&case)
}

#[test]
fn owned_text_follows_the_same_law() -> Result<()> {
    let stored = ["a", "m", "z"].map(str::to_owned).into();
    let ends = [String::new(), "b".to_owned(), "m".repeat(MAX + 1)].into();
    let case = Case::<String, String> {
        stored,
        probes: vec![],
        ends,
        arg: |key| key,
        order: Clone::clone,
        refusal: |key| refusal(key.as_bytes(), MAX),
    };
    holds::<String, String>(&case)
}
