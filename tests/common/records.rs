//! Finds the records of trees and of the free list in a data file, and changes them to false values.

const PAGE: usize = 4096;
/// The length of a tree's record in bytes.
const RECORD: u8 = 48;
/// The flag of a node whose value is a tree's record.
const TREE: u8 = 2;

/// A field of a tree's record: its offset and its length in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Field(usize, usize);

pub const DEPTH: Field = Field(6, 2);
pub const BRANCHES: Field = Field(8, 8);
pub const LEAVES: Field = Field(16, 8);
pub const OVERFLOW: Field = Field(24, 8);
pub const ENTRIES: Field = Field(32, 8);
pub const ROOT: Field = Field(40, 8);
pub const FIELDS: [Field; 6] = [DEPTH, BRANCHES, LEAVES, OVERFLOW, ENTRIES, ROOT];

impl Field {
    /// Writes the low bytes of `lie` to this field of the record at offset `record`.
    pub fn write(self, bytes: &mut [u8], record: usize, lie: u64) {
        let Field(at, width) = self;
        bytes[record + at..record + at + width].copy_from_slice(&lie.to_le_bytes()[..width]);
    }
}

/// Overwrites a field of the record of the named tree in every copy in the file, including old states. Returns the
/// number of copies.
pub fn patch(bytes: &mut [u8], name: &str, field: Field, lie: u64) -> usize {
    let records = values_of(bytes, name, RECORD, TREE);
    for record in &records {
        field.write(bytes, *record, lie);
    }
    records.len()
}

/// The offsets of all head records, which count commits and schema changes, including those of old states.
pub fn head_records(bytes: &[u8]) -> Vec<usize> {
    values_of(bytes, "__mapleaf_head", 24, 0)
}

/// The offsets of the values of all nodes with this key.
fn values_of(bytes: &[u8], key: &str, length: u8, flags: u8) -> Vec<usize> {
    let key_length = u8::try_from(key.len()).expect("a short key");
    let node = [&[length, 0, 0, 0, flags, 0, key_length, 0], key.as_bytes()].concat();
    let ends = (node.len()..=bytes.len() - usize::from(length)).filter(|&end| bytes[..end].ends_with(&node));
    ends.collect()
}

/// The offset of the record of the tree "free" or "main" in the newest meta page.
pub fn record_of(bytes: &[u8], tree: &str) -> usize {
    let meta = if u64_at(bytes, 144) > u64_at(bytes, PAGE + 144) { 0 } else { PAGE };
    meta + if tree == "free" { 40 } else { 88 }
}

/// The offsets of the counts in the records of the free list. The free list must be a single leaf.
pub fn free_counts(bytes: &[u8]) -> Vec<usize> {
    let root = u64_at(bytes, record_of(bytes, "free") + 40);
    let leaf = usize::try_from(root).expect("a page") * PAGE;
    let word = |at: usize| usize::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]));
    assert_eq!(word(leaf + 10) & 2, 2, "a leaf");
    let nodes = (leaf + 16..leaf + word(leaf + 12)).step_by(2).map(|slot| leaf + word(slot));
    let value = |node: usize| {
        let value = node + 8 + word(node + 6);
        // A long list has overflow pages of its own.
        let large = word(node + 4) & 1 == 1;
        if large { usize::try_from(u64_at(bytes, value)).expect("a page") * PAGE + 16 } else { value }
    };
    nodes.map(value).collect()
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(*bytes[at..].first_chunk().expect("inside the file"))
}
