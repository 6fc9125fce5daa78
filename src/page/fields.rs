//! Reads integers in pages, and headers of overflow runs.

use crate::error::Result;
use crate::page::format::{HEADER, flag};
use crate::page::page_no::PageNo;

/// The number of pages in an overflow run of `len` bytes; the whole run has one header.
pub(crate) fn overflow_pages(page_size: usize, len: usize) -> u64 {
    ((HEADER - 1 + len) / page_size + 1) as u64
}

/// The number of pages in the overflow run whose first page starts with `bytes`.
///
/// # Errors
/// `Corrupted` when this is not the header of overflow page `number`.
pub(crate) fn overflow_header(number: PageNo, bytes: &[u8]) -> Result<u64> {
    if bytes.len() < HEADER || PageNo(u64_at(bytes, 0)) != number || u16_at(bytes, 10) != flag::OVERFLOW {
        return Err(number.fault("not the overflow page that a value points to"));
    }
    Ok(u64::from(u32_at(bytes, 12)))
}

/// The integer at `at`; 0 when it is not inside `bytes`.
#[inline]
pub(crate) fn u16_at(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |field| u16::from_le_bytes(*field))
}

/// The integer at `at`; 0 when it is not inside `bytes`.
#[inline]
pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |field| u32::from_le_bytes(*field))
}

/// The integer at `at`; 0 when it is not inside `bytes`.
#[inline]
pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |field| u64::from_le_bytes(*field))
}
