//! Directories, by descriptor: one may have been moved since it was opened, or may not be reachable by name.

use std::ffi::OsStr;
use std::fs::{DirBuilder, File, OpenOptions, read_link};
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat};
use nix::libc;
use nix::sys::stat::{Mode, fstatat};

use crate::os::sys::linux::files::FileInfo;
use crate::os::sys::{FileMode, ParentDirectory};

/// A directory opened with `O_PATH`, which needs no permission to read.
pub(crate) struct DirectoryHandle(File);

impl DirectoryHandle {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let opened = OpenOptions::new().read(true).custom_flags(libc::O_PATH | libc::O_DIRECTORY).open(path);
        opened.map(Self)
    }

    /// Describes the file of this name in the directory, which may be a link. One system call.
    pub(crate) fn entry(&self, name: &OsStr) -> io::Result<FileInfo> {
        let found = fstatat(&self.0, Path::new(name), AtFlags::AT_SYMLINK_NOFOLLOW)?;
        Ok(FileInfo::of_stat(&found))
    }

    /// Opens the directory for reading; `None` if that is not allowed.
    pub(crate) fn readable(&self) -> io::Result<Option<File>> {
        readable(&self.0, ".")
    }

    /// A path that leads to the directory now; `None` if it was removed.
    pub(crate) fn path(&self) -> Option<PathBuf> {
        let path = read_link(format!("/proc/self/fd/{}", self.0.as_raw_fd())).ok()?;
        let ids = [FileInfo::at(&path), FileInfo::of(&self.0)].map(|found| found.ok().map(|info| info.id()));
        // The system appends a remark to the path of a removed directory. Such a path leads nowhere, or to another
        // directory, so compare what is there with the open directory.
        (ids[0].is_some() && ids[0] == ids[1]).then_some(path)
    }
}

pub(crate) fn create_directory(path: &Path, mode: FileMode) -> io::Result<()> {
    DirBuilder::new().mode(mode.of_directory()).create(path)
}

pub(crate) fn directory_above(below: &File) -> io::Result<ParentDirectory> {
    let found = match fstatat(below, "..", AtFlags::empty()) {
        Err(Errno::EACCES | Errno::EPERM) => return Ok(ParentDirectory::Unreadable),
        found => FileInfo::of_stat(&found?).id(),
    };
    let this = FileInfo::of(below)?.id();
    if !found.is_on_device_of(this) || found == this {
        return Ok(ParentDirectory::None);
    }
    Ok(readable(below, "..")?.map_or(ParentDirectory::Unreadable, ParentDirectory::Directory))
}

fn readable(from: impl AsFd, name: &str) -> io::Result<Option<File>> {
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    match openat(from, name, flags, Mode::empty()) {
        Ok(opened) => Ok(Some(File::from(opened))),
        Err(Errno::EACCES | Errno::EPERM) => Ok(None),
        Err(errno) => Err(errno.into()),
    }
}

pub(crate) fn flush_directory(directory: &File) -> io::Result<()> {
    directory.sync_all()
}
