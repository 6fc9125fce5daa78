//! A block of records in a run. Its checksum covers the records and the block's number in the file.

use crate::error::{Error, ErrorKind, Result};

/// The header before the records: checksum (8 bytes), length of the records in bytes (4), number of records (4).
pub(super) const HEADER: usize = 16;

/// Writes the header of block `number`. `block` begins with space for the header, and the records follow.
pub(super) fn seal(block: &mut [u8], number: u64, records: u32) {
    let len = u32::try_from(block.len().saturating_sub(HEADER)).unwrap_or(u32::MAX);
    let Some((header, body)) = block.split_first_chunk_mut::<HEADER>() else { return };
    let (checksum, fields) = header.split_at_mut(8);
    fields[..4].copy_from_slice(&len.to_le_bytes());
    fields[4..].copy_from_slice(&records.to_le_bytes());
    checksum.copy_from_slice(&sum_of(number, fields, body).to_le_bytes());
}

/// Checks the bytes `read` from the file position of block `number`, and returns where its records end.
///
/// # Errors
/// `Corrupted` when this is not the block that was written there.
pub(super) fn open(read: &[u8], number: u64) -> Result<usize> {
    opened(read, number).ok_or_else(|| damaged("a block"))
}

fn opened(read: &[u8], number: u64) -> Option<usize> {
    let (header, body) = read.split_first_chunk::<HEADER>()?;
    let (checksum, fields) = header.split_first_chunk::<8>()?;
    let len = u32::from_le_bytes(*fields.first_chunk()?) as usize;
    let body = body.get(..len)?;
    (sum_of(number, fields, body) == u64::from_le_bytes(*checksum)).then_some(HEADER + len)
}

fn sum_of(number: u64, fields: &[u8], body: &[u8]) -> u64 {
    let fields = fields.first_chunk().map_or(0, |fields| u64::from_le_bytes(*fields));
    checksum(number ^ fields.rotate_left(32), body)
}

/// The error for a temporary file that does not hold what was written to it.
#[cold]
pub(super) fn damaged(what: &str) -> Error {
    let why = format!("{what} of the load's temporary file is not as it was written: the disk failed; load again");
    Error::new(ErrorKind::Corrupted, why)
}

const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;

/// A checksum of 64 bits. Each step is a bijection of its lane, so a difference within 8 bytes is always detected.
pub(super) fn checksum(seed: u64, bytes: &[u8]) -> u64 {
    let step = |lane: u64, word: &[u8; 8]| (lane ^ u64::from_le_bytes(*word)).wrapping_mul(FACTOR).rotate_left(29);
    let mut lanes = [seed, !seed, seed.rotate_left(17), bytes.len() as u64];
    let (words, rest) = bytes.as_chunks::<8>();
    let (groups, single) = words.as_chunks::<4>();
    for group in groups {
        for (lane, word) in lanes.iter_mut().zip(group) {
            *lane = step(*lane, word);
        }
    }
    for (lane, word) in lanes.iter_mut().zip(single) {
        *lane = step(*lane, word);
    }
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    lanes[3] = step(lanes[3], &last);
    lanes.into_iter().fold(seed, |sum, lane| {
        let mixed = (sum ^ lane).wrapping_mul(FACTOR);
        mixed ^ (mixed >> 31)
    })
}
