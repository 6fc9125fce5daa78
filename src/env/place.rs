//! Where an environment lies: its files, their creation and their durability.

use std::ffi::OsString;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::AtFlags;
use nix::libc;
use nix::sys::stat::fstatat;

use crate::env::data_lock::is_held;
use crate::env::os::located;
use crate::error::{Error, ErrorKind, Result};

/// The paths of one environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// What the user named: the directory, or with `single_file` the data file.
    pub path: PathBuf,
    pub single_file: bool,
}

/// A file, whatever its name: device and inode.
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

impl Place {
    /// The place that `path` means now, whatever the working directory is later.
    pub(crate) fn new(path: &Path, single_file: bool) -> Self {
        // What cannot be made absolute, an empty path, is refused when it is looked at.
        Self { path: std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf()), single_file }
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

    /// Where a compacted copy is written before it takes the data file's place.
    pub(crate) fn compacted(&self) -> PathBuf {
        if self.single_file { self.beside("-mapleaf.compact") } else { self.path.join("data.mdb-compact") }
    }

    /// Removes what a killed compaction left, if it is a file that nobody has open.
    pub(crate) fn remove_compacted(&self) {
        let path = self.compacted();
        if open_regular(&path).is_ok_and(|file| matches!(is_held(&file, &path), Ok(false))) {
            let _ = fs::remove_file(path);
        }
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

    /// The data file's metadata, if it exists. A directory in its place, or a file in the directory's, is an error.
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

    /// Creates the directory and those above it. Their names are durable with [`flush_names`](Self::flush_names).
    pub(crate) fn create_directory(&self) -> Result<()> {
        let directory = self.directory();
        match fs::DirBuilder::new().recursive(true).mode(0o700).create(&directory) {
            // A link that leads nowhere: nothing is found behind it.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            created => created.map_err(|error| located(error, &directory)),
        }
    }

    /// Makes the names of the files durable.
    pub(crate) fn sync_directory(&self) -> Result<()> {
        sync_directory(&self.directory())
    }

    /// Makes the names of the files durable, with those of the directory and of all above it. Whoever made a directory that
    /// was found may have been killed before it was flushed.
    pub(crate) fn flush_names(&self) -> Result<()> {
        flush_names(&self.directory())
    }
}

/// Refuses a link, a pipe, whatever is no regular file: opening it could change a file elsewhere, or wait for ever. What is
/// absent is fine.
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

/// The directory of an open environment, wherever it lies by now: what a name in it leads to can be told without the path.
pub(crate) struct Directory(Option<OwnedFd>);

impl Directory {
    /// The directory of `place`. Where it cannot be held, less is told.
    pub(crate) fn hold(place: &Place) -> Self {
        let flags = libc::O_PATH | libc::O_DIRECTORY | libc::O_CLOEXEC;
        Self(OpenOptions::new().read(true).custom_flags(flags).open(place.directory()).ok().map(OwnedFd::from))
    }

    /// The length of the open file `file`, if it still has the name that `path` ends in; `None` where that was removed, or
    /// given to another file. One system call.
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
            // Whoever may not look can still tell whether any name is left.
            _ => file.metadata().map_or(Some(u64::MAX), |found| (found.nlink() > 0).then_some(found.len())),
        }
    }
}

/// Opens an existing regular file for reading, following no link.
pub(crate) fn open_regular(path: &Path) -> Result<File> {
    check_regular(path)?;
    let options =
        OpenOptions::new().read(true).custom_flags(libc::O_CLOEXEC | libc::O_NOFOLLOW | libc::O_NONBLOCK).open(path);
    options.map_err(|error| located(error, path))
}

/// The metadata of what has this name, a link's own, if there is anything.
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

/// Flushes `directory` and all directories above it in its file system.
fn flush_names(directory: &Path) -> Result<()> {
    let lowest = fs::canonicalize(directory).map_err(|error| located(error, directory))?;
    let device = fs::metadata(&lowest).map_err(|error| located(error, &lowest))?.dev();
    sync_directory(&lowest)?;
    for above in lowest.ancestors().skip(1) {
        match fs::metadata(above) {
            Ok(metadata) if metadata.dev() == device => {}
            // The name of a mount point is of no account.
            _ => break,
        }
        match File::open(above) {
            Ok(opened) => opened.sync_all().map_err(|error| located(error, above))?,
            // Who may not read it cannot flush it alone.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return flush_file_system(&lowest),
            Err(error) => return Err(located(error, above)),
        }
    }
    Ok(())
}

/// Flushes all of the file system that `directory` is in.
fn flush_file_system(directory: &Path) -> Result<()> {
    let opened = File::open(directory).map_err(|error| located(error, directory))?;
    nix::unistd::syncfs(&opened).map_err(|error| located(error.into(), directory))
}

/// Flushes a directory, so that the names in it survive a power cut.
pub(crate) fn sync_directory(directory: &Path) -> Result<()> {
    let synced = File::open(directory).and_then(|file| file.sync_all());
    synced.map_err(|error| located(error, directory))
}
