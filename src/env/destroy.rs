//! Removes environments, and finds out whether one exists.

use std::io;
use std::path::Path;

use crate::env::compacted::remove_compacted;
use crate::env::handle::Env;
use crate::env::open::check_metas_at;
use crate::env::{beginning, registry};
use crate::error::{Error, ErrorKind, Result};
use crate::lmdb::{Lmdb, LmdbLock};
use crate::os::{
    Directory, EnvPaths, FileMode, LockFile, Names, is_directory, is_file, is_held, is_link, is_there, located,
    open_regular, parent, read_record, remove_empty_directory, remove_file, remove_leftover, resolve_links,
    system_page_size,
};
use crate::page;

impl Env {
    /// Removes the environment at `path`, a directory or a single file: data and lock files, also those that an
    /// interrupted removal left. Removes the directory too if it is then empty, no mount point, and may be removed.
    /// Succeeds if there is no environment. If `path` is a symbolic link to the directory, the directory is removed
    /// and the link stays.
    ///
    /// # Errors
    /// `Busy` while any mapleaf process has it open; `Corrupted` or `FormatVersion` for a file that mapleaf never had
    /// open and that is no database of LMDB 0.9; `InvalidArgument` if no environment can be at `path`; `Unsupported`
    /// for a symbolic link to a single file, whose lock files have another name; `PermissionDenied`, `Io`.
    ///
    /// ```
    /// # use mapleaf::Env;
    /// # fn main() -> mapleaf::Result<()> {
    /// # let dir = tempfile::tempdir().map_err(mapleaf::Error::other)?;
    /// # let path = dir.path().join("data");
    /// drop(Env::open(&path)?);
    /// assert!(Env::exists(&path)?);
    /// Env::destroy(&path)?;
    /// assert!(!Env::exists(&path)?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn destroy(path: impl AsRef<Path>) -> Result<()> {
        match destroy(path.as_ref()) {
            // Another process has removed the environment meanwhile, which is what the caller wants.
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            outcome => outcome.map_err(|error| error.during("destroy")),
        }
    }

    /// Whether there is a data file with bytes in it at `path`, a directory or a single file: if so,
    /// [`OpenMode::CreateNew`](crate::OpenMode::CreateNew) fails. Does not check that it is a database; opening does.
    /// A file whose creation a power failure interrupted does not count.
    ///
    /// # Errors
    /// `PermissionDenied`, `Io` if the system does not answer.
    pub fn exists(path: impl AsRef<Path>) -> Result<bool> {
        let paths = paths_of(path.as_ref());
        let metadata = paths.data_metadata().map_err(|error| error.during("exists"))?;
        let is_there = metadata.is_some_and(|metadata| metadata.is_file() && metadata.len() > 0);
        // A file that cannot be examined counts as existing.
        Ok(is_there && !beginning::is_cut_short(&paths).unwrap_or(false))
    }
}

fn paths_of(path: &Path) -> EnvPaths {
    let single_file = is_file(path);
    EnvPaths::new(path, single_file)
}

fn destroy(path: &Path) -> Result<()> {
    let mut paths = paths_of(path);
    if paths.single_file && is_link(path) {
        let why = format!("{} is a symbolic link to the data file; name the file itself", path.display());
        return Err(Error::new(ErrorKind::Unsupported, why));
    }
    // The directory is removed by its own path: a symbolic link to it, or a path that ends in a dot, does not name it.
    if let Ok(directory) = resolve_links(path) {
        paths.path = directory;
    }
    let Some(metadata) = paths.data_metadata()? else {
        // There is no data file, so the path decides which files may be left: those of a directory, or those of a
        // single file. An empty path counts as a single file, since it does not name the working directory.
        let single_file = !is_directory(&paths.path);
        return destroy_rest(&EnvPaths { single_file, ..paths });
    };
    let _reserved = registry::reserve(&paths, Some(metadata.id()));
    let Some(metadata) = paths.data_metadata()? else {
        return Ok(());
    };
    if let Some(core) = registry::find(metadata.id()) {
        let why = format!(
            "{} is open in this process; drop all handles and snapshots, or call Env::close first: {}",
            path.display(),
            registry::holders(&core)
        );
        return Err(Error::new(ErrorKind::Busy, why));
    }
    // If mapleaf's lock file is beside the data file, the data file belongs to an environment, and its content is not
    // checked: a damaged environment must be removable too.
    if metadata.len() > 0 && !is_there(&paths.lock()) {
        check_metas_at(&paths)?;
    }
    let busy = || {
        let why = format!("another process has {} open; close it there first", path.display());
        Error::new(ErrorKind::Busy, why)
    };
    let is_unlocked = !is_there(&paths.lock());
    // If another program has the environment open, the file stays. So this is checked before `LockFile::open` creates a
    // lock file beside it.
    if is_unlocked && is_open_elsewhere(&paths)? {
        return Err(busy());
    }
    let lock = LockFile::open(&paths.lock(), FileMode::OWNER_ALONE)?;
    if !lock.try_exclusive()? || !lock.is_at_path() {
        return Err(busy());
    }
    match is_open_elsewhere(&paths) {
        Ok(false) => remove(&paths, &lock),
        refused => {
            if is_unlocked {
                // The lock file was created above, and is removed again. No other process holds it: one that opened it
                // meanwhile waits for the lock held here, and then checks whether the lock file is still at its path.
                remove_leftover(&paths.lock());
            }
            Err(refused.err().unwrap_or_else(busy))
        }
    }
}

/// Removes the rest of an environment whose removal was interrupted after its data file, if the lock file is
/// mapleaf's and nobody has it open. A process that still has the environment open keeps the rest.
fn destroy_rest(paths: &EnvPaths) -> Result<()> {
    let record = open_regular(&paths.lock()).and_then(|file| read_record(&file, &paths.lock()));
    if !record.is_ok_and(|record| record.is_some_and(|record| !record.damaged)) {
        return Ok(());
    }
    let lock = LockFile::open(&paths.lock(), FileMode::OWNER_ALONE)?;
    if lock.try_exclusive()? && lock.is_at_path() && !is_open_elsewhere(paths)? && paths.data_metadata()?.is_none() {
        return remove(paths, &lock);
    }
    Ok(())
}

/// Whether another program has the environment open, or a process whose lock file was removed.
fn is_open_elsewhere(paths: &EnvPaths) -> Result<bool> {
    // Nobody can have a data file that is no regular file open as an environment, so it is not checked. It is removed
    // like the rest.
    if let Ok(data) = open_regular(&paths.data())
        && is_held(&data, &paths.data())?
    {
        return Ok(true);
    }
    if Lmdb::is_open(&paths.path) {
        return Ok(true);
    }
    match LmdbLock::open(&paths.lmdb_lock(), None) {
        Ok(lmdb_lock) => lmdb_lock.is_in_use(),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::InvalidArgument) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Why a directory may stay after the files of an environment were removed from it.
const STAYING: [io::ErrorKind; 4] = [
    io::ErrorKind::DirectoryNotEmpty,
    io::ErrorKind::ResourceBusy,
    io::ErrorKind::PermissionDenied,
    io::ErrorKind::ReadOnlyFilesystem,
];

fn remove(paths: &EnvPaths, lock: &LockFile) -> Result<()> {
    let directory = paths.directory();
    // The directories are opened before anything is removed: if one cannot be opened, the removal could not be flushed,
    // and nothing is removed.
    let held = Directory::open(&directory)?;
    let names = Names::open(&held, &directory, lock.file())?;
    let above = parent(&directory);
    let names_above = Names::open(&Directory::open(&above)?, &above, lock.file())?;
    let data = open_regular(&paths.data()).and_then(|data| page::check_metas(&data, false));
    remove_compacted(paths, data.ok().flatten().map_or_else(system_page_size, |meta| meta.page_size));
    // The data file is removed first: what an interrupted removal leaves then counts as a new environment.
    for file in [paths.data(), paths.lmdb_lock(), paths.lock()] {
        match remove_file(&file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(located(error, &file)),
            _ => {}
        }
    }
    if paths.single_file {
        return names.flush();
    }
    match remove_empty_directory(&paths.path) {
        Ok(()) => names_above.flush(),
        // It is no error if the directory stays, because it holds other files, is a mount point, or may not be removed.
        Err(error) if STAYING.contains(&error.kind()) => names.flush(),
        Err(error) => Err(located(error, &paths.path)),
    }
}
