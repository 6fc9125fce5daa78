//! Checks whether the files of an open environment still have their names. If not, other processes cannot find what
//! is committed here, or cannot see that this process reads and writes.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};

use crate::durability::Durability;
use crate::error::{Error, ErrorKind, Result};
use crate::os::{Directory, EnvPaths, File, LockFile, Names, Unflushed, coarse_milliseconds, flush_with_all_above};
use crate::state::files::Files;

const NONE: u8 = 0;
const DATA: u8 = 1;
const LOCK: u8 = 2;
const LMDB_LOCK: u8 = 3;

/// Commits that are not flushed check the names at most once in this many milliseconds: a check takes about as long as
/// such a commit.
const PERIOD: u64 = 10;

/// The losses found so far, and when the last check was.
pub(crate) struct FileWatch {
    directory: Directory,
    lost: AtomicU8,
    /// The time of the last check by a commit that does not check each time, in milliseconds.
    checked_at: AtomicU64,
    /// Whether the names of the files and of all parent directories were flushed: they do not change after that.
    flushed: AtomicBool,
}

/// What a check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    InPlace,
    /// LMDB's lock file has lost its name: other programs do not see the readers of this process.
    Unseen,
    /// Another file has lost its name.
    Lost,
}

impl FileWatch {
    pub(crate) fn of(paths: &EnvPaths) -> Self {
        Self {
            directory: Directory::hold(paths),
            lost: AtomicU8::new(NONE),
            checked_at: AtomicU64::new(0),
            flushed: AtomicBool::new(false),
        }
    }

    /// Makes durable the names of the files, of their directory and of all directories above it, unless that was done
    /// already. Also for a directory that existed: the process that created it may have been killed before it flushed
    /// its name.
    pub(crate) fn flush_names(
        &self,
        paths: &EnvPaths,
        file: impl FnOnce() -> Result<Arc<File>>,
    ) -> Result<(), Unflushed> {
        if self.flushed.load(Ordering::Acquire) {
            return Ok(());
        }
        let file = file().map_err(Unflushed::Refused)?;
        flush_with_all_above(&self.directory, &paths.directory(), &file)?;
        self.flushed.store(true, Ordering::Release);
        Ok(())
    }

    /// The directory of the files, opened for a flush; `file` is the data file.
    pub(crate) fn names<'a>(&self, path: &'a Path, file: &'a File) -> Result<Names<'a>> {
        Names::open(&self.directory, path, file)
    }

    /// Fails if a check found that a file has lost its name.
    pub(crate) fn check_in_place(&self, paths: &EnvPaths) -> Result<()> {
        match self.lost.load(Ordering::Relaxed) {
            NONE => Ok(()),
            DATA => Err(lost(&paths.data(), "what is committed now would be lost")),
            LOCK => Err(lost(&paths.lock(), "other processes are not kept out any more")),
            _ => Err(unseen(paths)),
        }
    }

    /// Whether a commit of this durability must check the names: each one if it is flushed, one from time to time if
    /// not.
    pub(crate) fn is_due(&self, durability: Durability) -> bool {
        if durability == Durability::Process {
            let now = coarse_milliseconds();
            if now.wrapping_sub(self.checked_at.load(Ordering::Relaxed)) < PERIOD {
                return false;
            }
            self.checked_at.store(now, Ordering::Relaxed);
        }
        true
    }

    /// Checks whether the files have their names and their length. Costs some system calls for each.
    pub(crate) fn check(&self, paths: &EnvPaths, files: &Files, lock: Option<&LockFile>) -> Found {
        let directory = &self.directory;
        let lost = if self.is_data_lost(paths, files) {
            // The data file is checked before the lock files: if it has lost its name, no other process can open it, so
            // a lost lock file does no harm.
            DATA
        } else if files.lmdb_lock.as_ref().is_some_and(|lock| lock.is_lost(directory)) {
            LMDB_LOCK
        } else if lock.is_some_and(|lock| lock.is_lost(directory)) {
            LOCK
        } else {
            return Found::InPlace;
        };
        let _ = self.lost.compare_exchange(NONE, lost, Ordering::Relaxed, Ordering::Relaxed);
        if lost == LMDB_LOCK { Found::Unseen } else { Found::Lost }
    }

    /// Whether the data file has lost its name, or is shorter than it was.
    fn is_data_lost(&self, paths: &EnvPaths, files: &Files) -> bool {
        // The known length is read before the present one. In the other order, a file that grows in between would look
        // as if it were cut short.
        let known = files.known_len();
        let length = self.directory.length_by_name(&paths.data(), &files.file, files.id);
        match length {
            Some(length) if length >= known => {
                files.note_len(length);
                false
            }
            _ => true,
        }
    }
}

/// The error of an environment whose readers are invisible to other processes.
#[cold]
pub(crate) fn unseen(paths: &EnvPaths) -> Error {
    let why = format!(
        "{} was removed, replaced or cut short while the environment is open: other programs do not see that this \
         process reads and writes; close the environment and open it again, and leave its lock files alone while it is open",
        paths.lmdb_lock().display()
    );
    Error::new(ErrorKind::NotFound, why)
}

fn lost(file: &Path, harm: &str) -> Error {
    let why = format!(
        "{} was removed, replaced or cut short while the environment is open: {harm}; nothing was written, save by copy_to \
         what was committed before, which can still be read, then close the environment and open it again",
        file.display()
    );
    Error::new(ErrorKind::NotFound, why)
}
