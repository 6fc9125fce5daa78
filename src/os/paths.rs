//! Where an environment is stored: its files, their names and their creation.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::error::{Error, ErrorKind, Result};
use crate::os::error::located;
use crate::os::sys::{DirectoryHandle, FileId, FileInfo, FileMode, create_directory, open_read_only};

/// The paths of one environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EnvPaths {
    /// The path that the user named: the directory, or with `single_file` the data file.
    pub path: PathBuf,
    pub single_file: bool,
}

impl EnvPaths {
    /// The location that `path` means now, whatever the working directory is later.
    pub(crate) fn new(path: &Path, single_file: bool) -> Self {
        // `absolute` fails if the working directory was removed, and for an empty path. An empty path stays empty, and
        // `create_directory` refuses it.
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

    /// What the system knows about the data file, if it exists. A directory where the file should be is an error, and
    /// so is a file where the directory should be.
    pub(crate) fn data_metadata(&self) -> Result<Option<FileInfo>> {
        if self.path.as_os_str().as_encoded_bytes().contains(&0) {
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

    /// Creates the directory and those above it, for such files, and returns those that it created, the lowest one
    /// last. Their names become durable when they are flushed ([`names`](crate::os::names)).
    pub(crate) fn create_directory(&self, files: FileMode) -> Result<Vec<PathBuf>> {
        if self.path.as_os_str().is_empty() {
            // Refuse an empty path: the files' names, joined to it, would be names in the working directory.
            return Err(Error::new(
                ErrorKind::NotFound,
                "the path is empty; name a directory, or `.` for the working one",
            ));
        }
        let directory = self.directory();
        let (mut created, mut failed) = (Vec::new(), None);
        let mut wanted: Vec<&Path> = Vec::new();
        // Go upwards to the first directory that exists or can be created. Then create the missing ones below it,
        // downwards.
        for path in directory.ancestors().filter(|path| !path.as_os_str().is_empty()) {
            wanted.push(path);
            match create_one(path, files, &mut created) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => failed = Some(error),
                made => {
                    failed = made.err();
                    wanted.pop();
                    break;
                }
            }
        }
        let made = failed.map_or(Ok(()), Err);
        let made = made.and_then(|()| wanted.iter().rev().try_for_each(|path| create_one(path, files, &mut created)));
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
    metadata_of(path).and_then(|found| match found {
        Some(found) if found.is_link() => {
            let why = format!("{} is a symbolic link; name the file itself", path.display());
            Err(Error::new(ErrorKind::InvalidArgument, why))
        }
        Some(found) if !found.is_file() => {
            let why = format!("{} is not a regular file; name another path", path.display());
            Err(Error::new(ErrorKind::InvalidArgument, why))
        }
        _ => Ok(()),
    })
}

/// The directory of an open environment, by descriptor: it is found even if it was moved, and names in it can be
/// checked without its path.
pub(crate) struct Directory(Option<DirectoryHandle>);

impl Directory {
    /// The directory of `paths`. If it cannot be opened, checks of names use the files' link counts.
    pub(crate) fn hold(paths: &EnvPaths) -> Self {
        Self::open(&paths.directory()).unwrap_or(Self(None))
    }

    /// The directory at `path`, which need not be readable.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        DirectoryHandle::open(path).map(|opened| Self(Some(opened))).map_err(|error| located(error, path))
    }

    /// The handle of the directory, if it could be opened.
    pub(crate) fn handle(&self) -> Option<&DirectoryHandle> {
        self.0.as_ref()
    }

    /// The length of the open file `file`, if it still has the name at the end of `path`; `None` if that name was
    /// removed or given to another file. One system call.
    pub(crate) fn length_by_name(&self, path: &Path, file: &File, id: FileId) -> Option<u64> {
        match self.0.as_ref().zip(path.file_name()).map(|(directory, name)| directory.entry(name)) {
            Some(Ok(found)) => (found.id() == id).then_some(found.len()),
            Some(Err(error)) if error.kind() == io::ErrorKind::NotFound => None,
            // The directory is not open or may not be searched, so the name cannot be checked. The link count of the
            // open file still shows whether the file has any name.
            _ => FileInfo::of(file).map_or(Some(u64::MAX), |found| (found.links() > 0).then_some(found.len())),
        }
    }
}

/// The absolute path for `path` when the working directory was removed: it is found through the lowest directory of
/// the path that exists. If none exists, returns the path as it is.
fn absolute_by_descriptor(path: &Path) -> PathBuf {
    let there = |above: &Path| DirectoryHandle::open(above).ok()?.path();
    let resolved = path.ancestors().find_map(|above| Some((there(above)?, path.strip_prefix(above).ok()?)));
    resolved.map_or_else(|| path.to_path_buf(), |(there, rest)| there.join(rest))
}

/// Creates one directory, unless it exists, and adds it to `created`.
fn create_one(path: &Path, mode: FileMode, created: &mut Vec<PathBuf>) -> io::Result<()> {
    match create_directory(path, mode) {
        Ok(()) => created.push(path.to_path_buf()),
        // A dangling link is reported as existing too, and is accepted: the files will not be found in it.
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
    open_read_only(path).map_err(|error| located(error, path))
}

/// What has this name, which may be a link; `None` if nothing has.
fn metadata_of(path: &Path) -> Result<Option<FileInfo>> {
    match FileInfo::of_name(path) {
        Ok(found) => Ok(Some(found)),
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
