//! Errors of keys: bytes that are not a valid key, and values that cannot be a key.

use crate::error::{Error, ErrorKind};

/// The error for stored bytes of a `what` key that are wrong; `why` completes the sentence.
#[cold]
pub(super) fn malformed(what: &str, why: &str) -> Error {
    Error::new(
        ErrorKind::Decode,
        format!("the stored key is not a `{what}` key: {why}; open the DBI with the key type it was written with"),
    )
}

/// The error for stored bytes of a `what` key that end too early.
#[cold]
pub(super) fn truncated(what: &str) -> Error {
    malformed(what, "it ends too early")
}

/// The error for bytes after a complete `what` key.
#[cold]
pub(super) fn trailing(what: &str) -> Error {
    malformed(what, "bytes follow its end")
}

/// The error for empty text or bytes as a whole key.
#[cold]
pub(super) fn empty(what: &str) -> Error {
    Error::new(
        ErrorKind::InvalidKey,
        format!("LMDB has no empty key; store empty {what} as the element of a tuple, `({what},)`"),
    )
}
