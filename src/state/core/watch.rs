//! Checks whether the files of an open environment still have their names. If not, other processes cannot find what
//! is committed here, or cannot see that this process reads and writes.

use std::path::Path;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use crate::durability::Durability;
use crate::error::{Error, ErrorKind, Result};
use crate::os::{File, FileId, Names, Unflushed, coarse_milliseconds, flush_with_all_above};
use crate::state::core::{Core, UNSEEN};
use crate::state::file_watch::{DATA, LMDB_LOCK, LOCK, NONE};
use crate::state::files::Files;

/// Commits that are not flushed check the names at most once in this many milliseconds: a check takes about as long as
/// such a commit.
const PERIOD: u64 = 10;

impl Core {
    /// Makes durable the names of the files, of their directory and of all directories above it, unless that was done
    /// already. Also for a directory that existed: the process that created it may have been killed before it flushed
    /// its name.
    pub(crate) fn flush_names(&self) -> Result<(), Unflushed> {
        if self.watch.flushed.load(Ordering::Acquire) {
            return Ok(());
        }
        let file = self.files().map_err(Unflushed::Refused)?.flushed_file();
        flush_with_all_above(&self.watch.directory, &self.paths.directory(), &file)?;
        self.watch.flushed.store(true, Ordering::Release);
        Ok(())
    }

    /// The directory of the files, opened for a flush; `file` is the data file.
    pub(crate) fn names<'a>(&self, path: &'a Path, file: &'a File) -> Result<Names<'a>> {
        Names::open(&self.watch.directory, path, file)
    }

    /// Fails if a check found that a file has lost its name.
    pub(crate) fn check_in_place(&self) -> Result<()> {
        match self.watch.lost.load(Ordering::Relaxed) {
            NONE => Ok(()),
            DATA => Err(lost(&self.paths.data(), "what is committed now would be lost")),
            LOCK => Err(lost(&self.paths.lock(), "other processes are not kept out any more")),
            _ => Err(self.unseen()),
        }
    }

    /// Before a commit to `files`: checks the names, each time if the commit is flushed, from time to time if not, and
    /// fails as [`check_in_place`](Self::check_in_place).
    pub(crate) fn look_before_commit(&self, files: &Files) -> Result<()> {
        if self.config.durability == Durability::Process {
            let now = coarse_milliseconds();
            if now.wrapping_sub(self.watch.checked_at.load(Ordering::Relaxed)) < PERIOD {
                return self.check_in_place();
            }
            self.watch.checked_at.store(now, Ordering::Relaxed);
        }
        self.check_files(files);
        self.check_in_place()
    }

    /// Checks whether the files have their names and their length. Costs some system calls for each.
    pub(crate) fn check_files(&self, files: &Files) {
        let directory = &self.watch.directory;
        let lost = if self.is_data_lost(files) {
            // The data file is checked before the lock files: if it has lost its name, no other process can open it, so
            // a lost lock file does no harm.
            DATA
        } else if files.lmdb_lock.as_ref().is_some_and(|lock| lock.is_lost(directory)) {
            LMDB_LOCK
        } else if self.lock.as_ref().is_some_and(|lock| lock.is_lost(directory)) {
            LOCK
        } else {
            return;
        };
        let _ = self.watch.lost.compare_exchange(NONE, lost, Ordering::Relaxed, Ordering::Relaxed);
        if lost == LMDB_LOCK {
            self.end_as(UNSEEN);
        }
    }

    /// Whether the data file has lost its name, or is shorter than it was.
    fn is_data_lost(&self, files: &Files) -> bool {
        // The known length is read before the present one. In the other order, a file that grows in between would look
        // as if it were cut short.
        let known = files.known_len();
        let length = self.watch.directory.length_by_name(&self.paths.data(), &files.file, files.id);
        match length {
            Some(length) if length >= known => {
                files.note_len(length);
                false
            }
            _ => true,
        }
    }

    /// As [`check_files`](Self::check_files), but does nothing while the files are being replaced.
    pub(crate) fn check_files_now(&self) {
        if let Ok(gate) = self.files.try_read()
            && let Some(files) = &*gate
        {
            self.check_files(files);
        }
    }

    /// The identity (device and inode) of the open data file.
    pub(crate) fn file_id(&self) -> Option<FileId> {
        let gate = self.files.read().unwrap_or_else(PoisonError::into_inner);
        gate.as_ref().map(|files| files.id)
    }

    /// The error of an environment whose readers are invisible to other processes.
    pub(crate) fn unseen(&self) -> Error {
        let why = format!(
            "{} was removed, replaced or cut short while the environment is open: other programs do not see that this \
             process reads and writes; close the environment and open it again, and leave its lock files alone while it is open",
            self.paths.lmdb_lock().display()
        );
        Error::new(ErrorKind::NotFound, why)
    }
}

fn lost(file: &Path, harm: &str) -> Error {
    let why = format!(
        "{} was removed, replaced or cut short while the environment is open: {harm}; nothing was written, save by copy_to \
         what was committed before, which can still be read, then close the environment and open it again",
        file.display()
    );
    Error::new(ErrorKind::NotFound, why)
}
