//! Opening: what is checked before the file is mapped, and what is flushed before an environment counts as created.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use crate::commit::{check_not_writing, session};
use crate::durability::Durability;
use crate::env::compacted::remove_compacted;
use crate::env::engine::Engine;
use crate::env::options::{DEFAULT_MAP_SIZE, EnvOptions, OpenMode, TEMPORARY_MAP_SIZE, Verify};
use crate::env::taking_locks::{self, HeldLockFiles};
use crate::env::{Env, beginning, registry};
use crate::error::{Error, ErrorKind, Result};
use crate::observe::Opening;
use crate::os::{
    self, EnvPaths, File, FileId, FileInfo, FileMode, LockFile, OpenRecord, Presence, TemporaryDirectory, Unflushed,
    check_regular, flush_failed, located, open_regular, system_page_size, write_anew,
};
use crate::page::{self, LmdbTxnId};
use crate::state::{Core, Drawn, Files, check_flags, emptied, open_files};

impl EnvOptions {
    /// Opens the environment at `path`, a directory. Creates it if it is missing, with all its parents.
    ///
    /// A second open in this process with equal options shares the first. Waits, however long that takes, while
    /// another process checks the file as its first opener, compacts or destroys it. Cost: reads the meta pages; a
    /// file that is shorter than its last page, or that was not closed before the machine went down, is checked as by
    /// [`Verify::Fast`](Verify::Fast).
    ///
    /// # Errors
    /// - `NotFound`: missing, with `MustExist` or `read_only`.
    /// - `AlreadyExists`: present, with `CreateNew`.
    /// - `InvalidArgument`: a file in place of a directory, or the reverse; a data or lock file that is a link or no
    ///   regular file; already open in this process with other options; `Process` while another process uses
    ///   `Immediate` or `Eventual`, or the reverse; sizes that make no sense.
    /// - `Corrupted`: no database, or a damaged one. Nothing is written to it.
    /// - `FormatVersion`: a file of LMDB 1.0 or of a newer mapleaf.
    /// - `Unsupported`: a main database with flags, or a read-only medium without `assume_immutable`.
    /// - `PermissionDenied`, `DiskFull`, `Io`: the system refuses.
    /// - `CommitOutcomeUnknown`: a flush failed; open again.
    /// - `Busy`: open in this process by other means than mapleaf; or open in another process with a data or lock
    ///   file that was since removed, replaced, moved or truncated, so that it cannot be recognized (retried for a
    ///   second); or another process was stopped while it was opening (after a wait of five seconds).
    /// - `ReadersFull`: live processes hold all reader slots.
    /// - `Nested`: the environment must be created, but the call is inside a transaction of this thread.
    /// - `Closed`: already open in the process that this one was forked from.
    ///
    /// ```
    /// # use mapleaf::{Durability, Env, OpenMode, Verify};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let dir = tempfile::tempdir().map_err(mapleaf::Error::other)?;
    /// # let path = dir.path().join("data");
    /// let options = Env::options().max_dbis(16).durability(Durability::Eventual);
    /// let env = options.clone().mode(OpenMode::CreateNew).open(&path)?;
    /// let same = options.verify(Verify::Fast).open(&path)?;
    /// assert_eq!(same.uuid(), env.uuid());
    /// # Ok(())
    /// # }
    /// ```
    pub fn open(&self, path: impl AsRef<Path>) -> Result<Env> {
        let paths = EnvPaths::new(path.as_ref(), self.config.single_file);
        let observed = Opening::begin(&paths.path);
        let opened = self.reserving(DEFAULT_MAP_SIZE).open_at(&paths, None).map_err(|error| error.during("open"));
        observed.end(&opened);
        opened
    }

    /// Creates an environment in a new temporary directory, which is removed with the last handle. Nothing is flushed
    /// to disk. The first reservation is 1 GiB, unless one is set or the maximum is smaller.
    ///
    /// # Errors
    /// As [`open`](Self::open), if the system refuses.
    pub fn temporary(&self) -> Result<Env> {
        let directory = TemporaryDirectory::create("mapleaf-");
        let directory = directory.map_err(|error| located(error, &TemporaryDirectory::parent()).during("temporary"))?;
        let mut options = self.reserving(TEMPORARY_MAP_SIZE);
        options.config.durability = Durability::Process;
        let paths = EnvPaths::new(&directory.path().join("env"), options.config.single_file);
        let observed = Opening::begin(&paths.path);
        let opened = options.open_at(&paths, Some(directory)).map_err(|error| error.during("temporary"));
        observed.end(&opened);
        opened
    }

    /// The options with their first reservation: the one that was set, else the default, up to the maximum.
    fn reserving(&self, default: usize) -> Self {
        let mut options = self.clone();
        options.config.map_size = self.map_size.unwrap_or(default.min(self.config.max_map_size));
        options
    }

    fn open_at(&self, paths: &EnvPaths, temporary: Option<TemporaryDirectory>) -> Result<Env> {
        self.config.check()?;
        let mut temporary = temporary;
        // The time for more tries is counted from the first refusal, and not from the call: the call may have waited
        // for another process before.
        let (mut refused, mut vanished) = (None, 0);
        loop {
            match self.try_open(paths, &mut temporary) {
                // Another process destroyed the environment after this call had found it. The next try creates it.
                Err(error) if error.kind() == ErrorKind::NotFound && self.creates() && vanished < MOST_VANISHED => {
                    vanished += 1;
                }
                // Another thread is just dropping the last handle, or another process is closing the environment. The
                // refusal will pass, so try again.
                Err(error) if may_pass(&error) && refused.get_or_insert_with(Instant::now).elapsed() < CLOSING => {
                    thread::sleep(CLOSING_PAUSE);
                }
                outcome => return outcome.map(Env::of),
            }
        }
    }

    fn creates(&self) -> bool {
        self.mode != OpenMode::MustExist && !self.config.read_only
    }

    fn try_open(&self, paths: &EnvPaths, temporary: &mut Option<TemporaryDirectory>) -> Result<Arc<Engine>> {
        self.is_new(paths)?;
        let reserved = registry::reserve(paths, file_id(paths)?);
        // Another thread may have created the environment while this one waited for the reservation.
        self.is_new(paths)?;
        if let Some(core) = file_id(paths)?.and_then(registry::find) {
            drop(reserved);
            let is_own = core.is_own_process();
            return self.share(core).map_err(|error| {
                // Another thread closed the core after this one had found it. `Busy` makes the caller try again, with a
                // new core.
                if is_own && error.kind() == ErrorKind::Closed {
                    return Error::new(ErrorKind::Busy, "the environment is just being closed; open it again");
                }
                error
            });
        }
        let engine = self.open_engine(paths, temporary).map_err(|error| open_elsewhere(paths, error))?;
        let file = FileInfo::of(&engine.files()?.file).map_err(|error| located(error, &paths.data()))?;
        registry::insert(&reserved, file.id(), engine.core());
        Ok(engine)
    }

    /// The engine over a core that already has the file open in this process, after the checks that this opening
    /// requires.
    fn share(&self, core: Arc<Core>) -> Result<Arc<Engine>> {
        core.check_usable()?;
        let differences = core.config.differences(&self.config);
        if !differences.is_empty() {
            let why = format!(
                "{} is open in this process with other options: {differences}; use the same, clone the open `Env`, or close \
                 it first: {}",
                core.paths.path.display(),
                registry::holders(&core)
            );
            return Err(Error::new(ErrorKind::InvalidArgument, why));
        }
        if let Some(level) = self.level() {
            let newest = core.pinned()?;
            let file = Arc::clone(&core.files()?.file);
            let checked = page::verify_snapshot(&file, newest.meta(), level).and_then(refuse_faults);
            checked.map_err(|error| error.of_file(&core.paths.data()))?;
        }
        Ok(registry::engine_over(core))
    }

    /// How much of the page graph must be checked in any case.
    fn level(&self) -> Option<page::VerifyLevel> {
        match self.verify {
            Verify::Full => Some(page::VerifyLevel::Full),
            Verify::Fast => Some(page::VerifyLevel::Fast),
            Verify::Meta => None,
        }
    }

    /// Whether there is no environment at `paths` yet. A file without bytes, or whose creation was interrupted,
    /// counts as none. Fails if the mode forbids it.
    fn is_new(&self, paths: &EnvPaths) -> Result<bool> {
        let existing = paths.data_metadata()?;
        check_regular(&paths.data())?;
        let is_new = match existing.map_or(0, |metadata| metadata.len()) {
            0 => true,
            len => len == 2 * system_page_size() as u64 && beginning::is_cut_short(paths)?,
        };
        if is_new && self.config.read_only {
            return Err(missing(paths, "read_only(true) creates none; open it for writing"));
        }
        if is_new && self.mode == OpenMode::MustExist {
            return Err(missing(paths, "OpenMode::MustExist creates none; open it with OpenOrCreate"));
        }
        if !is_new && self.mode == OpenMode::CreateNew {
            return Err(present(paths));
        }
        Ok(is_new)
    }

    fn open_engine(&self, paths: &EnvPaths, temporary: &mut Option<TemporaryDirectory>) -> Result<Arc<Engine>> {
        if !self.is_new(paths)? {
            // The data file is checked first, so that no lock file is created beside a file that is no database.
            check_metas_at(paths)?;
        } else if self.config.durability != Durability::Process {
            // A new environment gets its first commit while it is opened. Inside a transaction of this thread that
            // commit would be refused, and half an environment would remain.
            check_not_writing()?;
        }
        let mut held = taking_locks::take_lock_files(paths, &self.config, || self.is_new(paths))?;
        let is_temporary = temporary.is_some();
        let opened = self.open_with_locks(paths, &mut held, is_temporary);
        if let (Err(error), Some(lock)) = (&opened, &held.lock)
            && error.kind() == ErrorKind::CommitOutcomeUnknown
        {
            // A flush failed during the opening, so the system may regard pages as written that are not on the disk.
            // That is recorded, so that a later opening writes the file anew.
            lock.note_failed_flush();
        }
        let (files, found) = opened?;
        let is_new = matches!(found, Found::New);
        let first = held.presence == Presence::First;
        let engine = self.identify(paths, files, held.lock, temporary)?;
        let durable = !is_temporary && !self.config.read_only;
        let may_lack_names = match found {
            Found::New | Found::Unremembered => true,
            Found::Remembered(record) => record.may_lack_names(),
        };
        if durable && first && self.config.durability != Durability::Process && may_lack_names {
            make_durable(&engine, is_new)?;
        }
        if let Some(lock) = &engine.lock {
            if !self.config.read_only && lock.record()?.is_some_and(|record| record.flush_failed) {
                mend_flush(&engine, lock)?;
            }
            if first {
                share_with_others(&engine, lock)?;
            }
        }
        engine.opened.store(true, Ordering::Release);
        Ok(engine)
    }

    /// Opens the files of an environment whose lock files are held.
    fn open_with_locks(
        &self,
        paths: &EnvPaths,
        held: &mut HeldLockFiles,
        is_temporary: bool,
    ) -> Result<(Files, Found)> {
        let first = held.presence == Presence::First;
        // This is asked again now that the lock files are held: another process may have created or removed the
        // environment meanwhile.
        let is_new = self.is_new(paths)?;
        let checked = if is_new { None } else { Some(self.check(paths, held)) };
        let checked = checked.transpose().map_err(|error| error.of_file(&paths.data()))?;
        if !self.config.read_only
            && let Some(lock) = &held.lock
        {
            if is_new && first {
                // The lock file may record a failed flush of a data file that no longer exists. The new file has
                // nothing to do with it.
                lock.forget_failed_flush()?;
            }
            // In the first process, `join` need not flush what earlier processes left: that is flushed with what this
            // process has checked, before other processes are let in.
            taking_locks::join(paths, lock, self.config.durability, first || is_temporary)?;
            if !is_temporary {
                lock.sync().map_err(flush_failed)?;
            }
        }
        if is_new
            && first
            && let Some(lmdb_lock) = &held.lmdb_lock
        {
            beginning::remove_cut_short(paths, lmdb_lock)?;
        }
        if first && let Some(lmdb_lock) = &held.lmdb_lock {
            lmdb_lock.reserve(self.config.max_readers)?;
        }
        if is_new && self.config.file_mode != FileMode::OWNER_ALONE {
            create_data(&paths.data(), self.config.file_mode)?;
        }
        let page_size = checked.as_ref().map(|(meta, _)| meta.page_size);
        let files = open_files(paths, &self.config, page_size, held.lmdb_lock.take());
        if files.is_err() && is_new && first {
            beginning::remove_failed(paths);
        }
        let found = match checked {
            None => Found::New,
            Some((_, None)) => Found::Unremembered,
            Some((_, Some(record))) => Found::Remembered(record),
        };
        Ok((files?, found))
    }

    /// Checks the file by `pread`, which cannot raise a signal as a map can. Also returns the open record, if this
    /// process is alone.
    fn check(&self, paths: &EnvPaths, held: &HeldLockFiles) -> Result<(page::FileMeta, Option<OpenRecord>)> {
        let file = open_regular(&paths.data())?;
        let alone = held.presence == Presence::First;
        let meta = page::check_metas(&file, alone)?.ok_or_else(|| emptied(paths))?;
        let metadata = file.metadata().map_err(|error| located(error, &paths.data()))?;
        let ends_early = metadata.len() < meta.newest.last_page.end(meta.page_size as u64);
        let record = match &held.lock {
            Some(lock) => lock.record()?,
            None => None,
        };
        let record = record.filter(|_| alone);
        let mut level = self.level();
        if let Some(record) = &record {
            if ends_early || record.needs_check() {
                level = level.or(Some(page::VerifyLevel::Fast));
            }
        } else if ends_early {
            // A file may end before its last page, if that page was freed before it was ever written. Only reachable
            // pages must be in the file, so the check follows the tree.
            level = level.or(Some(page::VerifyLevel::Fast));
        }
        if let Some(level) = level {
            check_graph(&file, level, alone)?;
        }
        if !self.config.read_only
            && let Some(record) = &record
        {
            flush_again(paths, held, record, self.config.durability)?;
        }
        Ok((meta, record))
    }

    /// Reads the environment's identity, and fails for what this build cannot read correctly.
    fn identify(
        &self,
        paths: &EnvPaths,
        files: Files,
        lock: Option<LockFile>,
        temporary: &mut Option<TemporaryDirectory>,
    ) -> Result<Arc<Engine>> {
        let drawn = Drawn::new()?;
        let slow_reader = self.slow_reader.clone();
        let core = Core::new(paths.clone(), self.config.clone(), files, lock, temporary.take(), drawn, slow_reader);
        let probe = registry::engine_over(core);
        // LMDB locks the byte of this process's id when the process's first reader begins. So a state is pinned before
        // `hold_process` takes over that lock.
        match probe.pinned() {
            // All reader slots are taken, perhaps by processes that were killed. If slots of such processes were freed,
            // try again.
            Err(error) if error.kind() == ErrorKind::ReadersFull && probe.clear_stale_readers()? > 0 => {
                drop(probe.pinned()?);
            }
            pinned => drop(pinned?),
        }
        probe.hold_process()?;
        let newest = probe.pinned()?;
        check_flags(&newest.meta().main, "the main database")?;
        let sees_readers = probe.files()?.lmdb.slots().used > 0;
        if !sees_readers && !self.config.assume_immutable {
            let why = "the medium takes no lock file, so no writer could see this reader; \
                       open with assume_immutable(true) if nobody writes";
            return Err(Error::new(ErrorKind::Unsupported, why));
        }
        if let Some(identity) = newest.identity()? {
            probe.identity.set_uuid(identity.uuid);
        }
        newest.head()?;
        drop(newest);
        if !self.config.read_only {
            probe.clear_stale_readers()?;
        }
        Ok(probe)
    }
}

/// What an opening found.
enum Found {
    New,
    /// A file without an open record.
    Unremembered,
    Remembered(OpenRecord),
}

/// Gives a new environment its catalogue, by a first commit, and flushes the file. Then, for an existing environment
/// too, flushes the names of the files and of all directories above, since the process that created them may not have
/// done so. Without its name the file, with all later commits, could not be found after a power failure.
fn make_durable(engine: &Arc<Engine>, is_new: bool) -> Result<()> {
    let paths = &engine.paths;
    if is_new {
        session::write(engine.writer_access(), "open", session::create_catalog)?;
    }
    // An existing file is not flushed here. If it still needs a flush, the next commit does it.
    let synced = if is_new { engine.files()?.file.sync_all() } else { Ok(()) };
    let synced = synced.map_err(|error| Unflushed::Failed(located(error, &paths.data())));
    synced.and_then(|()| engine.flush_names()).map_err(|unflushed| unflushed_at(engine, unflushed))
}

/// The error for a flush that failed at opening. If the disk did not fail, the next opening tries again.
fn unflushed_at(engine: &Engine, unflushed: Unflushed) -> Error {
    match unflushed {
        Unflushed::Refused(error) => error,
        Unflushed::Failed(error) => {
            engine.flush_failed();
            flush_failed(error)
        }
    }
}

/// Rewrites the file after a failed flush, and flushes it and its names: the system may regard pages as written that
/// are not on the disk, and would not write these again. The caller is the only writer among all programs meanwhile, so
/// nobody else changes pages.
fn mend_flush(engine: &Arc<Engine>, lock: &LockFile) -> Result<()> {
    session::write(engine.writer_access(), "open", |_| {
        let paths = &engine.paths;
        let written = write_anew(&engine.files()?.file);
        let written = written.map_err(|error| Unflushed::Failed(located(error, &paths.data())));
        written.and_then(|()| engine.flush_names()).map_err(|unflushed| unflushed_at(engine, unflushed))?;
        // The record is cleared while this session keeps other writers out. Cleared later, it could be that of another
        // writer's flush that failed since.
        lock.forget_failed_flush()
    })
}

/// Lets other processes open the environment, after removing what an earlier process left.
fn share_with_others(engine: &Engine, lock: &LockFile) -> Result<()> {
    if !engine.config.read_only {
        // A compaction that was killed may have left its copy.
        remove_compacted(&engine.paths, engine.files()?.map.page_size());
    }
    lock.share()
}

/// Flushes commits of an earlier process that may not be on the disk.
///
/// The last commit may have failed during its flush, or its process may have been killed then. Whatever is read from
/// here on must be on the disk, so that a power failure can neither undo such a commit nor complete it.
fn flush_again(paths: &EnvPaths, held: &HeldLockFiles, record: &OpenRecord, durability: Durability) -> Result<()> {
    if record.needs_rewrite() {
        // After a failed flush the file must be written anew. `mend_flush` does so later, inside a write session: here,
        // programs that do not use mapleaf's locks may be writing.
        return Ok(());
    }
    if record.open && durability != Durability::Process {
        let flushed = open_regular(&paths.data())?.sync_data();
        flushed.map_err(|error| flush_failed(located(error, &paths.data())))?;
    }
    match &held.lock {
        // The machine was restarted since the flush failed. So the file's content comes from the disk, and was checked:
        // the record is not needed any more.
        Some(lock) if record.flush_failed => lock.forget_failed_flush(),
        _ => Ok(()),
    }
}

/// The error for an environment that is open in this process although no core has its file, worded so that the user
/// finds it.
fn open_elsewhere(paths: &EnvPaths, error: Error) -> Error {
    if error.kind() != ErrorKind::Busy || registry::find_at(paths).is_none() {
        return error;
    }
    let why = format!(
        "the environment that was at {} is still open in this process, and its data file was removed or replaced since; \
         drop its handles and snapshots first",
        paths.path.display()
    );
    Error::new(ErrorKind::Busy, why).caused_by(error)
}

/// Checks by reads alone that the existing data file is a database.
pub(crate) fn check_metas_at(paths: &EnvPaths) -> Result<()> {
    let checked = page::check_metas(&open_regular(&paths.data())?, false);
    checked.map(drop).map_err(|error| error.of_file(&paths.data()))
}

fn file_id(paths: &EnvPaths) -> Result<Option<FileId>> {
    Ok(paths.data_metadata()?.map(|found| found.id()))
}

/// Whether an opening that failed may succeed in a moment: while an earlier core of this process closes, its lock file
/// still holds the byte of the process's id, which LMDB takes for the byte of another process. An error that was
/// returned after a wait does not count.
fn may_pass(error: &Error) -> bool {
    let is = |kind| error.downcast_ref::<io::Error>().is_some_and(|io| io.kind() == kind);
    match error.kind() {
        ErrorKind::Busy => !is(io::ErrorKind::TimedOut),
        ErrorKind::Unsupported => is(io::ErrorKind::WouldBlock),
        _ => false,
    }
}

/// How long to wait for a closing core of this process.
const CLOSING: Duration = Duration::from_secs(1);
const CLOSING_PAUSE: Duration = Duration::from_millis(5);
/// How often an environment may vanish while it is opened.
const MOST_VANISHED: u32 = 4;

fn present(paths: &EnvPaths) -> Error {
    let why = format!(
        "{} exists already, and OpenMode::CreateNew opens none; open it with OpenOrCreate, or choose another path",
        paths.data().display()
    );
    Error::new(ErrorKind::AlreadyExists, why)
}

fn missing(paths: &EnvPaths, advice: &str) -> Error {
    let why = format!("there is no environment at {}, and {advice}, or mend the path", paths.path.display());
    Error::new(ErrorKind::NotFound, why)
}

/// Walks the page graph. While other processes write, the walk may see pages of two states, so its result counts only
/// if nothing was committed meanwhile.
fn check_graph(file: &File, level: page::VerifyLevel, alone: bool) -> Result<()> {
    for attempt in 0.. {
        let before = newest_id(file, alone)?;
        let report = page::verify(file, level)?;
        if report.is_clean() || newest_id(file, alone)? == before || attempt == MOVING_TRIES {
            return refuse_faults(report);
        }
    }
    Ok(())
}

fn refuse_faults(report: page::VerifyReport) -> Result<()> {
    let Some(fault) = report.faults.first() else {
        return Ok(());
    };
    // The message contains the whole report. So `Error::source` leaves the report out, and a program that prints the
    // chain of causes prints it once.
    let why = format!("the file is damaged: {report}; restore it from a copy");
    Err(Error::corrupted(fault.page, why).caused_by(report))
}

fn newest_id(file: &File, alone: bool) -> Result<Option<LmdbTxnId>> {
    Ok(page::check_metas(file, alone)?.map(|meta| meta.newest.txn_id))
}

const MOVING_TRIES: usize = 5;

/// Creates an empty data file with these permissions: LMDB makes an environment of it, and would create one for its
/// owner alone. A file that is there stays.
fn create_data(path: &Path, mode: FileMode) -> Result<()> {
    match os::create_new(path, mode) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(located(error, path)),
        _ => Ok(()),
    }
}

/// Creates `path` for writing, with access for its owner alone as LMDB does. Fails with `AlreadyExists` if it exists.
pub(crate) fn create_new(path: &Path) -> Result<File> {
    os::create_new(path, FileMode::OWNER_ALONE).map_err(|error| {
        if error.kind() == io::ErrorKind::AlreadyExists {
            Error::new(ErrorKind::AlreadyExists, format!("{} exists already; choose another path", path.display()))
        } else {
            located(error, path)
        }
    })
}
