//! The files of an open environment: the data file behind its gate, the lock files, and whether they are usable.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};

use crate::error::{Error, ErrorKind, Result};
use crate::lmdb::{Cause, Failure};
use crate::observe::Growing;
use crate::os::{EnvPaths, File, FileId, LockFile, Names, Unflushed};
use crate::state::config::Config;
use crate::state::file_watch::{FileWatch, Found, unseen};
use crate::state::files::{Files, Gate};
use crate::state::growth::{NotGrown, enlarge_to, grown_size, used_by_newest};
use crate::state::open_files::{hold_process, open_files_again};
use crate::state::status::Status;

/// The files of an open environment, and whether they may be used.
pub(crate) struct EnvFiles {
    pub(crate) paths: EnvPaths,
    pub(crate) config: Config,
    pub(crate) max_key: usize,
    pub(super) status: Status,
    /// Watches whether the files still have their names.
    watch: FileWatch,
    /// The openers' gate. It is taken shared to begin a pin, or to request something from LMDB that reads its map, and
    /// exclusively to change or replace the maps. It is never held while waiting for LMDB's write lock: a writer of
    /// another program would block snapshots.
    gate: RwLock<Option<Arc<Files>>>,
    pub(crate) lock: Option<LockFile>,
    /// Whether opening has completed: only then may closing mark the environment as clean.
    pub(crate) opened: AtomicBool,
}

impl EnvFiles {
    pub(crate) fn new(paths: EnvPaths, config: Config, files: Files, lock: Option<LockFile>) -> Self {
        Self {
            watch: FileWatch::of(&paths),
            paths,
            config,
            max_key: files.lmdb.max_key_size(),
            status: Status::open(),
            gate: RwLock::new(Some(Arc::new(files))),
            lock,
            opened: AtomicBool::new(false),
        }
    }

    /// Whether this process opened the environment; false in a forked child.
    pub(crate) fn is_own_process(&self) -> bool {
        self.status.is_own_process()
    }

    /// Whether `Core::close` has completed: the next caller that opens the file gets a new core.
    pub(crate) fn is_closed(&self) -> bool {
        self.status.is_closed()
    }

    /// Fails in a child that was forked from the process that opened the environment.
    pub(crate) fn check_not_forked(&self) -> Result<()> {
        self.status.check_not_forked()
    }

    /// Fails if the environment is closed, out of use after a fatal error, or inherited by a fork.
    pub(crate) fn check_usable(&self) -> Result<()> {
        self.status.check(|| unseen(&self.paths))
    }

    /// Puts the environment out of use until it is reopened.
    pub(crate) fn poison(&self) {
        self.status.poison();
    }

    /// Puts the environment out of use after a failed flush, and records the failure for other processes and for the
    /// next opening: the system may regard pages as written that are not.
    pub(crate) fn flush_failed(&self) {
        self.poison();
        if let Some(lock) = &self.lock {
            lock.note_failed_flush();
        }
    }

    /// The lock file, which every write needs.
    pub(crate) fn lock_file(&self) -> Result<&LockFile> {
        self.lock.as_ref().ok_or_else(|| {
            let why = format!(
                "{} cannot be written, so other processes cannot be kept out; open the environment where it can, or use copy_to",
                self.paths.lock().display()
            );
            Error::new(ErrorKind::Unsupported, why)
        })
    }

    /// Takes the openers' gate, shared, and returns the open files.
    pub(crate) fn files(&self) -> Result<Gate<'_>> {
        loop {
            self.check_usable()?;
            let files = self.gate.read().unwrap_or_else(PoisonError::into_inner);
            if files.is_some() {
                return Ok(Gate(files));
            }
            drop(files);
            self.reattach()?;
        }
    }

    /// Opens the files again, if [`open_again`](Self::open_again) could not after they were replaced.
    #[cold]
    fn reattach(&self) -> Result<()> {
        let mut gate = self.exclusive_gate();
        self.check_usable()?;
        if gate.is_none() {
            *gate = Some(Arc::new(self.open_again(None)?));
        }
        Ok(())
    }

    /// Opens the files again that were closed to replace them.
    pub(super) fn open_again(&self, page_size: Option<usize>) -> Result<Files> {
        open_files_again(&self.paths, &self.config, self.lock.as_ref(), page_size)
    }

    /// Takes the openers' gate exclusively.
    pub(super) fn exclusive_gate(&self) -> RwLockWriteGuard<'_, Option<Arc<Files>>> {
        self.gate.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Closes the files at the end of their owner, if they are open.
    pub(super) fn end(&mut self) {
        let files = self.gate.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if files.is_some() && !self.status.was().is_out_of_use() {
            drop(files);
            self.mark_clean();
        }
    }

    /// Records in the lock file that the last process closed the environment cleanly.
    pub(crate) fn mark_clean(&self) {
        if let Some(lock) = self.lock.as_ref()
            && !self.config.read_only
            && self.opened.load(Ordering::Acquire)
            && matches!(lock.try_exclusive(), Ok(true))
            && let Ok(Some(mut record)) = lock.record()
        {
            record.open = false;
            // If the record cannot be written, the environment counts as not closed cleanly, and the next opening
            // checks the file: slower, never wrong.
            let _ = lock.set_record(&record);
        }
    }

    /// Takes over LMDB's lock on the byte of this process's id, by which other processes see that its readers are
    /// alive.
    pub(crate) fn hold_process(&self) -> Result<()> {
        let files = Arc::clone(&*self.files()?);
        hold_process(&files, self.lock.as_ref())
    }

    /// Frees the reader slots of dead processes, and returns how many.
    pub(crate) fn clear_stale_readers(&self) -> Result<usize> {
        // The files are cloned, so that the openers' gate is not held below, where this thread may wait for another
        // process.
        let files = Arc::clone(&*self.files()?);
        match &self.lock {
            // While another process joins, the byte of its id is unlocked for a moment, and the process would count as
            // dead: its slots would be freed. So no process may join meanwhile.
            Some(lock) => lock.while_none_joins(|| files.lmdb.clear_stale_readers()),
            None => files.lmdb.clear_stale_readers(),
        }
    }

    /// Whether another mapleaf process is writing: one that has marked itself as writer and has the environment open.
    pub(crate) fn is_other_writing(&self) -> bool {
        let Some(writer) = self.lock.as_ref().and_then(LockFile::other_writer) else { return false };
        self.files().is_ok_and(|files| files.lmdb_lock.as_ref().is_some_and(|lock| lock.has_process(writer)))
    }

    /// Turns a failure to begin a transaction into an error. A fatal failure puts the environment out of use.
    pub(crate) fn begin_failed(&self, failure: Failure) -> Error {
        if failure.cause == Cause::Panic {
            self.poison();
        }
        if matches!(failure.error.kind(), ErrorKind::Corrupted | ErrorKind::Busy) {
            // In a truncated file, any failure to read may come from the truncation. So that is checked first, and
            // reported as the cause.
            self.check_files_now();
            if let Err(lost) = self.check_in_place() {
                return lost.caused_by(failure.error);
            }
        }
        match failure.cause {
            Cause::Io | Cause::Panic => failure.error.of_file(&self.paths.data()),
            _ => failure.error,
        }
    }

    /// Adopts the size that another process has given the file, in mapleaf and in LMDB. The caller holds the writer's
    /// lock and has no LMDB transaction.
    pub(crate) fn follow_growth_as_writer(&self) -> Result<()> {
        self.enlarge(used_by_newest)
    }

    /// Doubles the map. The caller holds the writer's lock and has no LMDB transaction.
    pub(crate) fn grow(&self) -> Result<()> {
        self.enlarge(|files| files.map.len() + 1)
    }

    /// As [`grow`](Self::grow), until the map has `bytes` at least.
    pub(crate) fn grow_to(&self, bytes: usize) -> Result<()> {
        self.enlarge(|_| bytes)
    }

    /// Makes the maps at least as large as `wanted` says, by doubling, within the maximum.
    fn enlarge(&self, wanted: impl FnOnce(&Files) -> usize) -> Result<()> {
        let mut gate = self.exclusive_gate();
        let Some(files) = gate.as_mut() else {
            return Err(Error::new(ErrorKind::Closed, "the environment was closed; open it again"));
        };
        let wanted = wanted(files);
        let size = grown_size(files, wanted, self.config.max_map_size)?;
        let observed = Growing::begin(files.map.len(), size);
        let enlarged = enlarge_to(files, size).map_err(|failure| match failure {
            NotGrown::Refused(error) => error,
            NotGrown::Fatal(error) => {
                self.poison();
                error.of_file(&self.paths.data())
            }
        });
        drop(gate);
        observed.end(&enlarged);
        enlarged
    }

    /// Makes the names of the files durable: see [`FileWatch::flush_names`].
    pub(crate) fn flush_names(&self) -> Result<(), Unflushed> {
        self.watch.flush_names(&self.paths, || Ok(self.files()?.flushed_file()))
    }

    /// The directory of the files, opened for a flush; `file` is the data file.
    pub(crate) fn names<'a>(&self, path: &'a Path, file: &'a File) -> Result<Names<'a>> {
        self.watch.names(path, file)
    }

    /// Fails if a check found that a file has lost its name.
    pub(crate) fn check_in_place(&self) -> Result<()> {
        self.watch.check_in_place(&self.paths)
    }

    /// Before a commit to `files`: checks the names, each time if the commit is flushed, from time to time if not, and
    /// fails as [`check_in_place`](Self::check_in_place).
    pub(crate) fn look_before_commit(&self, files: &Files) -> Result<()> {
        if self.watch.is_due(self.config.durability) {
            self.check_files(files);
        }
        self.check_in_place()
    }

    /// Checks whether the files have their names and their length. Costs some system calls for each.
    pub(crate) fn check_files(&self, files: &Files) {
        if self.watch.check(&self.paths, files, self.lock.as_ref()) == Found::Unseen {
            self.status.end_unseen();
        }
    }

    /// As [`check_files`](Self::check_files), but does nothing while the files are being replaced.
    pub(crate) fn check_files_now(&self) {
        if let Ok(gate) = self.gate.try_read()
            && let Some(files) = &*gate
        {
            self.check_files(files);
        }
    }

    /// The identity (device and inode) of the open data file.
    pub(crate) fn file_id(&self) -> Option<FileId> {
        let gate = self.gate.read().unwrap_or_else(PoisonError::into_inner);
        gate.as_ref().map(|files| files.id)
    }
}
