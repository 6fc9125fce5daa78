//! The maximum length of a value.

use crate::error::{Error, ErrorKind, Result};

/// The maximum length of a value in bytes: 2 GiB less 64 KiB and a page header.
///
/// Linux writes at most 2 GiB less 4 KiB in one call, and a longer value makes LMDB's commit fail. A value of the
/// maximum length, with the page header of 16 bytes, fills whole pages of any size up to 64 KiB and stays below that
/// limit.
pub const MAX_VALUE_LEN: usize = 0x7fff_0000 - 16;

/// Returns the value, or the error if it is too long to be stored.
#[inline]
pub(super) fn checked(value: &[u8]) -> Result<&[u8]> {
    if value.len() > MAX_VALUE_LEN {
        return Err(too_large(value.len()));
    }
    Ok(value)
}

#[cold]
fn too_large(len: usize) -> Error {
    let message = format!("a value of {len} bytes is over the limit of {MAX_VALUE_LEN}; store it in parts");
    Error::new(ErrorKind::TooLarge, message)
}
