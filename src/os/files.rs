//! Files by their names: checks, removal, replacement, and temporary files. All of it is portable, through the standard
//! library; the other folders call only what is here.
//!
//! A name that was created, removed or replaced becomes durable when its directory is flushed
//! ([`names`](crate::os::names)): until then a power failure may undo it. Of two
//! such changes it may undo the earlier one alone.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// An open file. What opens one is in this module and in [`sys`](crate::os::sys); no other folder opens files by name.
pub(crate) use std::fs::File;

/// Whether something has this name: a file, a directory, or a link, also one that leads nowhere. `false` if the system
/// does not say.
pub(crate) fn is_name_taken(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// Whether a file or a directory is at `path`, following links. `false` if the system does not say.
pub(crate) fn is_there(path: &Path) -> bool {
    path.exists()
}

/// Whether a regular file is at `path`, following links. `false` if the system does not say.
pub(crate) fn is_file(path: &Path) -> bool {
    path.is_file()
}

/// Whether a directory is at `path`, following links. `false` if the system does not say.
pub(crate) fn is_directory(path: &Path) -> bool {
    path.is_dir()
}

/// Whether `path` itself is a symbolic link. `false` if the system does not say.
pub(crate) fn is_link(path: &Path) -> bool {
    path.is_symlink()
}

/// The absolute path without links and dots of what is at `path`.
pub(crate) fn resolve_links(path: &Path) -> io::Result<PathBuf> {
    fs::canonicalize(path)
}

/// Whether a directory has no entries.
pub(crate) fn is_empty_directory(path: &Path) -> io::Result<bool> {
    fs::read_dir(path).map(|mut entries| entries.next().is_none())
}

/// Removes a name of a file, or a link. The removal is durable when the directory is flushed.
pub(crate) fn remove_file(path: &Path) -> io::Result<()> {
    fs::remove_file(path)
}

/// Removes a file that nothing needs, as far as the system allows it: one that a failed call or a killed process
/// left. It is not flushed: if a power failure brings the file back, the next opening or call removes it again.
pub(crate) fn remove_leftover(path: &Path) {
    let _ = fs::remove_file(path);
}

/// Removes an empty directory. The removal is durable when the directory above is flushed.
pub(crate) fn remove_empty_directory(path: &Path) -> io::Result<()> {
    fs::remove_dir(path)
}

/// Gives the file `new` the name `old`, atomically: whoever opens `old` finds the old file or the new one, complete.
///
/// The caller flushes the content of `new` before, and the directory of `old` after. In this order a power failure
/// leaves the old file or the complete new one. Until the directory is flushed, either can be found after a failure,
/// so nothing may be reported as durable that only the new file has.
pub(crate) fn replace_file(new: &Path, old: &Path) -> io::Result<()> {
    fs::rename(new, old)
}

/// A file without a name in `directory`, for reading and writing. The system removes it when it is closed, however the
/// process ends.
pub(crate) fn temporary_file(directory: &Path) -> io::Result<File> {
    tempfile::tempfile_in(directory)
}

/// A directory that is removed with its content when this is dropped; a process that is killed leaves it.
pub(crate) struct TemporaryDirectory(TempDir);

impl TemporaryDirectory {
    /// Creates one, for its owner alone, in the [`parent`](Self::parent), with a name that begins with `prefix`.
    pub(crate) fn create(prefix: &str) -> io::Result<Self> {
        tempfile::Builder::new().prefix(prefix).tempdir().map(Self)
    }

    /// The directory for temporary files of the system.
    pub(crate) fn parent() -> PathBuf {
        std::env::temp_dir()
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }
}
