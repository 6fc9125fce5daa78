//! Data files whose creation was interrupted by a power failure, or by a disk without space for both meta pages. LMDB
//! and the page reader would report them as damaged.

use crate::error::{ErrorKind, Result};
use crate::lmdb::LmdbLock;
use crate::os::{EnvPaths, located, open_regular, read_record, remove_file, remove_leftover, system_page_size};
use crate::page;

/// Whether the data file was being created when the power failed: the file has no more bytes than such a file, and
/// `mapleaf.lock` records an opening that did not complete. Without that record the file counts as damaged.
pub(crate) fn is_cut_short(paths: &EnvPaths) -> Result<bool> {
    if !page::is_beginning(&open_regular(&paths.data())?, system_page_size())? {
        return Ok(false);
    }
    match open_regular(&paths.lock()) {
        Ok(file) => Ok(read_record(&file, &paths.lock())?.is_some_and(|record| record.open && !record.damaged)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Removes a data file whose creation was interrupted, if there is one, so that LMDB creates it again. All other
/// programs are kept out meanwhile, because one of them may just have created the file.
pub(crate) fn remove_cut_short(paths: &EnvPaths, lmdb_lock: &LmdbLock) -> Result<()> {
    let is_there = paths.data_metadata()?.is_some_and(|metadata| metadata.len() > 0);
    if is_there && lmdb_lock.try_alone()? {
        if is_cut_short(paths)? {
            remove_file(&paths.data()).map_err(|error| located(error, &paths.data()))?;
        }
        lmdb_lock.release()?;
    }
    Ok(())
}

/// Removes a data file that this process failed to create, if its meta pages are incomplete. A file that another
/// program created meanwhile stays.
pub(crate) fn remove_failed(paths: &EnvPaths) {
    let checked = open_regular(&paths.data()).and_then(|file| page::check_metas(&file, false));
    if checked.is_err_and(|error| error.kind() == ErrorKind::Corrupted) {
        remove_leftover(&paths.data());
    }
}
