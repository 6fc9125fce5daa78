//! Flushes directories, so that the names of files in them survive a power cut.
//!
//! Directories are flushed by descriptor, never by path: a directory may have been moved since, or may not be reachable
//! by name any more.

use std::fs::File;
use std::path::Path;

use crate::error::{Error, Result};
use crate::os::error::located;
use crate::os::paths::Directory;
use crate::os::sys::{ParentDirectory, directory_above, flush_directory, flush_file_system};

/// Why the names may not be on the disk.
#[derive(Debug)]
pub(crate) enum Unflushed {
    /// A directory could not be opened, and nothing was flushed. Trying again may work.
    Refused(Error),
    /// The disk failed.
    Failed(Error),
}

impl From<Unflushed> for Error {
    fn from(unflushed: Unflushed) -> Self {
        match unflushed {
            Unflushed::Refused(error) | Unflushed::Failed(error) => error,
        }
    }
}

/// A directory, opened for a flush.
pub(crate) struct Names<'a> {
    path: &'a Path,
    /// `None` if the directory may not be read: then its whole file system is flushed through `file`.
    opened: Option<File>,
    file: &'a File,
}

impl<'a> Names<'a> {
    /// Opens `directory`, which errors name as `path`. `file` is any open file of the same file system.
    pub(crate) fn open(directory: &Directory, path: &'a Path, file: &'a File) -> Result<Self> {
        let opened = match directory.handle() {
            Some(held) => held.readable().map_err(|error| located(error, path))?,
            // `directory` holds no descriptor, so open the directory by its path.
            None => match Directory::open(path)?.handle() {
                Some(held) => held.readable().map_err(|error| located(error, path))?,
                None => None,
            },
        };
        Ok(Self { path, opened, file })
    }

    /// Makes the names in the directory durable.
    pub(crate) fn flush(&self) -> Result<()> {
        let flushed = match &self.opened {
            Some(directory) => flush_directory(directory),
            None => flush_file_system(self.file),
        };
        flushed.map_err(|error| located(error, self.path))
    }
}

/// Makes durable the names in `directory`, its own name, and the names of all directories above it on its file system.
/// `path` and `file` are as in [`Names::open`].
pub(crate) fn flush_with_all_above(directory: &Directory, path: &Path, file: &File) -> Result<(), Unflushed> {
    let lowest = Names::open(directory, path, file).map_err(Unflushed::Refused)?;
    lowest.flush().map_err(Unflushed::Failed)?;
    // A directory without a descriptor may not be read, and was flushed with its whole file system. This includes the
    // directories above it.
    let Some(mut below) = lowest.opened else { return Ok(()) };
    let mut named = path.to_path_buf();
    loop {
        named.push("..");
        match directory_above(&below) {
            Ok(ParentDirectory::None) => return Ok(()),
            Ok(ParentDirectory::Directory(opened)) => {
                flush_directory(&opened).map_err(|error| Unflushed::Failed(located(error, &named)))?;
                below = opened;
            }
            Ok(ParentDirectory::Unreadable) => {
                return flush_file_system(file).map_err(|error| Unflushed::Failed(located(error, path)));
            }
            Err(error) => return Err(Unflushed::Refused(located(error, &named))),
        }
    }
}
