//! The records of sorted entries, in key order. They are prefetched, because the arena has them in the order in which
//! they were written.

use crate::write_set::arena::{Arena, Record};
use crate::write_set::block::Block;
use crate::write_set::entry::Entry;

/// How many records ahead a record is prefetched. Its lengths are prefetched twice as far ahead.
const AHEAD: usize = 12;

/// If records lie in sequence in the arena, and have at most this many bytes on average, they are not prefetched here:
/// the processor prefetches them itself.
const NEAR: usize = 512;

/// The records of all entries, in order.
pub(super) fn gather<'a>(arena: &'a Arena, blocks: &'a [Block]) -> impl Iterator<Item = Record<'a>> {
    blocks.iter().enumerate().flat_map(move |(at, block)| {
        let next = blocks.get(at + 1).map_or(&[][..], |next| &next[..]);
        let ahead = move |at: usize| block.get(at).or_else(|| next.get(at.wrapping_sub(block.len())));
        let is_scattered = is_scattered(block);
        block.iter().enumerate().map(move |(at, entry)| {
            if is_scattered {
                if let Some(farther) = ahead(at + 2 * AHEAD) {
                    arena.prefetch_header(farther.record);
                }
                if let Some(next) = ahead(at + AHEAD) {
                    arena.prefetch_record(next.record);
                }
            }
            arena.record(entry.record)
        })
    })
}

/// Whether the processor cannot predict where the next records are, so that they must be prefetched.
fn is_scattered(block: &[Entry]) -> bool {
    let ends = block.first().zip(block.last());
    let is_near = ends.is_some_and(|(first, last)| last.record.is_within(first.record, block.len() * NEAR));
    !(is_near && block.is_sorted_by_key(|entry| entry.record))
}
