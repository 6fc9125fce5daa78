//! Compacts an environment: when it may begin, and the copy that replaces the file.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::commit::{Session, busy, check_not_writing, lock_writer_until, remove_leftovers, write_as_writer};
use crate::env::compacted::remove_compacted;
use crate::env::copy::{Compact, copy_state};
use crate::env::engine::Engine;
use crate::env::handle::Env;
use crate::env::replace::{check_alone, deadline, put_in_place, written_meanwhile};
use crate::error::{Error, ErrorKind, Result};
use crate::observe::Compacting;
use crate::os::{FileInfo, LockFile, is_name_taken, located, remove_leftover};
use crate::page::LmdbTxnId;
use crate::state::{Core, WriterState, WriterTurn};

impl Env {
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
}

/// How long `compact` waits in all: for a running transaction, and for snapshots to end.
const COMPACT_LIMIT: Duration = Duration::from_secs(10);

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
