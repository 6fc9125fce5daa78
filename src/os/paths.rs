//! Where an environment is stored: its files, their names and their creation.

use std::ffi::OsString;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::AtFlags;
use nix::libc;
use nix::sys::stat::fstatat;

use crate::error::{Error, ErrorKind, Result};
use crate::os::error::located;

/// The paths of one environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EnvPaths {
    /// The path that the user named: the directory, or with `single_file` the data file.
    pub path: PathBuf,
    pub single_file: bool,
}

/// Identifies a file, whatever its name: device and inode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct FileId {
    pub device: u64,
    pub inode: u64,
}

impl FileId {
    pub(crate) fn of(metadata: &Metadata) -> Self {
        Self { device: metadata.dev(), inode: metadata.ino() }
    }
}

impl EnvPaths {
    /// The location that `path` means now, whatever the working directory is later.
    pub(crate) fn new(path: &Path, single_file: bool) -> Self {
        // An empty path cannot be made absolute. Creating something there is refused.
        let path = std::path::absolute(path).unwrap_or_else(|_| absolute_by_descriptor(path));
        Self { path, single_file }
    }

    /// `data.mdb`, or the single file.
    pub(crate) fn data(&self) -> PathBuf {
        if self.single_file { self.path.clone() } else { self.path.join("data.mdb") }
    }

    /// LMDB's lock file.
    pub(crate) fn lmdb_lock(&self) -> PathBuf {
        if self.single_file { self.beside("-lock") } else { self.path.join("lock.mdb") }
    }

    /// mapleaf's lock file.
    pub(crate) fn lock(&self) -> PathBuf {
        if self.single_file { self.beside("-mapleaf.lock") } else { self.path.join("mapleaf.lock") }
    }

    /// Where a compacted copy is written before it replaces the data file.
    pub(crate) fn compacted(&self) -> PathBuf {
        if self.single_file { self.beside("-mapleaf.compact") } else { self.path.join("data.mdb-compact") }
    }

    /// The directory that the files are in.
    pub(crate) fn directory(&self) -> PathBuf {
        if self.single_file { parent(&self.path) } else { self.path.clone() }
    }

    fn beside(&self, suffix: &str) -> PathBuf {
        let mut name = OsString::from(self.path.as_os_str());
        name.push(suffix);
        PathBuf::from(name)
    }

    /// The data file's metadata, if it exists. A directory where the file should be is an error, and so is a file
    /// where the directory should be.
    pub(crate) fn data_metadata(&self) -> Result<Option<Metadata>> {
        if self.path.as_os_str().as_bytes().contains(&0) {
            return Err(self.misplaced("holds a NUL, which no path can; mend the path"));
        }
        match fs::metadata(&self.path) {
            Ok(metadata) if !self.single_file && !metadata.is_dir() => Err(self.misplaced(
                "is a file, and an environment is a directory; name a directory, or open with single_file(true)",
            )),
            Ok(metadata) if self.single_file && metadata.is_dir() => {
                Err(self.misplaced("is a directory, and single_file(true) names the data file; name a file in it, or leave single_file out"))
            }
            Ok(_) => metadata_of(&self.data()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
                Err(self.misplaced("leads through a file that is not a directory; mend the path"))
            }
            Err(error) => Err(located(error, &self.path)),
        }
    }

    fn misplaced(&self, what: &str) -> Error {
        Error::new(ErrorKind::InvalidArgument, format!("{} {what}", self.path.display()))
    }

    /// Creates the directory and those above it, and returns those that it created, the lowest one last. Their
    /// names become durable when they are flushed ([`names`](crate::os::names)).
    pub(crate) fn create_directory(&self) -> Result<Vec<PathBuf>> {
        if self.path.as_os_str().is_empty() {
            // Joined to an empty path, the names of the files would mean files in the working directory.
            return Err(Error::new(
                ErrorKind::NotFound,
                "the path is empty; name a directory, or `.` for the working one",
            ));
        }
        let directory = self.directory();
        let (mut created, mut failed) = (Vec::new(), None);
        let mut wanted: Vec<&Path> = Vec::new();
        // Up to the lowest existing directory, and down again.
        for path in directory.ancestors().filter(|path| !path.as_os_str().is_empty()) {
            wanted.push(path);
            match create_one(path, &mut created) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => failed = Some(error),
                made => {
                    failed = made.err();
                    wanted.pop();
                    break;
                }
            }
        }
        let made = failed.map_or(Ok(()), Err);
        let made = made.and_then(|()| wanted.iter().rev().try_for_each(|path| create_one(path, &mut created)));
        made.map_err(|error| {
            remove_empty(&created);
            located(error, &directory)
        })?;
        Ok(created)
    }
}

/// Refuses a link, a pipe and whatever else is not a regular file: opening it could change a file elsewhere, or
/// wait for ever. An absent file is accepted.
pub(crate) fn check_regular(path: &Path) -> Result<()> {
    metadata_of(path).and_then(|metadata| match metadata {
        Some(metadata) if metadata.is_symlink() => {
            let why = format!("{} is a symbolic link; name the file itself", path.display());
            Err(Error::new(ErrorKind::InvalidArgument, why))
        }
        Some(metadata) if !metadata.is_file() => {
            let why = format!("{} is not a regular file; name another path", path.display());
            Err(Error::new(ErrorKind::InvalidArgument, why))
        }
        _ => Ok(()),
    })
}

/// The directory of an open environment, wherever it was moved. Names in it can be checked without the path.
pub(crate) struct Directory(Option<OwnedFd>);

impl Directory {
    /// The directory of `place`. If it cannot be held, fewer checks are possible.
    pub(crate) fn hold(place: &EnvPaths) -> Self {
        Self::open(&place.directory()).unwrap_or(Self(None))
    }

    /// The directory at `path`, which need not be readable.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let opened = OpenOptions::new().read(true).custom_flags(HELD_DIRECTORY).open(path);
        Ok(Self(Some(opened.map_err(|error| located(error, path))?.into())))
    }

    /// Its descriptor, if it is held.
    pub(crate) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.0.as_ref().map(OwnedFd::as_fd)
    }

    /// The length of the open file `file`, if it still has the name at the end of `path`; `None` if that name was
    /// removed or given to another file. One system call.
    pub(crate) fn length_by_name(&self, path: &Path, file: &File, id: FileId) -> Option<u64> {
        let named = self
            .0
            .as_ref()
            .zip(path.file_name())
            .map(|(directory, name)| fstatat(directory, Path::new(name), AtFlags::AT_SYMLINK_NOFOLLOW));
        match named {
            Some(Ok(found)) => {
                let same = FileId { device: found.st_dev, inode: found.st_ino } == id;
                same.then(|| u64::try_from(found.st_size).unwrap_or(0))
            }
            Some(Err(Errno::ENOENT)) => None,
            // Without permission to look, the link count still tells whether any name is left.
            _ => file.metadata().map_or(Some(u64::MAX), |found| (found.nlink() > 0).then_some(found.len())),
        }
    }
}

/// A directory that is held, not read.
const HELD_DIRECTORY: i32 = libc::O_PATH | libc::O_DIRECTORY | libc::O_CLOEXEC;

/// The absolute path for `path` when the working directory was removed: found by the lowest directory of the path
/// that exists. If there is none, the path as it is.
fn absolute_by_descriptor(path: &Path) -> PathBuf {
    let there = |above: &Path| {
        let opened = OpenOptions::new().read(true).custom_flags(HELD_DIRECTORY).open(above).ok()?;
        let name = fs::read_link(format!("/proc/self/fd/{}", opened.as_raw_fd())).ok()?;
        let ids = [fs::metadata(&name), opened.metadata()].map(|found| found.as_ref().map(FileId::of).ok());
        // The name of a removed directory ends in a remark.
        (ids[0].is_some() && ids[0] == ids[1]).then_some(name)
    };
    let resolved = path.ancestors().find_map(|above| Some((there(above)?, path.strip_prefix(above).ok()?)));
    resolved.map_or_else(|| path.to_path_buf(), |(there, rest)| there.join(rest))
}

/// Creates one directory, unless it exists, and adds it to `created`.
fn create_one(path: &Path, created: &mut Vec<PathBuf>) -> io::Result<()> {
    match fs::DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => created.push(path.to_path_buf()),
        // A dangling link counts as existing: nothing will be found in it.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists || path.is_dir() => {}
        Err(error) => return Err(error),
    }
    Ok(())
}

/// Removes directories that were just created, the last one first, as far as they are empty.
pub(crate) fn remove_empty(created: &[PathBuf]) {
    let _ = created.iter().rev().try_for_each(fs::remove_dir);
}

/// Opens an existing regular file for reading, following no link.
pub(crate) fn open_regular(path: &Path) -> Result<File> {
    check_regular(path)?;
    let options =
        OpenOptions::new().read(true).custom_flags(libc::O_CLOEXEC | libc::O_NOFOLLOW | libc::O_NONBLOCK).open(path);
    options.map_err(|error| located(error, path))
}

/// The metadata of the file with this name, or of the link itself; `None` if there is none.
fn metadata_of(path: &Path) -> Result<Option<Metadata>> {
    match fs::symlink_metadata(path) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(located(error, path)),
    }
}

/// The parent directory; `.` for a bare name.
pub(crate) fn parent(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => PathBuf::from("."),
    }
}
