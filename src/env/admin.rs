//! Keeping an environment: flush, close, compact, destroy.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use crate::commit::{Begin, Session, check_not_writing, lock_writer, write_as_writer};
use crate::durability::Durability;
use crate::env::compacted::remove_compacted;
use crate::env::copy::copy_state;
use crate::env::engine::Engine;
use crate::env::handle::Env;
use crate::env::open::check_metas_at;
use crate::env::{beginning, registry};
use crate::error::{Error, ErrorKind, Result};
use crate::lmdb::{Lmdb, LmdbLock};
use crate::os::{
    Directory, EnvPaths, FileId, LockFile, Names, Unflushed, is_held, located, open_regular, parent, read_record,
    system_page_size,
};
use crate::page::{self, LmdbTxnId};
use crate::state::{Core, WriterState};

/// Whether a copy leaves free pages out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Compact {
    /// Leaves them out and writes pages in order: smaller, slower to make.
    Yes,
    /// Copies pages as they lie.
    No,
}

impl Env {
    /// Flushes all commits to the disk, for the durabilities that do not by themselves: what was committed before the call
    /// survives a power cut when it returns. Blocks as long as the disk takes.
    ///
    /// A flush that fails puts the environment out of use, as a commit that fails does: the system may take pages for written
    /// that are not, and a second flush would say that all is well. The next opening checks the file and writes it anew.
    ///
    /// # Errors
    /// `CommitOutcomeUnknown` when the disk fails; `NotFound` when one of the files was removed, replaced, moved away or cut
    /// short; `Closed`, `ReadOnly`. With [`Durability::Process`] the first `sync` flushes the names of the files too, and is `Io`
    /// where one of the directories cannot be opened: the environment is in use as before, and `sync` may be called again.
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

    /// Frees the reader slots of processes that died; returns how many. Done at every opening too, unless it is
    /// `read_only`. Needed by programs that run for long beside others that are killed. O(slots).
    ///
    /// # Errors
    /// `Closed`, `Io`.
    pub fn clear_stale_readers(&self) -> Result<usize> {
        self.engine.clear_stale_readers().map_err(|error| error.during("clear_stale_readers"))
    }

    /// Closes the environment now, for all its handles: they are `Closed` from then on. Waits for a running write
    /// transaction. Dropping the last handle closes as well. Closing twice is fine. Commits are not flushed by it.
    ///
    /// # Errors
    /// `Busy` while snapshots, scans or copies of this process live; `Nested` inside a transaction; `Closed` in a forked
    /// child.
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
        // Another thread may have held the writer's mutex at a fork: in the child it is never given up.
        self.engine.check_not_forked().and_then(|()| check_not_writing()).map_err(|error| error.during("close"))?;
        let mut writer = lock_writer(self.engine.writers());
        // Whoever opens the file meanwhile would share an engine that is going.
        let _reserved = registry::reserve(&self.engine.place, self.engine.file_id());
        // It has hold of the files too.
        *writer = WriterState::default();
        self.engine.close().map_err(|error| error.during("close"))
    }

    /// Rewrites the file without free pages and with pages in order, and puts it in the old one's place, atomically and
    /// durably. Needs the disk space of both for a while. Transaction counts and the UUID stay.
    ///
    /// Transactions wait until it has ended. Snapshots do not, but for two moments, before the copy is made and after it, in
    /// which none may live: snapshots that come one after another are then held back, for a tenth of a second at the most
    /// each time, and those that live are waited for, ten seconds in all. [`compact_timeout`](Self::compact_timeout) takes
    /// another limit.
    ///
    /// # Errors
    /// `Busy` when snapshots, scans or copies of this process live for longer than that, when another process or program has
    /// the environment open, or when another program wrote to it meanwhile; `Nested` inside a transaction; `Unsupported`
    /// without a lock file, or for a file with other names (links), which would keep the old one; `NotFound` when one of the
    /// files was removed, moved or cut short; `AlreadyExists` when a file that no compaction left has the name of the new one,
    /// `data.mdb-compact`; `Corrupted` for a damaged file; `ReadOnly`, `ReadersFull`, `DiskFull`, `Io`. After these the old file is in use as before. `CommitOutcomeUnknown` when the new file is in place and its name could
    /// not be flushed.
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
    pub fn compact(&self) -> Result<()> {
        compact(&self.engine, COMPACT_LIMIT).map_err(|error| error.during("compact"))
    }

    /// As [`compact`](Self::compact), waiting no longer than `limit` in all for snapshots to end; making the copy does not
    /// count. With [`Duration::ZERO`] it is tried once.
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

    /// Removes the environment at `path`, a directory or a single file: data and lock files, and the directory if it is
    /// then empty, no mount point, and may be removed; also what a removal left that was cut short. An absent one is fine. By a symbolic link to its directory it is removed too; the link stays.
    ///
    /// # Errors
    /// `Busy` while it is open in any process of ours; `Corrupted` or `FormatVersion` for a file that mapleaf never had
    /// open and that is no database of LMDB 0.9; `InvalidArgument` where no environment can be; `Unsupported` for a
    /// symbolic link to a single file, whose lock files have another name; `PermissionDenied`, `Io`.
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
            // Another process was faster.
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            outcome => outcome.map_err(|error| error.during("destroy")),
        }
    }

    /// Whether there is a data file with bytes in it at `path`, a directory or a single file: what
    /// [`OpenMode::CreateNew`](crate::OpenMode::CreateNew) refuses. Whether it is a database is told by opening it; one whose
    /// creation a power cut ended is not there yet.
    ///
    /// # Errors
    /// `PermissionDenied`, `Io` when the system does not tell.
    pub fn exists(path: impl AsRef<Path>) -> Result<bool> {
        let place = place_of(path.as_ref());
        let metadata = place.data_metadata().map_err(|error| error.during("exists"))?;
        let is_there = metadata.is_some_and(|metadata| metadata.is_file() && metadata.len() > 0);
        // What cannot be looked into is there.
        Ok(is_there && !beginning::is_cut_short(&place).unwrap_or(false))
    }
}

fn place_of(path: &Path) -> EnvPaths {
    let single_file = fs::metadata(path).is_ok_and(|metadata| metadata.is_file());
    EnvPaths::new(path, single_file)
}

/// How long `compact` waits for snapshots.
const COMPACT_LIMIT: Duration = Duration::from_secs(10);

/// When a time limit is over. One beyond what the clock can count is none: a century.
fn deadline(began: Instant, limit: Duration) -> Instant {
    const CENTURY: Duration = Duration::from_hours(100 * 365 * 24);
    began + limit.min(CENTURY)
}

/// Flushes the data file, with no lock held that others wait for: the map may grow meanwhile, and states be opened.
///
/// One flush at a time: the system tells of a failed write once for each open file, so of two that flush it at once the second
/// would be told that all is well.
fn flush(engine: &Core) -> Result<()> {
    let _alone = engine.flushing.lock().unwrap_or_else(PoisonError::into_inner);
    engine.check_usable()?;
    let files = Arc::clone(&*engine.files()?);
    engine.look(&files);
    engine.check_in_place()?;
    let file = files.flushed_file();
    // They are not to be kept: who replaces them wants to be the only one.
    drop(files);
    let flushed = file.sync_data().map_err(|error| Unflushed::Failed(located(error, &engine.place.data())));
    let flushed = flushed.and_then(|()| {
        // With the other durabilities they were flushed at opening.
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
    check_not_writing()?;
    engine.check_usable()?;
    engine.config.check_writable()?;
    let lock = engine.lock_file()?;
    // Before the presence lock: who drops a DBI changes that lock too, and only as the writer.
    let mut writer = lock_writer(engine.writers());
    engine.check_usable()?;
    if !lock.try_exclusive()? {
        let (path, who) = (engine.place.path.display(), others(engine));
        let why = format!("another process has {path} open{who}; close it there first");
        return Err(Error::new(ErrorKind::Busy, why));
    }
    // Also where the rest panics: others would wait for ever.
    let _exclusive = Exclusive(lock);
    compact_alone(engine, &mut writer, limit)
}

/// The ids of other processes that have the environment open and read, as far as they are known, in brackets.
fn others(engine: &Core) -> String {
    let files = engine.files().map(|files| files.lmdb_lock.clone());
    let Ok(Some(lmdb_lock)) = files else { return String::new() };
    let slots = lmdb_lock.slots().unwrap_or_default();
    let mut ids: Vec<u32> = slots.iter().map(|slot| slot.process).filter(|id| *id != std::process::id()).collect();
    ids.sort_unstable();
    ids.dedup();
    // One that was killed has its slots still.
    ids.retain(|id| lmdb_lock.has_process(*id));
    if ids.is_empty() {
        return String::new();
    }
    let ids: Vec<_> = ids.iter().map(|id| format!("process {id}")).collect();
    format!(" ({})", ids.join(", "))
}

/// The presence lock, held alone; shared again when it is dropped.
struct Exclusive<'e>(&'e LockFile);

impl Drop for Exclusive<'_> {
    fn drop(&mut self) {
        // Changing a lock that is held to a shared one waits for nobody; if it failed, others would be kept out.
        let _ = self.0.share();
    }
}

/// Replaces the file while no other process has it open. The caller holds the writer's mutex.
fn compact_alone(engine: &Arc<Core>, writer: &mut WriterState, limit: Duration) -> Result<()> {
    let file = Arc::clone(&engine.files()?.file);
    let old = file.metadata().map_err(|error| located(error, &engine.place.data()))?;
    drop(file);
    engine.look(&Arc::clone(&*engine.files()?));
    engine.check_in_place()?;
    check_alone(engine, &old)?;
    write_as_writer(engine, Begin::Newest, "compact", writer, |session| drop_leftovers(engine, session))?;
    let began = Instant::now();
    // Who reads for longer is seen now, not when the work is done.
    engine.when_unread(deadline(began, limit), || Ok(()))?;
    let limit = limit.saturating_sub(began.elapsed());
    let staged = engine.place.compacted();
    remove_compacted(&engine.place, engine.files()?.map.page_size());
    if staged.symlink_metadata().is_ok() {
        let why = format!("{} is in the way of the compacted copy; move it elsewhere", staged.display());
        return Err(Error::new(ErrorKind::AlreadyExists, why));
    }
    let state = stage(engine, &staged, &old)?;
    // It has hold of the files too, and its handles are of the old one.
    *writer = WriterState::default();
    let replaced = put_in_place(engine, &staged, &old, state, limit);
    if replaced.is_err() {
        let _ = fs::remove_file(&staged);
    }
    replaced
}

/// Writes the compacted copy beside the file; LMDB's id of the state that it is of. Nobody but a program without our locks can
/// commit meanwhile.
fn stage(engine: &Arc<Core>, staged: &Path, old: &Metadata) -> Result<LmdbTxnId> {
    let state = engine.pinned_as_writer()?;
    let source = Arc::clone(&engine.files()?.file);
    copy_state(&state, &source, staged, Compact::Yes, old)?;
    if state.is_newest() {
        return Ok(state.lmdb_id());
    }
    let _ = fs::remove_file(staged);
    Err(written_meanwhile())
}

fn written_meanwhile() -> Error {
    let why = "another program wrote to the file while it was compacted; close it there and retry";
    Error::new(ErrorKind::Busy, why)
}

/// Puts the copy at the file's place, in a moment in which nobody reads.
fn put_in_place(engine: &Arc<Core>, staged: &Path, old: &Metadata, state: LmdbTxnId, limit: Duration) -> Result<()> {
    // Whoever opens the file in this process meanwhile would open the one that is being replaced.
    let reserved = registry::reserve(&engine.place, Some(FileId::of(old)));
    let replaced = engine.when_unread(deadline(Instant::now(), limit), || {
        check_alone(engine, old)?;
        let mut begun = false;
        let replaced = engine.replace(|file| {
            begun = true;
            swap(engine, file, staged, state)
        });
        // What fails from here on is not that somebody reads.
        if begun { Ok(replaced) } else { replaced.map(Ok) }
    });
    // Also when the swap failed behind its rename: whatever file is open now is the one to be found.
    if let Ok(files) = engine.files() {
        let new = files.file.metadata().map_err(|error| located(error, &engine.place.data()))?;
        registry::remove(&reserved, FileId::of(old));
        registry::insert(&reserved, FileId::of(&new), engine);
    }
    replaced?
}

/// Refuses to replace a file that has other names: they would keep the old one, and two histories would begin.
fn check_alone(engine: &Core, open: &Metadata) -> Result<()> {
    let path = engine.place.data();
    let named = fs::symlink_metadata(&path).map_err(|error| located(error, &path))?;
    if FileId::of(&named) == FileId::of(open) && open.nlink() == 1 {
        return Ok(());
    }
    let why = format!("{} is not the only name of the open file; remove its links, or use copy_to", path.display());
    Err(Error::new(ErrorKind::Unsupported, why))
}

/// Takes away the empty trees of DBIs that were dropped while other processes had handles on them.
fn drop_leftovers(engine: &Core, session: &mut Session<'_>) -> Result<()> {
    let base = Arc::clone(session.base());
    let leftovers = base.leftovers()?;
    if leftovers.is_empty() {
        return Ok(());
    }
    session.commit(0, |applier, head| {
        // Nothing that anybody could read has changed.
        head.seq = head.seq.saturating_sub(1);
        leftovers.iter().try_for_each(|name| applier.drop_dbi(name))
    })?;
    engine.dbis().set_leftovers(base.head()?.epoch, Vec::new());
    Ok(())
}

/// Moves the copy to the file's place, with nobody else there. LMDB is closed in this process; whoever has its lock file or
/// the data file open nevertheless is another program, or was not seen by our lock file.
fn swap(engine: &Core, old: &File, staged: &Path, state: LmdbTxnId) -> Result<()> {
    let place = &engine.place;
    let open_elsewhere = || {
        let why = format!(
            "another program has {} open, or a process whose lock file was removed; close it there first",
            place.path.display()
        );
        Error::new(ErrorKind::Busy, why)
    };
    let lmdb_lock = LmdbLock::open(&place.lmdb_lock(), true)?;
    if !lmdb_lock.try_alone()? || is_held(old, &place.data())? {
        return Err(open_elsewhere());
    }
    // One that opened, committed and closed since the copy was made is not there any more.
    if page::check_metas(old, false)?.is_none_or(|meta| meta.newest.txn_id != state.0) {
        return Err(written_meanwhile());
    }
    let directory = place.directory();
    let names = engine.names(&directory, old)?;
    // A program that waits for the lock has the lock file open, and would go by the transaction numbers of the old file, with
    // which the new one reads as another state. One without a header it refuses. Before the exchange: a kill in between leaves
    // the old file, and who is alone then writes the header anew.
    lmdb_lock.clear()?;
    fs::rename(staged, place.data()).map_err(|error| located(error, staged))?;
    names.flush().map_err(|error| {
        // What is committed from now on is in a file that a power cut may take back.
        engine.flush_failed();
        let why = format!(
            "the compacted file is in place, and its name could not be flushed: {}, so after a power cut the old one may be \
             there again; close and reopen the environment",
            error.what()
        );
        Error::new(ErrorKind::CommitOutcomeUnknown, why).taking_up(error)
    })
}

fn destroy(path: &Path) -> Result<()> {
    let mut place = place_of(path);
    if place.single_file && path.is_symlink() {
        let why = format!("{} is a symbolic link to the data file; name the file itself", path.display());
        return Err(Error::new(ErrorKind::Unsupported, why));
    }
    // The directory itself is removed, which a link to it, or a path that ends in a dot, does not name.
    if let Ok(directory) = fs::canonicalize(path) {
        place.path = directory;
    }
    let Some(metadata) = place.data_metadata()? else {
        // What was a single file is no directory now. Nor is an empty path, which is not that of the working directory.
        let single_file = !place.path.is_dir();
        return destroy_rest(&EnvPaths { single_file, ..place });
    };
    let _reserved = registry::reserve(&place, Some(FileId::of(&metadata)));
    let Some(metadata) = place.data_metadata()? else {
        return Ok(());
    };
    if registry::find(FileId::of(&metadata)).is_some() {
        let why = format!(
            "{} is open in this process; drop all handles and snapshots, or call Env::close first",
            path.display()
        );
        return Err(Error::new(ErrorKind::Busy, why));
    }
    // Our lock file beside it says whose it is, and a damaged environment must be removable too.
    if metadata.len() > 0 && !place.lock().exists() {
        check_metas_at(&place)?;
    }
    let busy = || {
        let why = format!("another process has {} open; close it there first", path.display());
        Error::new(ErrorKind::Busy, why)
    };
    let is_unlocked = !place.lock().exists();
    // Before a lock file is laid beside what stays.
    if is_unlocked && is_open_elsewhere(&place)? {
        return Err(busy());
    }
    let lock = LockFile::open(&place.lock())?;
    if !lock.try_exclusive()? || !lock.is_at_path() {
        return Err(busy());
    }
    match is_open_elsewhere(&place) {
        Ok(false) => remove(&place, &lock),
        refused => {
            if is_unlocked {
                // Nobody else has it: who opened it meanwhile waits for the lock that is held here, and looks then whether
                // it is still at its path.
                let _ = fs::remove_file(place.lock());
            }
            Err(refused.err().unwrap_or_else(busy))
        }
    }
}

/// Removes the rest of an environment whose removal was cut short behind its data file: where the lock file is ours, and nobody has
/// it open. Whoever has an environment open whose data file was removed keeps the rest.
fn destroy_rest(place: &EnvPaths) -> Result<()> {
    let record = open_regular(&place.lock()).and_then(|file| read_record(&file, &place.lock()));
    if !record.is_ok_and(|record| record.is_some_and(|record| !record.damaged)) {
        return Ok(());
    }
    let lock = LockFile::open(&place.lock())?;
    if lock.try_exclusive()? && lock.is_at_path() && !is_open_elsewhere(place)? && place.data_metadata()?.is_none() {
        return remove(place, &lock);
    }
    Ok(())
}

/// Whether another program has the environment open, or a process whose lock file was removed.
fn is_open_elsewhere(place: &EnvPaths) -> Result<bool> {
    // What is no regular file nobody has open as an environment; it is removed like the rest.
    if let Ok(data) = open_regular(&place.data())
        && is_held(&data, &place.data())?
    {
        return Ok(true);
    }
    if Lmdb::is_open(&place.path) {
        return Ok(true);
    }
    match LmdbLock::open(&place.lmdb_lock(), false) {
        Ok(lmdb_lock) => lmdb_lock.is_in_use(),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::InvalidArgument) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Why a directory may stay that the files of an environment were removed from.
const STAYING: [io::ErrorKind; 4] = [
    io::ErrorKind::DirectoryNotEmpty,
    io::ErrorKind::ResourceBusy,
    io::ErrorKind::PermissionDenied,
    io::ErrorKind::ReadOnlyFilesystem,
];

fn remove(place: &EnvPaths, lock: &LockFile) -> Result<()> {
    let directory = place.directory();
    // Opened before anything is removed: what could not be flushed is better left.
    let held = Directory::open(&directory)?;
    let names = Names::open(&held, &directory, lock.file())?;
    let above = parent(&directory);
    let names_above = Names::open(&Directory::open(&above)?, &above, lock.file())?;
    let data = open_regular(&place.data()).and_then(|data| page::check_metas(&data, false));
    remove_compacted(place, data.ok().flatten().map_or_else(system_page_size, |meta| meta.page_size));
    // The data first: what is left of a removal cut short is an environment that is new.
    for file in [place.data(), place.lmdb_lock(), place.lock()] {
        match fs::remove_file(&file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(located(error, &file)),
            _ => {}
        }
    }
    if place.single_file {
        return names.flush();
    }
    match fs::remove_dir(&place.path) {
        Ok(()) => names_above.flush(),
        // It stays where it holds other files, is a mount point, or may not be taken away.
        Err(error) if STAYING.contains(&error.kind()) => names.flush(),
        Err(error) => Err(located(error, &place.path)),
    }
}
