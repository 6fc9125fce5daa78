//! The operating system's errors, typed.

use std::io;
use std::path::Path;

use crate::error::{Error, ErrorKind};

/// The typed error for the operating system's, by its number.
pub(crate) fn io_error(error: &io::Error) -> Error {
    use io::ErrorKind as Os;
    match error.kind() {
        Os::StorageFull | Os::QuotaExceeded => {
            Error::new(ErrorKind::DiskFull, "the disk is full; free some space and retry, nothing was changed")
        }
        Os::PermissionDenied | Os::ReadOnlyFilesystem => Error::new(
            ErrorKind::PermissionDenied,
            format!("the operating system does not allow it: {error}; check owner, mode and mount"),
        ),
        Os::NotFound => Error::new(ErrorKind::NotFound, format!("no such file or directory: {error}")),
        _ => Error::new(ErrorKind::Io, format!("the operating system failed: {error}")),
    }
}

/// The operating system's error, naming the path.
pub(crate) fn located(error: io::Error, path: &Path) -> Error {
    let typed = io_error(&error);
    Error::new(typed.kind(), format!("{}: {}", path.display(), typed.message())).caused_by(error)
}
