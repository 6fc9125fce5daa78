//! Administration of an environment: flush, close, compact, destroy.

use std::io;
use std::path::Path;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use crate::commit::{
    Session, busy, check_not_writing, lock_writer, lock_writer_until, remove_leftovers, write_as_writer,
};
use crate::durability::Durability;
use crate::env::compacted::remove_compacted;
use crate::env::copy::copy_state;
use crate::env::engine::Engine;
use crate::env::handle::Env;
use crate::env::open::check_metas_at;
use crate::env::{beginning, registry};
use crate::error::{Error, ErrorKind, Result};
use crate::lmdb::{Lmdb, LmdbLock};
use crate::observe::Compacting;
use crate::os::{
    Directory, EnvPaths, File, FileInfo, FileMode, LockFile, Names, Unflushed, is_directory, is_file, is_held, is_link,
    is_name_taken, is_there, located, open_regular, parent, read_record, remove_empty_directory, remove_file,
    remove_leftover, replace_file, resolve_links, system_page_size,
};
use crate::page::{self, LmdbTxnId};
use crate::state::{Core, WriterState, WriterTurn};

/// Whether a copy omits free pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Compact {
    /// Omits them and writes pages in order: a smaller copy that takes longer.
    Yes,
    /// Copies pages as they are.
    No,
}

impl Env {
    /// Flushes all commits to disk. Needed with `Eventual` and `Process`, which do not do so on their own. When it
    /// returns, everything committed before the call survives a power failure. Blocks as long as the disk takes.
    ///
    /// After a flush that fails, the environment is out of use, as after a failed commit: the system may regard pages
    /// as written that are not, and a second flush would report success. The next opening checks the file and rewrites
    /// it.
    ///
    /// # Errors
    /// `CommitOutcomeUnknown` if the disk fails; `NotFound` if one of the files was removed, replaced, moved away or
    /// truncated; `Closed`, `ReadOnly`. With [`Durability::Process`] the first `sync` also flushes the names of the
    /// files, and fails with `Io` if one of the directories cannot be opened: the environment stays usable, and
    /// `sync` may be called again.
    ///
    /// ```
    /// # use mapleaf::{Dbi, Durability, Env};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let dir = tempfile::tempdir().map_err(mapleaf::Error::other)?;
    /// let env = Env::options().durability(Durability::Eventual).open(dir.path())?;
    /// let ages: Dbi<&str, u32> = env.dbi("ages")?;
    /// for age in 0..3 {
    ///     env.transact(|txn| ages.put(txn, "ann", age))?;
    /// }
    /// env.sync()?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("flush", "force_sync"))]
    pub fn sync(&self) -> Result<()> {
        if self.engine.config.read_only {
            return Err(Error::new(
                ErrorKind::ReadOnly,
                "the environment was opened read-only and has nothing to flush; call it where it is written",
            )
            .during("sync"));
        }
        flush(&self.engine).map_err(|error| error.during("sync"))
    }

    /// Frees the reader slots of dead processes, and returns how many. Every opening does so too, unless it is
    /// `read_only`. Needed by long-running programs that share the environment with processes that get killed.
    /// O(slots).
    ///
    /// # Errors
    /// `Closed`, `Io`.
    pub fn clear_stale_readers(&self) -> Result<usize> {
        self.engine.clear_stale_readers().map_err(|error| error.during("clear_stale_readers"))
    }

    /// Closes the environment at once. Every clone of this `Env` and every `Dbi` returns `Closed` afterwards. Waits
    /// for a running write transaction. Dropping the last handle closes as well. Closing twice is allowed. Does not
    /// flush commits.
    ///
    /// # Errors
    /// `Busy` while snapshots, scans or copies of this process live; `Nested` inside a transaction; `Closed` in a
    /// forked child.
    ///
    /// ```
    /// # use mapleaf::{Env, ErrorKind};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let dir = tempfile::tempdir().map_err(mapleaf::Error::other)?;
    /// let env = Env::open(dir.path())?;
    /// let snap = env.snapshot()?;
    /// assert_eq!(env.close().map_err(|error| error.kind()), Err(ErrorKind::Busy));
    /// drop(snap);
    /// env.close()?;
    /// assert_eq!(env.snapshot().map_err(|error| error.kind()).err(), Some(ErrorKind::Closed));
    /// # Ok(())
    /// # }
    /// ```
    pub fn close(&self) -> Result<()> {
        // In a forked child, `lock_writer` could wait forever, since a thread of the parent may have held the writer's
        // lock at the fork. So a fork is refused first.
        self.engine.check_not_forked().and_then(|()| check_not_writing()).map_err(|error| error.during("close"))?;
        let mut writer = lock_writer(self.engine.writer_access());
        // The reservation keeps other threads from opening the file meanwhile: they would share a core that is closing.
        let _reserved = registry::reserve(&self.engine.paths, self.engine.file_id());
        // The writer's state refers to the open files too, so it is dropped before they are closed.
        *writer.state() = WriterState::default();
        self.engine.close().map_err(|error| error.during("close"))
    }

    /// Rewrites the file without free pages and with pages in order, and replaces the old one atomically and durably.
    /// Needs the disk space of both for a while. Keeps the transaction counts and the UUID.
    ///
    /// Transactions wait until it has ended. Snapshots can be taken except at two moments, before the copy is made and
    /// after it, when none may live. New snapshots are then held back, for at most a tenth of a second each time, and
    /// existing ones are waited for, and a running transaction before, ten seconds in all.
    /// [`compact_timeout`](Self::compact_timeout) takes another limit.
    ///
    /// # Errors
    /// `Busy` if a transaction runs, or snapshots, scans or copies of this process live, for longer than that; if
    /// another process or program has the environment open, or if another program wrote to it meanwhile; `Nested`
    /// inside a transaction; `Unsupported` without a lock file, or for a file with other names (links), which would
    /// keep the old one; `NotFound` if one of the files was removed, moved or truncated; `AlreadyExists` if the new
    /// file's name, `data.mdb-compact`, belongs to a file that no compaction left; `Corrupted` for a damaged file;
    /// `ReadOnly`, `ReadersFull`, `DiskFull`, `Io`. After these the old file is still in use. `CommitOutcomeUnknown` if
    /// the new file is in place but its name could not be flushed.
    ///
    /// ```
    /// # use mapleaf::{Dbi, Env};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let rows: Dbi<u64, &[u8]> = env.dbi("rows")?;
    /// env.transact(|txn| rows.load(txn, (0..100).map(|n| (n, &[0; 5000][..]))))?;
    /// env.transact(|txn| rows.delete_range(txn, 10..))?;
    /// let before = env.info()?.file_size;
    /// env.compact()?;
    /// assert!(env.info()?.file_size < before);
    /// assert_eq!(rows.len(&env.snapshot()?)?, 10);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("vacuum", "defragment"))]
    pub fn compact(&self) -> Result<()> {
        compact(&self.engine, COMPACT_LIMIT).map_err(|error| error.during("compact"))
    }

    /// As [`compact`](Self::compact), but waits at most `limit` in all for running transactions and for snapshots to
    /// end; the time to make the copy does not count, nor does that of a commit that is under way. With
    /// [`Duration::ZERO`] it tries once.
    ///
    /// # Errors
    /// As [`compact`](Self::compact).
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use mapleaf::{Env, ErrorKind};
    /// # fn main() -> mapleaf::Result<()> {
    /// let env = Env::temporary()?;
    /// let snap = env.snapshot()?;
    /// let tried = env.compact_timeout(Duration::from_millis(20));
    /// assert_eq!(tried.map_err(|error| error.kind()), Err(ErrorKind::Busy));
    /// drop(snap);
    /// env.compact_timeout(Duration::from_secs(1))?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn compact_timeout(&self, limit: Duration) -> Result<()> {
        compact(&self.engine, limit).map_err(|error| error.during("compact_timeout"))
    }

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

/// How long `compact` waits in all: for a running transaction, and for snapshots to end.
const COMPACT_LIMIT: Duration = Duration::from_secs(10);

/// The end of a time limit. A limit that the clock cannot represent becomes a century.
fn deadline(began: Instant, limit: Duration) -> Instant {
    const CENTURY: Duration = Duration::from_hours(100 * 365 * 24);
    began + limit.min(CENTURY)
}

/// Flushes the data file without holding a lock that others wait for: meanwhile the map may grow and states may be
/// opened.
///
/// One flush at a time: the system reports a failed write once per open file, so the second of two simultaneous
/// flushes would report success.
fn flush(engine: &Core) -> Result<()> {
    let _alone = engine.flushing.lock().unwrap_or_else(PoisonError::into_inner);
    engine.check_usable()?;
    let files = Arc::clone(&*engine.files()?);
    engine.check_files(&files);
    engine.check_in_place()?;
    let file = files.flushed_file();
    // The reference to the files is dropped before the flush, which may take long: a thread that replaces the files
    // needs the only reference to them.
    drop(files);
    let flushed = file.sync_data().map_err(|error| Unflushed::Failed(located(error, &engine.paths.data())));
    let flushed = flushed.and_then(|()| {
        // With the other durabilities the files' names were flushed when the environment was opened.
        if engine.config.durability == Durability::Process { engine.flush_names() } else { Ok(()) }
    });
    flushed.map_err(|unflushed| {
        let error = match unflushed {
            Unflushed::Refused(error) => return error,
            Unflushed::Failed(error) => error,
        };
        engine.flush_failed();
        let why = format!(
            "the flush failed, and what was committed since the last one may not be on the disk: {}; close and reopen the \
             environment, which checks it and writes it anew",
            error.what()
        );
        Error::new(ErrorKind::CommitOutcomeUnknown, why).taking_up(error)
    })
}

fn compact(engine: &Arc<Engine>, limit: Duration) -> Result<()> {
    let length = || engine.files().and_then(|files| files.file_len()).unwrap_or(0);
    let observed = Compacting::begin(&engine.paths.path, length);
    let compacted = compact_unobserved(engine, limit);
    observed.end(&compacted, length);
    compacted
}

fn compact_unobserved(engine: &Arc<Engine>, limit: Duration) -> Result<()> {
    check_not_writing()?;
    engine.check_usable()?;
    engine.config.check_writable()?;
    let lock = engine.lock_file()?;
    // The writer's lock is taken before the presence lock is changed. Dropping a DBI changes the presence lock too, but
    // only with the writer's lock, so the two never change it at the same time.
    let began = Instant::now();
    let mut writer = lock_writer_until(engine.writer_access(), deadline(began, limit)).ok_or_else(|| busy(engine))?;
    let limit = limit.saturating_sub(began.elapsed());
    engine.check_usable()?;
    if !lock.try_exclusive()? {
        let (path, who) = (engine.paths.path.display(), others(engine));
        let why = format!("another process has {path} open{who}; close it there first");
        return Err(Error::new(ErrorKind::Busy, why));
    }
    // The presence lock is made shared again even if the compaction panics: otherwise other processes would wait for it
    // forever.
    let _exclusive = Exclusive(lock);
    compact_alone(engine, &mut writer, limit)
}

/// The known ids of other processes that have the environment open and read, in brackets.
fn others(engine: &Core) -> String {
    let files = engine.files().map(|files| files.lmdb_lock.clone());
    let Ok(Some(lmdb_lock)) = files else { return String::new() };
    let slots = lmdb_lock.slots().unwrap_or_default();
    let mut ids: Vec<u32> = slots.iter().map(|slot| slot.process).filter(|id| *id != std::process::id()).collect();
    ids.sort_unstable();
    ids.dedup();
    // The reader slots of a killed process stay in the table, so the ids of processes that no longer live are removed.
    ids.retain(|id| lmdb_lock.has_process(*id));
    if ids.is_empty() {
        return String::new();
    }
    let ids: Vec<_> = ids.iter().map(|id| format!("process {id}")).collect();
    format!(" ({})", ids.join(", "))
}

/// The presence lock, held exclusively. Dropping this turns it into a shared lock again.
struct Exclusive<'e>(&'e LockFile);

impl Drop for Exclusive<'_> {
    fn drop(&mut self) {
        // Turning an exclusive lock into a shared one waits for nobody. If it fails, the lock stays exclusive: other
        // processes are kept out, and nothing else is wrong.
        let _ = self.0.share();
    }
}

/// Replaces the file while no other process has it open. The caller holds the writer's lock.
fn compact_alone(core: &Arc<Core>, writer: &mut WriterTurn, limit: Duration) -> Result<()> {
    let file = Arc::clone(&core.files()?.file);
    let old = FileInfo::of(&file).map_err(|error| located(error, &core.paths.data()))?;
    drop(file);
    core.check_files(&Arc::clone(&*core.files()?));
    core.check_in_place()?;
    check_alone(core, &old)?;
    write_as_writer(writer, "compact", |session| drop_leftovers(core, session))?;
    let began = Instant::now();
    // If a snapshot outlives the time limit, the compaction fails here, before the copy is written.
    core.when_unread(deadline(began, limit), || Ok(()))?;
    let limit = limit.saturating_sub(began.elapsed());
    let staged = core.paths.compacted();
    remove_compacted(&core.paths, core.files()?.map.page_size());
    if is_name_taken(&staged) {
        let why = format!("{} is in the way of the compacted copy; move it elsewhere", staged.display());
        return Err(Error::new(ErrorKind::AlreadyExists, why));
    }
    let state = stage(core, &staged, &old)?;
    // The writer's state refers to the old file, by the open files and by LMDB's handles. So it is dropped before the
    // file is replaced.
    *writer.state() = WriterState::default();
    let replaced = put_in_place(core, &staged, &old, state, limit);
    if replaced.is_err() {
        remove_leftover(&staged);
    }
    replaced
}

/// Writes the compacted copy next to the file, and returns LMDB's id of the copied state. Only a program that does
/// not use mapleaf's locks can commit meanwhile.
fn stage(core: &Arc<Core>, staged: &Path, old: &FileInfo) -> Result<LmdbTxnId> {
    let state = core.pinned_as_writer()?;
    let source = Arc::clone(&core.files()?.file);
    copy_state(&state, &source, staged, Compact::Yes, old)?;
    if state.is_newest() {
        return Ok(state.lmdb_id());
    }
    remove_leftover(staged);
    Err(written_meanwhile())
}

fn written_meanwhile() -> Error {
    let why = "another program wrote to the file while it was compacted; close it there and retry";
    Error::new(ErrorKind::Busy, why)
}

/// Puts the copy in the file's place, at a moment when nobody reads.
fn put_in_place(core: &Arc<Core>, staged: &Path, old: &FileInfo, state: LmdbTxnId, limit: Duration) -> Result<()> {
    // The reservation keeps other threads of this process from opening the file meanwhile: they would open the file
    // that is being replaced.
    let reserved = registry::reserve(&core.paths, Some(old.id()));
    let replaced = core.when_unread(deadline(Instant::now(), limit), || {
        check_alone(core, old)?;
        let mut begun = false;
        let replaced = core.replace(|file| {
            begun = true;
            swap(core, file, staged, state)
        });
        // `when_unread` tries again after `Busy`, to wait for readers. An error of `swap` is not caused by readers, so
        // it is wrapped in `Ok`, which ends the tries.
        if begun { Ok(replaced) } else { replaced.map(Ok) }
    });
    // The registry must find the file that is open now. So it is updated after an error of `swap` too, which may come
    // after the rename.
    if let Ok(files) = core.files() {
        let new = FileInfo::of(&files.file).map_err(|error| located(error, &core.paths.data()))?;
        registry::remove(&reserved, old.id());
        registry::insert(&reserved, new.id(), core);
    }
    replaced?
}

/// Refuses to replace a file that has other names: these would keep the old file, and the two files would diverge.
fn check_alone(core: &Core, open: &FileInfo) -> Result<()> {
    let path = core.paths.data();
    let named = FileInfo::of_name(&path).map_err(|error| located(error, &path))?;
    if named.id() == open.id() && open.links() == 1 {
        return Ok(());
    }
    let why = format!("{} is not the only name of the open file; remove its links, or use copy_to", path.display());
    Err(Error::new(ErrorKind::Unsupported, why))
}

/// Drops the empty trees of DBIs that were dropped while other processes had handles on them.
fn drop_leftovers(core: &Core, session: &mut Session<'_>) -> Result<()> {
    let base = Arc::clone(session.base());
    let leftovers = base.leftovers()?;
    if leftovers.is_empty() {
        return Ok(());
    }
    remove_leftovers(session, &leftovers)?;
    core.dbis().set_leftovers(base.head()?.epoch, Vec::new());
    Ok(())
}

/// Moves the copy to the file's place. LMDB is closed in this process, and no other mapleaf process has the environment
/// open. A process that still has LMDB's lock file or the data file open is another program, or uses another
/// `mapleaf.lock`.
fn swap(core: &Core, old: &File, staged: &Path, state: LmdbTxnId) -> Result<()> {
    let paths = &core.paths;
    let open_elsewhere = || {
        let why = format!(
            "another program has {} open, or a process whose lock file was removed; close it there first",
            paths.path.display()
        );
        Error::new(ErrorKind::Busy, why)
    };
    let lmdb_lock = LmdbLock::open(&paths.lmdb_lock(), Some(core.config.file_mode))?;
    if !lmdb_lock.try_alone()? || is_held(old, &paths.data())? {
        return Err(open_elsewhere());
    }
    // Another program may have opened the file, committed to it and closed it since the copy was made. The copy lacks
    // that commit.
    if page::check_metas(old, false)?.is_none_or(|meta| meta.newest.txn_id != state) {
        return Err(written_meanwhile());
    }
    let directory = paths.directory();
    let names = core.names(&directory, old)?;
    // A program that waits for the lock on LMDB's lock file has that file open, with the transaction numbers of the old
    // data file, under which the new one reads as another state. LMDB refuses a lock file without a header, so the
    // header is cleared. That comes before the rename: if this process is killed in between, the old file stays, and
    // the next process that is alone writes the header again.
    lmdb_lock.clear()?;
    replace_file(staged, &paths.data()).map_err(|error| located(error, staged))?;
    names.flush().map_err(|error| {
        // The new file's name may not be on the disk. A power failure could bring the old file back, without later
        // commits, so the environment is put out of use.
        core.flush_failed();
        let why = format!(
            "the compacted file is in place, and its name could not be flushed: {}, so after a power cut the old one may be \
             there again; close and reopen the environment",
            error.what()
        );
        Error::new(ErrorKind::CommitOutcomeUnknown, why).taking_up(error)
    })
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
