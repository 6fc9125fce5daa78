//! The core of an open environment, which its handles and its snapshots share: the files, the newest view, the
//! writer's lock, and whether the environment is usable.

mod lifecycle;
mod watch;

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError, RwLock};

use crate::catalog::{FEATURES, Identity, OpenDbis};
use crate::error::{Error, ErrorKind, Result};
use crate::lmdb::{Cause, Failure};
use crate::observe::Growing;
use crate::os::{EnvPaths, LockFile, TemporaryDirectory, process_mark};
use crate::page::EnvMap;
use crate::state::change_watch::ChangeWatch;
use crate::state::committed::State;
use crate::state::config::Config;
use crate::state::drawn::Drawn;
use crate::state::fair_lock::Wait;
use crate::state::file_watch::FileWatch;
use crate::state::files::{Files, Gate};
use crate::state::other_readers::{OtherReader, OtherReaders};
use crate::state::pinned_state::{Opening, PinnedState, States, View, WeakView};
use crate::state::slow_reader::SlowReader;
use crate::state::writer_lock::WriterLock;

/// What handles and snapshots of one environment share. When the last of them is dropped, the environment is closed.
pub(crate) struct Core {
    id: u64,
    mark: u64,
    pub(crate) paths: EnvPaths,
    pub(crate) config: Config,
    pub(crate) max_key: usize,
    status: AtomicU8,
    /// Watches whether the files still have their names.
    watch: FileWatch,
    /// Signalled when new snapshots may be taken again.
    passing: (Mutex<()>, Condvar),
    /// The openers' gate. It is taken shared to begin a pin, or to request something from LMDB that reads its map, and
    /// exclusively to change or replace the maps. It is never held while waiting for LMDB's write lock: a writer of
    /// another program would block snapshots.
    files: RwLock<Option<Arc<Files>>>,
    /// Held by the one LMDB write transaction of this process. Taken after the fair lock of group commit and before
    /// LMDB's lock.
    pub(super) writer: WriterLock,
    /// The time, in milliseconds of the coarse clock, since which a follower runs: a transaction based on predecessors
    /// that are still being committed. 0 if none runs.
    following_since: AtomicU64,
    changes: Arc<ChangeWatch>,
    /// The newest known view, held weakly: this keeps no state pinned. A thread that needs a lease on the view
    /// upgrades it.
    newest: Mutex<WeakView>,
    states: Arc<States>,
    others: OtherReaders,
    dbis: Arc<OpenDbis>,
    /// The UUID in the catalogue. Until it is known, that of `drawn` stands for it: the one that mapleaf's first
    /// commit writes.
    uuid: OnceLock<[u8; 16]>,
    drawn: Drawn,
    /// Whether the catalogue is known to have the identity as this build writes it.
    identified: AtomicBool,
    pub(crate) lock: Option<LockFile>,
    /// Held during a flush that a caller of `sync` has requested.
    pub(crate) flushing: Mutex<()>,
    /// Whether opening has completed: only then may closing mark the environment as clean.
    pub(crate) opened: AtomicBool,
    temporary: Option<TemporaryDirectory>,
}

const OPEN: u8 = 0;
const CLOSED: u8 = 1;
/// A commit or a flush failed on the disk.
const POISONED: u8 = 2;
/// Open, but new snapshots wait for a moment: `close` or `compact` needs a moment without snapshots.
const HELD_BACK: u8 = 3;
/// LMDB's lock file has lost its name: other programs cannot see the readers of this process.
const UNSEEN: u8 = 4;

static NEXT_ID: AtomicU64 = AtomicU64::new(1);

impl Core {
    pub(crate) fn new(
        paths: EnvPaths,
        config: Config,
        files: Files,
        lock: Option<LockFile>,
        temporary: Option<TemporaryDirectory>,
        drawn: Drawn,
        slow_reader: Option<SlowReader>,
    ) -> Arc<Self> {
        let (id, max_key) = (NEXT_ID.fetch_add(1, Ordering::Relaxed), files.lmdb.max_key_size());
        Arc::new(Self {
            id,
            mark: process_mark(),
            watch: FileWatch::of(&paths),
            paths,
            max_key,
            status: AtomicU8::new(OPEN),
            passing: (Mutex::new(()), Condvar::new()),
            files: RwLock::new(Some(Arc::new(files))),
            writer: WriterLock::new(),
            following_since: AtomicU64::new(0),
            changes: ChangeWatch::new(),
            newest: Mutex::default(),
            states: States::new(slow_reader),
            others: OtherReaders::default(),
            config,
            dbis: Arc::new(OpenDbis::new(id, max_key)),
            uuid: OnceLock::new(),
            drawn,
            identified: AtomicBool::new(false),
            lock,
            flushing: Mutex::new(()),
            opened: AtomicBool::new(false),
            temporary,
        })
    }

    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// The incarnation of this opening.
    #[cfg(feature = "store")]
    pub(crate) fn incarnation(&self) -> u64 {
        self.drawn.incarnation
    }

    /// Who waits for commits.
    pub(crate) fn changes(&self) -> &Arc<ChangeWatch> {
        &self.changes
    }

    pub(crate) fn dbis(&self) -> &Arc<OpenDbis> {
        &self.dbis
    }

    /// Whether this process opened the environment; false in a forked child.
    pub(crate) fn is_own_process(&self) -> bool {
        process_mark() == self.mark
    }

    /// Whether [`close`](Self::close) has completed: the next caller that opens the file gets a new core.
    pub(crate) fn is_closed(&self) -> bool {
        self.status.load(Ordering::Acquire) == CLOSED
    }

    /// Fails in a child that was forked from the process that opened the environment.
    pub(crate) fn check_not_forked(&self) -> Result<()> {
        if self.is_own_process() {
            return Ok(());
        }
        let why = "this process is a fork of the one that opened the environment; open it after the fork only, or exec";
        Err(Error::new(ErrorKind::Closed, why))
    }

    /// Fails if the environment is closed, out of use after a fatal error, or inherited by a fork.
    pub(crate) fn check_usable(&self) -> Result<()> {
        self.check_not_forked()?;
        match self.status.load(Ordering::Acquire) {
            OPEN | HELD_BACK => Ok(()),
            CLOSED => Err(Error::new(ErrorKind::Closed, "the environment was closed; open it again")),
            UNSEEN => Err(self.unseen()),
            _ => Err(Error::new(
                ErrorKind::CommitOutcomeUnknown,
                "a commit or a flush failed on the disk, and what was committed last may or may not be there; close and \
                 reopen the environment, which checks the file, writes it anew and shows what is there",
            )),
        }
    }

    /// Puts the environment out of use until it is reopened.
    pub(crate) fn poison(&self) {
        self.end_as(POISONED);
    }

    /// Puts the environment out of use with `status`, unless it is out of use already.
    fn end_as(&self, status: u8) {
        let open = |now| matches!(now, OPEN | HELD_BACK).then_some(status);
        let _ = self.status.fetch_update(Ordering::AcqRel, Ordering::Acquire, open);
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
            let files = self.files.read().unwrap_or_else(PoisonError::into_inner);
            if files.is_some() {
                return Ok(Gate(files));
            }
            drop(files);
            self.reattach()?;
        }
    }

    /// The environment's UUID.
    pub(crate) fn uuid(&self) -> &[u8; 16] {
        self.uuid.get().unwrap_or(&self.drawn.uuid)
    }

    /// The identity that a commit on `base` must write, if any: mapleaf's first commit writes it, and so does the
    /// first commit by a build with more features than the last.
    pub(crate) fn new_identity(&self, base: &State) -> Result<Option<Identity>> {
        if self.identified.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let Some(identity) = base.identity()? else {
            return Ok(Some(Identity { features: FEATURES, uuid: *self.uuid() }));
        };
        self.set_uuid(identity.uuid);
        Ok((identity.features != FEATURES).then_some(Identity { features: FEATURES, ..identity }))
    }

    /// Notes that a commit has succeeded. If the identity was not in the catalogue, that commit has written it.
    pub(crate) fn identity_is_written(&self) {
        self.identified.store(true, Ordering::Relaxed);
    }

    /// Sets the UUID that the catalogue holds.
    pub(crate) fn set_uuid(&self, uuid: [u8; 16]) {
        let _ = self.uuid.set(uuid);
    }

    /// The newest view: the newest committed state, pinned, and the layers above it. If that state is pinned already,
    /// the pin is shared.
    pub(crate) fn newest_view(self: &Arc<Self>) -> Result<View> {
        self.newest_following(Self::follow_growth)
    }

    /// The pinned state of the newest view.
    pub(crate) fn pinned(self: &Arc<Self>) -> Result<Arc<PinnedState>> {
        Ok(self.newest_view()?.pinned)
    }

    /// As [`pinned`](Self::pinned), for a caller that holds the writer's lock and no LMDB transaction.
    pub(crate) fn pinned_as_writer(self: &Arc<Self>) -> Result<Arc<PinnedState>> {
        Ok(self.newest_following(Self::follow_growth_as_writer)?.pinned)
    }

    fn newest_following(self: &Arc<Self>, follow_growth: fn(&Self) -> Result<()>) -> Result<View> {
        self.check_usable()?;
        let known = || self.newest.lock().unwrap_or_else(PoisonError::into_inner).upgrade();
        if let Some(known) = known().filter(View::is_newest) {
            return Ok(known);
        }
        loop {
            let gate = self.files()?;
            match View::open(self, &gate, known()) {
                Ok((known, Opening::Known)) => return Ok(known),
                Ok((opened, Opening::New)) => {
                    // The new state is noted while this thread still holds the openers' gate. So a thread that takes
                    // the gate next, to close or replace the files, sees the pin.
                    *self.newest.lock().unwrap_or_else(PoisonError::into_inner) = opened.downgrade();
                    self.states.add(&opened.pinned);
                    return Ok(opened);
                }
                Err(failure) if failure.cause == Cause::MapResized => {
                    drop(gate);
                    follow_growth(self)?;
                }
                Err(failure) => return Err(self.begin_failed(failure)),
            }
        }
    }

    /// The states that other processes read now, by LMDB's reader table.
    pub(crate) fn other_readers(&self) -> Result<Vec<OtherReader>> {
        let lmdb_lock = self.files()?.lmdb_lock.clone();
        lmdb_lock.map_or_else(|| Ok(Vec::new()), |lmdb_lock| self.others.list(&lmdb_lock))
    }

    /// The states that are read or kept for readers.
    pub(crate) fn states(&self) -> &Arc<States> {
        &self.states
    }

    /// The states that snapshots of this process keep.
    pub(crate) fn pinned_states(&self) -> Vec<Arc<PinnedState>> {
        self.states.leases.drop_if(|lease| Arc::strong_count(lease) == 1);
        self.states.alive()
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

    /// Follows another process that has grown the file: adopts its size, in mapleaf and in LMDB.
    ///
    /// Must not be called in a write session of this thread. It is not needed there: the session has adopted the
    /// newest size, and keeps other writers out.
    fn follow_growth(&self) -> Result<()> {
        // The writer's lock waits for a commit in progress. The transaction lock is not taken, because this thread may
        // hold it already.
        let _turn = self.writer.acquire(Wait::Yes);
        let mut state = self.writer.take_state();
        state.last = None;
        self.writer.put_state(state);
        self.follow_growth_as_writer()
    }

    /// As [`follow_growth`](Self::follow_growth), for a caller that holds the writer's lock and no LMDB transaction.
    pub(crate) fn follow_growth_as_writer(&self) -> Result<()> {
        self.enlarge(|gate, page_size| {
            let newest = gate.map.metas();
            let last = newest.meta(0).last_page.max(newest.meta(1).last_page);
            usize::try_from(last.end(page_size as u64)).unwrap_or(usize::MAX)
        })
    }

    /// Doubles the map. The caller holds the writer's lock and has no LMDB transaction.
    pub(crate) fn grow(&self) -> Result<()> {
        self.enlarge(|gate, _| gate.map.len() + 1)
    }

    /// As [`grow`](Self::grow), until the map has `bytes` at least.
    pub(crate) fn grow_to(&self, bytes: usize) -> Result<()> {
        self.enlarge(|_, _| bytes)
    }

    /// Makes the maps at least as large as `wanted` says, by doubling, within the maximum.
    ///
    /// mapleaf's new map is made first, and another one of the same size as a test for LMDB's. If the system refuses
    /// either, nothing has changed. LMDB's resize unmaps before it maps, so if that fails, the environment is
    /// unusable.
    fn enlarge(&self, wanted: impl FnOnce(&Files, usize) -> usize) -> Result<()> {
        let mut gate = self.files.write().unwrap_or_else(PoisonError::into_inner);
        let Some(files) = gate.as_mut() else {
            return Err(Error::new(ErrorKind::Closed, "the environment was closed; open it again"));
        };
        let page_size = files.map.page_size();
        let wanted = wanted(files, page_size);
        let mut size = files.map.len();
        while size < wanted {
            size = size.saturating_mul(2);
        }
        let size = size.min(self.config.max_map_size) / page_size.max(4096) * page_size.max(4096);
        if size < wanted {
            return Err(Error::new(
                ErrorKind::MapFull,
                format!(
                    "the data does not fit max_map_size, {} bytes; nothing was changed, open with a larger one",
                    self.config.max_map_size
                ),
            ));
        }
        let observed = Growing::begin(files.map.len(), size);
        let enlarged = self.enlarge_to(files, size, page_size);
        drop(gate);
        observed.end(&enlarged);
        enlarged
    }

    fn enlarge_to(&self, files: &mut Arc<Files>, size: usize, page_size: usize) -> Result<()> {
        let map = EnvMap::new(&files.file, size, page_size)?;
        // `resize` unmaps LMDB's map before it makes a larger one, so a failure there cannot be undone. This second map
        // tests first whether the address space holds LMDB's map as well.
        drop(EnvMap::new(&files.file, size, page_size)?);
        if let Err(error) = files.lmdb.resize(size) {
            self.poison();
            return Err(error.of_file(&self.paths.data()));
        }
        *files = Arc::new(files.with_map(map));
        Ok(())
    }
}
