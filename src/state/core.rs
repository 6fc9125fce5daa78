//! The core of an open environment, which its handles and its snapshots share: the files, the newest view, the
//! writer's lock, and whether the environment is usable.

mod lifecycle;

use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::catalog::OpenDbis;
use crate::error::Result;
use crate::lmdb::Cause;
use crate::os::{EnvPaths, LockFile, TemporaryDirectory};
use crate::state::change_watch::ChangeWatch;
use crate::state::config::Config;
use crate::state::drawn::Drawn;
use crate::state::env_files::EnvFiles;
use crate::state::fair_lock::Wait;
use crate::state::files::Files;
use crate::state::known_identity::KnownIdentity;
use crate::state::other_readers::{OtherReader, OtherReaders};
use crate::state::pinned_state::{Opening, PinnedState, States, View, WeakView};
use crate::state::slow_reader::SlowReader;
use crate::state::writer_lock::WriterLock;

/// What handles and snapshots of one environment share. When the last of them is dropped, the environment is closed.
pub(crate) struct Core {
    id: u64,
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
    /// What is known of the identity in the catalogue.
    pub(crate) identity: KnownIdentity,
    #[cfg(feature = "store")]
    incarnation: u64,
    /// Held during a flush that a caller of `sync` has requested.
    pub(crate) flushing: Mutex<()>,
    /// Dropped after everything that uses the files.
    files: EnvFiles,
    temporary: Option<TemporaryDirectory>,
}

/// A core is used as its files are, by everything that reads or writes them.
impl Deref for Core {
    type Target = EnvFiles;

    #[inline]
    fn deref(&self) -> &EnvFiles {
        &self.files
    }
}

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
        let files = EnvFiles::new(paths, config, files, lock);
        let id = NEXT_ID.fetch_add(1, Ordering::Relaxed);
        Arc::new(Self {
            id,
            writer: WriterLock::new(),
            following_since: AtomicU64::new(0),
            changes: ChangeWatch::new(),
            newest: Mutex::default(),
            states: States::new(slow_reader),
            others: OtherReaders::default(),
            dbis: Arc::new(OpenDbis::new(id, files.max_key)),
            identity: KnownIdentity::new(drawn.uuid),
            #[cfg(feature = "store")]
            incarnation: drawn.incarnation,
            flushing: Mutex::new(()),
            files,
            temporary,
        })
    }

    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// The incarnation of this opening.
    #[cfg(feature = "store")]
    pub(crate) fn incarnation(&self) -> u64 {
        self.incarnation
    }

    /// Who waits for commits.
    pub(crate) fn changes(&self) -> &Arc<ChangeWatch> {
        &self.changes
    }

    pub(crate) fn dbis(&self) -> &Arc<OpenDbis> {
        &self.dbis
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
        Ok(self.newest_following(|core| core.follow_growth_as_writer())?.pinned)
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
                    self.states.add(&opened);
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

    /// The views that snapshots of this process keep, one for each state that is pinned.
    pub(crate) fn kept_views(&self) -> Vec<View> {
        self.states.leases.drop_if(|lease| Arc::strong_count(lease) == 1);
        self.states.alive()
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
}
