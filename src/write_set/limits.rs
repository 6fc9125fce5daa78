//! The limits of keys and values.

use crate::error::{Error, ErrorKind, Result};
use crate::value::MAX_VALUE_LEN;

/// Refuses a key that LMDB cannot hold.
#[inline]
pub(crate) fn check_key(key: &[u8], max: usize) -> Result<()> {
    if key.is_empty() || key.len() > max { Err(bad_key(key, max)) } else { Ok(()) }
}

/// Refuses a value that LMDB cannot write. The crate's value types refuse it too, but a user's own type need not.
pub(crate) fn check_value(len: usize) -> Result<()> {
    if len <= MAX_VALUE_LEN {
        return Ok(());
    }
    let why = format!("a value has at most {MAX_VALUE_LEN} bytes and this one has {len}; store it in parts");
    Err(Error::new(ErrorKind::TooLarge, why))
}

#[cold]
fn bad_key(key: &[u8], max: usize) -> Error {
    if key.is_empty() {
        return Error::new(ErrorKind::InvalidKey, "an empty key cannot be stored; put a tag before it");
    }
    let why = format!("a key has at most {max} bytes and this one has {}; shorten or hash it", key.len());
    Error::new(ErrorKind::TooLarge, why).at_key(key)
}
