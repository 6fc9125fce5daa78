//! Flushing directories, so that the names in them survive a power cut.
//!
//! It works by descriptors, never by path: a directory may have been moved since, or may not be reachable by name
//! any more.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat};
use nix::sys::stat::{FileStat, Mode, fstat, fstatat};
use nix::unistd::syncfs;

use crate::error::{Error, Result};
use crate::os::error::located;
use crate::os::paths::Directory;

/// Why names may not be on the disk.
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

/// A directory, opened to be flushed.
pub(crate) struct Names<'a> {
    path: &'a Path,
    /// `None` if it may not be read: then its whole file system is flushed through `file`.
    opened: Option<File>,
    file: &'a File,
}

impl<'a> Names<'a> {
    /// Opens `directory`, which errors name as `path`. `file` is any open file of the same file system.
    pub(crate) fn open(directory: &Directory, path: &'a Path, file: &'a File) -> Result<Self> {
        let opened = match directory.descriptor() {
            Some(held) => readable(held, ".").map_err(|error| located(error, path))?,
            // It could not be held before.
            None => match Directory::open(path)?.descriptor() {
                Some(held) => readable(held, ".").map_err(|error| located(error, path))?,
                None => None,
            },
        };
        Ok(Self { path, opened, file })
    }

    /// Makes the names in it durable.
    pub(crate) fn flush(&self) -> Result<()> {
        let flushed = match &self.opened {
            Some(directory) => directory.sync_all(),
            None => syncfs(self.file).map_err(io::Error::from),
        };
        flushed.map_err(|error| located(error, self.path))
    }
}

/// Makes the names in `directory` durable, and the directory's own, and those of all directories above it on its
/// file system. `path` and `file` are as in [`Names::open`].
pub(crate) fn flush_with_all_above(directory: &Directory, path: &Path, file: &File) -> Result<(), Unflushed> {
    let lowest = Names::open(directory, path, file).map_err(Unflushed::Refused)?;
    lowest.flush().map_err(Unflushed::Failed)?;
    // Without a readable directory, the whole file system was flushed.
    let Some(mut below) = lowest.opened else { return Ok(()) };
    let mut named = path.to_path_buf();
    loop {
        named.push("..");
        match above(&below) {
            Ok(Above::None) => return Ok(()),
            Ok(Above::Directory(opened)) => {
                opened.sync_all().map_err(|error| Unflushed::Failed(located(error, &named)))?;
                below = opened;
            }
            Ok(Above::Unreadable) => {
                return syncfs(file).map_err(|errno| Unflushed::Failed(located(errno.into(), path)));
            }
            Err(error) => return Err(Unflushed::Refused(located(error, &named))),
        }
    }
}

/// The directory above another one.
enum Above {
    Directory(File),
    /// It may not be read, and so cannot be flushed alone.
    Unreadable,
    /// There is none on this file system: the name of a mount point does not matter.
    None,
}

fn above(below: &File) -> io::Result<Above> {
    let found = match fstatat(below, "..", AtFlags::empty()) {
        Err(Errno::EACCES | Errno::EPERM) => return Ok(Above::Unreadable),
        found => found?,
    };
    let this = fstat(below)?;
    let id = |stat: &FileStat| (stat.st_dev, stat.st_ino);
    if found.st_dev != this.st_dev || id(&found) == id(&this) {
        return Ok(Above::None);
    }
    Ok(readable(below, "..")?.map_or(Above::Unreadable, Above::Directory))
}

/// Opens a directory for reading, if that is allowed.
fn readable(from: impl AsFd, name: &str) -> io::Result<Option<File>> {
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    match openat(from, name, flags, Mode::empty()) {
        Ok(opened) => Ok(Some(File::from(opened))),
        Err(Errno::EACCES | Errno::EPERM) => Ok(None),
        Err(errno) => Err(errno.into()),
    }
}
