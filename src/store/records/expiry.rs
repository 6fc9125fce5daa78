//! The keys of the expiry index: a deadline in eight bytes, big-endian, and the key of the record.

use crate::error::Result;
use crate::key::KeyBuf;
use crate::store::records::header::damaged;

/// The length of a deadline in bytes.
pub(crate) const DEADLINE: usize = 8;

/// The index key of a record.
pub(crate) fn index_key(deadline: u64, key: &[u8]) -> KeyBuf {
    let mut index_key = KeyBuf::new();
    index_key.extend_from_slice(&deadline.to_be_bytes());
    index_key.extend_from_slice(key);
    index_key
}

/// Where the deadlines end that have passed at `now`: such index keys are below it.
pub(crate) fn end(now: u64) -> [u8; DEADLINE] {
    now.saturating_add(1).to_be_bytes()
}

/// The deadline and the key of a record.
pub(crate) fn split(index_key: &[u8]) -> Result<(u64, &[u8])> {
    match index_key.split_first_chunk() {
        Some((deadline, key)) if !key.is_empty() => Ok((u64::from_be_bytes(*deadline), key)),
        _ => Err(damaged("a row of the expiry index has no key")),
    }
}
