//! Opening the files: LMDB, mapleaf's map, and the locks that show that they are open.

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};
use crate::lmdb::{Lmdb, LmdbLock, LmdbOptions};
use crate::os::{DataLock, EnvPaths, FileInfo, LockFile, located, system_page_size};
use crate::page::{self, EnvMap};
use crate::state::config::Config;
use crate::state::files::Files;

/// The size of the first attempt: more than any system grants.
const LARGEST_MAP: usize = 1 << 48;
/// The least size to try: larger requests are halved down to this.
const SMALLEST_MAP: usize = 1 << 20;

/// How often to try to open the files again, and how long to wait between two tries.
const REOPENING_TRIES: u32 = 10;
const REOPENING_PAUSE: Duration = Duration::from_millis(5);

/// Opens LMDB and mapleaf's own map, with maps of the same size. Halves the size until the system grants both. Takes
/// the locks that show other processes that this one has the environment open; without LMDB's lock file, none.
pub(crate) fn open_files(
    paths: &EnvPaths,
    config: &Config,
    page_size: Option<usize>,
    mut lmdb_lock: Option<LmdbLock>,
) -> Result<Files> {
    let granule = page_size.unwrap_or_default().max(system_page_size());
    let mut size = config.map_size.min(LARGEST_MAP).div_ceil(granule) * granule;
    loop {
        match open_files_at(paths, config, size, &mut lmdb_lock) {
            Err(error) if size / 2 >= SMALLEST_MAP && is_out_of_space(&error) => {
                size = (size / 2).div_ceil(granule) * granule;
            }
            outcome => return outcome,
        }
    }
}

/// As [`open_files`], with maps of this size. Takes the value out of `lmdb_lock` if it succeeds.
fn open_files_at(
    paths: &EnvPaths,
    config: &Config,
    map_size: usize,
    lmdb_lock: &mut Option<LmdbLock>,
) -> Result<Files> {
    let options = LmdbOptions {
        map_size,
        // Twice as many handles as DBIs are allowed, since LMDB's handle of a DBI that another process drops stays open
        // here; and as many for the hidden DBIs of stores, which are not dropped.
        max_dbis: config.max_dbis.saturating_mul(3).saturating_add(2),
        max_readers: config.max_readers,
        durability: config.durability,
        read_only: config.read_only,
        single_file: config.single_file,
        lock_free: lmdb_lock.is_none() && config.assume_immutable,
    };
    let lmdb = Lmdb::open(&paths.path, &options).map_err(|error| match error.kind() {
        // LMDB's lock file was opened before, so the permission that is missing is that of the data file.
        ErrorKind::PermissionDenied => error.of_file(&paths.data()),
        _ => error.of_file(&paths.path),
    })?;
    let file = Arc::new(lmdb.file().map_err(|error| error.of_file(&paths.data()))?);
    let held = match lmdb_lock {
        Some(lmdb_lock) => {
            lmdb_lock.hold_open()?;
            Some(DataLock::hold(&paths.data(), &file)?)
        }
        None => None,
    };
    let meta = page::check_metas(&file, false).map_err(|error| error.of_file(&paths.data()))?;
    let meta = meta.ok_or_else(|| emptied(paths))?;
    // LMDB raises a map size that is below the size of the data. So mapleaf's map gets the size that LMDB has chosen,
    // not `map_size`.
    let map = EnvMap::new(&file, lmdb.map_size(), meta.page_size)?;
    let id = FileInfo::of(&file).map_err(|error| located(error, &paths.data()))?.id();
    Ok(Files::new(lmdb, map, (file, &paths.data()), id, lmdb_lock.take(), held))
}

fn is_out_of_space(error: &Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|io| io.kind() == io::ErrorKind::OutOfMemory)
}

pub(crate) fn emptied(paths: &EnvPaths) -> Error {
    let why = format!("{} was emptied while it was being opened; restore it from a copy", paths.data().display());
    Error::new(ErrorKind::NotFound, why)
}

/// Opens the files of an environment again whose lock file is open. Tries several times, since a shortage of memory or
/// descriptors may be short.
pub(crate) fn open_files_again(
    paths: &EnvPaths,
    config: &Config,
    lock: Option<&LockFile>,
    page_size: Option<usize>,
) -> Result<Files> {
    let mut tries = 0;
    loop {
        match try_open_again(paths, config, lock, page_size) {
            Err(_) if tries < REOPENING_TRIES => {
                tries += 1;
                thread::sleep(REOPENING_PAUSE);
            }
            outcome => return outcome,
        }
    }
}

fn try_open_again(
    paths: &EnvPaths,
    config: &Config,
    lock: Option<&LockFile>,
    page_size: Option<usize>,
) -> Result<Files> {
    let lmdb_lock = match lock {
        Some(_) => Some(LmdbLock::open(&paths.lmdb_lock(), Some(config.file_mode))?),
        None => None,
    };
    let files = open_files(paths, config, page_size, lmdb_lock)?;
    // LMDB locks the byte of this process's id when the process's first reader begins. So one begins here, before
    // `hold_process` takes over that lock.
    drop(files.lmdb.pin().map_err(|failure| failure.error)?);
    hold_process(&files, lock)?;
    Ok(files)
}

/// Takes over LMDB's lock on the byte of this process's id, by which other processes see that its readers are alive.
pub(crate) fn hold_process(files: &Files, lock: Option<&LockFile>) -> Result<()> {
    match (lock, &files.lmdb_lock) {
        (Some(lock), Some(lmdb_lock)) => lock.while_none_joins(|| lmdb_lock.hold_process()),
        _ => Ok(()),
    }
}
