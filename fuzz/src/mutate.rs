//! Repairs what a random change breaks first, so that most inputs pass the checks of opening and reach the trees.

use crate::damage::PAGE;

const META_BYTES: usize = 152;

/// Turns `bytes` into whole pages with plausible meta pages, and numbers the pages in order. `choice` omits some
/// repairs.
pub fn mend(bytes: &mut [u8], choice: u32) {
    if bytes.len() < 2 * PAGE || choice.is_multiple_of(16) {
        return;
    }
    let last = (bytes.len() / PAGE - 1) as u64;
    for slot in 0..2 {
        let meta = &mut bytes[slot * PAGE..slot * PAGE + META_BYTES];
        put(meta, 0, &(slot as u64).to_le_bytes());
        put(meta, 8, &[0, 0, 8, 0]);
        put(meta, 16, &0xBEEF_C0DE_u32.to_le_bytes());
        put(meta, 20, &1_u32.to_le_bytes());
        put(meta, 24, &[0; 8]);
        put(meta, 40, &4096_u32.to_le_bytes());
        put(meta, 44, &8_u16.to_le_bytes());
        put(meta, 92, &0_u16.to_le_bytes());
        put(meta, 136, &last.to_le_bytes());
        // The ids are consecutive; the newer one stays the newer.
        let id = u64::from(meta[144]) & !1 | slot as u64;
        put(meta, 144, &(id + 2).to_le_bytes());
        for record in [40, 88] {
            limit(meta, record, last);
        }
    }
    let (zero, one) = (bytes[144], bytes[PAGE + 144]);
    if zero.abs_diff(one) != 1 {
        bytes[PAGE + 144] = zero + 1;
    }
    if choice % 16 < 12 {
        for (number, page) in bytes.chunks_exact_mut(PAGE).enumerate().skip(2) {
            // A page inside a large value has no header; this change damages it like any other.
            if page[10] < 8 && page[11] == 0 {
                put(page, 0, &(number as u64).to_le_bytes());
            }
        }
    }
}

/// Limits the pages in a tree's record to a file that ends with page `last`.
fn limit(meta: &mut [u8], record: usize, last: u64) {
    let word = |meta: &[u8], at: usize| u64::from_le_bytes(*meta[record + at..].first_chunk().expect("a record"));
    let root = word(meta, 40);
    if root == u64::MAX {
        put(meta, record + 6, &[0, 0]);
        return;
    }
    if root < 2 || root > last {
        put(meta, record + 40, &(2 + root % last.saturating_sub(1).max(1)).to_le_bytes());
    }
    let depth = meta[record + 6] % 33;
    put(meta, record + 6, &[depth.max(1), 0]);
    for count in [8, 16, 24] {
        let kept = word(meta, count).min(last);
        put(meta, record + count, &kept.to_le_bytes());
    }
}

fn put(bytes: &mut [u8], at: usize, new: &[u8]) {
    bytes[at..at + new.len()].copy_from_slice(new);
}
