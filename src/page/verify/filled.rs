//! Checks whether the nodes of a page fill it.

use crate::error::Result;
use crate::page::fields::u16_at;
use crate::page::format::NODE_HEADER;
use crate::page::page_no::PageNo;

/// The error text for a duplicate that has more than a key.
pub(crate) const WITH_VALUE: &str = "a duplicate with a value";

/// The bytes that a node takes on its page.
#[inline]
pub(crate) fn node_bytes(key: usize, data: usize) -> usize {
    (NODE_HEADER + key + data).next_multiple_of(2)
}

/// Checks that nodes of `sizes` bytes in total exactly fill their space in the page `bytes`.
///
/// LMDB keeps the nodes of a page contiguous, up to the page's end. If the sizes exceed the space, two nodes overlap,
/// and deleting them would move the start of the nodes out of the page. If the sizes are less, some size was changed.
///
/// # Errors
/// `Corrupted`, naming page `number`, when they do not fill it.
pub(crate) fn filled(number: PageNo, bytes: &[u8], sizes: usize) -> Result<()> {
    let room = bytes.len().saturating_sub(usize::from(u16_at(bytes, 14)));
    if sizes == room {
        return Ok(());
    }
    Err(number.fault(format!("nodes of {sizes} bytes where there are {room}: they overlap or leave gaps")))
}
