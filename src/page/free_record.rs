//! Records of the free list: the number of pages, then their numbers, eight bytes each.

/// The number of pages in a record of `len` bytes that begins with `head`; `None` if the record is too short for so
/// many. A record may be longer than necessary.
pub(crate) fn free_count(head: &[u8], len: usize) -> Option<u64> {
    let count = u64::from_le_bytes(*head.first_chunk()?);
    (count <= len.checked_sub(8)? as u64 / 8).then_some(count)
}
