//! The operating system's errors, typed.

use std::io;
use std::path::Path;

use crate::error::{Error, ErrorKind};

/// Turns an error of the operating system into a typed error, by its code.
pub(crate) fn io_error(error: &io::Error) -> Error {
    use io::ErrorKind as Os;
    match error.kind() {
        Os::StorageFull | Os::QuotaExceeded | Os::FileTooLarge => {
            let why =
                format!("{error}; make room on the disk, or raise the quota or the limit of file sizes, and retry");
            Error::new(ErrorKind::DiskFull, why)
        }
        Os::PermissionDenied | Os::ReadOnlyFilesystem => Error::new(
            ErrorKind::PermissionDenied,
            format!("the operating system does not allow it: {error}; check owner, mode and mount"),
        ),
        Os::NotFound => Error::new(ErrorKind::NotFound, format!("{error}; check the path")),
        _ => Error::new(ErrorKind::Io, format!("the operating system failed: {error}; see to its cause and retry")),
    }
}

/// The operating system's error, with the path.
pub(crate) fn located(error: io::Error, path: &Path) -> Error {
    let typed = io_error(&error);
    Error::new(typed.kind(), format!("{}: {}", path.display(), typed.message())).caused_by(error)
}

/// The error for a flush that failed before anything was changed.
pub(crate) fn flush_failed(error: Error) -> Error {
    let why = format!(
        "a flush failed, and what was written may not be on the disk: {}; open again, which checks the file and writes it anew",
        error.what()
    );
    Error::new(ErrorKind::CommitOutcomeUnknown, why).taking_up(error)
}
