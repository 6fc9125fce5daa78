//! Taking the lock files when an environment is opened, and checking that other processes that have it open use the
//! same ones.

use std::io;
use std::path::Path;

use crate::durability::Durability;
use crate::error::{Error, ErrorKind, Result};
use crate::lmdb::{Lmdb, LmdbLock};
use crate::os::{
    Directory, EnvPaths, FileMode, LockFile, OpenRecord, Presence, Unflushed, flush_failed, flush_with_all_above,
    is_held, located, open_regular,
};
use crate::state::Config;

/// The lock files that an opening holds before it opens the data file.
pub(crate) struct HeldLockFiles {
    /// `None` if the environment is read without lock files.
    pub lock: Option<LockFile>,
    pub presence: Presence,
    /// Kept open as long as LMDB, which is opened after it.
    pub lmdb_lock: Option<LmdbLock>,
}

/// Takes the lock files that are at their paths now. A lock file that another process has removed meanwhile, with its
/// environment, protects nothing. Waits while another process replaces the data file.
///
/// # Errors
/// `Busy` if other processes have the environment open by other lock files, because the lock files or the data file
/// were removed or replaced. `PermissionDenied` if the lock files cannot be written; the error names the file and the
/// options.
pub(crate) fn take_lock_files(
    paths: &EnvPaths,
    config: &Config,
    is_new: impl Fn() -> Result<bool>,
) -> Result<HeldLockFiles> {
    loop {
        if is_new()? {
            paths.create_directory(config.file_mode)?;
        }
        let lock = match LockFile::open(&paths.lock(), config.file_mode) {
            Ok(lock) => lock,
            Err(error) => return without_locks(config, error),
        };
        let presence = lock.enter()?;
        if !lock.is_at_path() {
            continue;
        }
        let lmdb_lock = match open_lmdb_lock(paths, presence, is_new()?, config.file_mode) {
            Ok(lmdb_lock) => Some(lmdb_lock),
            Err(error) if error.kind() == ErrorKind::PermissionDenied => return without_locks(config, error),
            Err(error) => return Err(error),
        };
        if presence == Presence::First {
            lock.reset_words();
        }
        lock.forget_namesake();
        return Ok(HeldLockFiles { lock: Some(lock), presence, lmdb_lock });
    }
}

/// No lock files, if the options allow that or the medium is read-only; else the error.
fn without_locks(config: &Config, error: Error) -> Result<HeldLockFiles> {
    if error.kind() != ErrorKind::PermissionDenied || !config.read_only {
        return Err(error);
    }
    if config.assume_immutable || is_of_medium(&error) {
        return Ok(HeldLockFiles { lock: None, presence: Presence::Shared, lmdb_lock: None });
    }
    let why = format!(
        "{}: a reader must be seen by writers, and needs write access to both lock files; allow that, or if nobody writes while \
         it is open, open with read_only(true) and assume_immutable(true)",
        error.what()
    );
    Err(Error::new(ErrorKind::PermissionDenied, why).taking_up(error))
}

/// Whether the error is that of a read-only medium.
fn is_of_medium(error: &Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|source| source.kind() == io::ErrorKind::ReadOnlyFilesystem)
}

/// Opens LMDB's lock file, after checking that processes that have the data file open use the same lock files.
fn open_lmdb_lock(paths: &EnvPaths, presence: Presence, is_new: bool, mode: FileMode) -> Result<LmdbLock> {
    let has_holder = !is_new && is_held(&open_regular(&paths.data())?, &paths.data())?;
    let (data, path) = (paths.data(), paths.lmdb_lock());
    let busy = |file: &Path, what: &str| {
        let why = format!("{} {what}; close the environment there first", file.display());
        Error::new(ErrorKind::Busy, why)
    };
    // If LMDB has the environment open in this process, opening and closing LMDB's lock file here would drop the locks
    // that LMDB holds on that file.
    if Lmdb::is_open(&paths.path) {
        let why = format!(
            "{} is open in this process by other means than mapleaf, or is just being closed; close it first",
            paths.path.display()
        );
        return Err(Error::new(ErrorKind::Busy, why));
    }
    if presence == Presence::First {
        if has_holder {
            let what = "is open in another process by other lock files: they were removed while it was open, or the file has \
                        another name there";
            return Err(busy(&data, what));
        }
        let lmdb_lock = LmdbLock::open(&path, Some(mode))?;
        if lmdb_lock.is_in_use()? && !lmdb_lock.is_whole()? {
            return Err(busy(&path, "was cut short while another program has the environment open"));
        }
        return Ok(lmdb_lock);
    }
    if !has_holder {
        return Err(busy(&data, "was removed or replaced while another process has the environment open"));
    }
    let in_use = match LmdbLock::open(&path, None) {
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        opened => Some(opened?),
    };
    match in_use {
        Some(lmdb_lock) if lmdb_lock.is_in_use()? && lmdb_lock.is_whole()? => Ok(lmdb_lock),
        _ => Err(busy(&path, "was removed, replaced or cut short while another process has the environment open")),
    }
}

/// Joins the processes that write. If the other processes only read, what earlier processes left is flushed first.
/// During that flush no lock is held, since a disk may take long and others may join. With `flushes_later` the caller
/// flushes.
pub(crate) fn join(paths: &EnvPaths, lock: &LockFile, durability: Durability, flushes_later: bool) -> Result<()> {
    loop {
        let left = if flushes_later || lock.has_writers()? { None } else { Some(lock.record()?) };
        if let Some(left) = &left {
            flush_what_was_left(paths, left.as_ref(), durability)?;
        }
        if lock.join(durability, |now| flushes_later || left.as_ref().is_some_and(|left| left.as_ref() == now))? {
            return Ok(());
        }
    }
}

/// Flushes what earlier processes left, if the other processes that have the environment open only read.
fn flush_what_was_left(paths: &EnvPaths, record: Option<&OpenRecord>, durability: Durability) -> Result<()> {
    if durability == Durability::Process || record.is_some_and(|record| !record.may_lack_names()) {
        return Ok(());
    }
    let file = open_regular(&paths.data())?;
    file.sync_data().map_err(|error| flush_failed(located(error, &paths.data())))?;
    let flushed = flush_with_all_above(&Directory::hold(paths), &paths.directory(), &file);
    flushed.map_err(|unflushed| match unflushed {
        Unflushed::Refused(error) => error,
        Unflushed::Failed(error) => flush_failed(error),
    })
}
