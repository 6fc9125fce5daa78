//! Records of the free list: the number of pages, then their numbers, eight bytes each.

/// How many pages a record has that is `len` bytes long and begins with `head`; `None` where it is too short for them. A record may
/// be longer than necessary.
pub(crate) fn free_count(head: &[u8], len: usize) -> Option<u64> {
    let count = u64::from_le_bytes(*head.first_chunk()?);
    (count <= len.checked_sub(8)? as u64 / 8).then_some(count)
}
