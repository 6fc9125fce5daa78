//! A pinned state: one committed state, pinned, and shared by any number of readers.

use std::cell::RefCell;
use std::ops::Deref;
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use crate::catalog::CommitSeq;
use crate::error::{Error, ErrorKind, Result};
use crate::lmdb::{Failure, Pin};
use crate::page::LmdbTxnId;
use crate::read::Layers;
use crate::state::committed::State;
use crate::state::core::Core;
use crate::state::files::Files;
use crate::state::reader_info::ReaderInfo;
use crate::state::slow_reader::SlowReader;
use crate::state::snapshot_cache::{Leased, Leases, REMEMBERED_LEASES, Remembered};

/// One committed state of the file, pinned: its pages stay unchanged while it lives, since its pin holds a reader
/// slot.
pub(crate) struct PinnedState {
    state: State,
    opened: Instant,
    /// The thread that pinned it.
    thread: ThreadId,
    reported: AtomicBool,
    // Dropped before the core, so that the slot is released while LMDB's environment is still open.
    _pin: Pin,
    core: Arc<Core>,
}

/// Whether [`View::open`] had to open a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opening {
    New,
    Known,
}

impl Deref for PinnedState {
    type Target = State;

    #[inline]
    fn deref(&self) -> &State {
        &self.state
    }
}

impl PinnedState {
    /// Pins the newest state, and copies its meta page so that all fields are of the same commit.
    ///
    /// A writer stores the fields of a meta page first and its id last, so reading the same id N before and after the
    /// copy proves nothing. But while the other slot's id is below N, no writer has begun to write slot N & 1 again,
    /// so the copy is good. Otherwise a second pin is taken. If its id is N too, the copied slot was not rewritten in
    /// between, and the copy is good: a killed writer has left the file one commit ahead of LMDB's lock file. If not,
    /// the second pin is of a newer state, which is copied instead.
    ///
    /// While a commit is being flushed, its meta page is in the file already, but a pin still takes the state before
    /// it, which is the newest then. If that state is `known`, it is returned.
    ///
    /// The caller holds the openers' gate.
    fn open(core: &Arc<Core>, files: &Files, known: Option<&Arc<Self>>) -> Result<(Arc<Self>, Opening), Failure> {
        let Files { lmdb, map, .. } = files;
        let mut pin = lmdb.pin()?;
        if let Some(known) = known.filter(|known| known.lmdb_id() == pin.id()) {
            return Ok((Arc::clone(known), Opening::Known));
        }
        let new = |meta, ids, pin| {
            let state = State::new(core.dbis(), files, meta, ids)?;
            Ok((Self::of(core, state, pin), Opening::New))
        };
        for _ in 0..RETRIES {
            let id = pin.id();
            let pages = map.metas();
            let meta = pages.meta(id.slot());
            let other = pages.meta_id(id.other_slot());
            if meta.txn_id == id && (other < id || (other == id && id == LmdbTxnId(0))) {
                return new(meta, [id, other], pin);
            }
            let second = lmdb.pin()?;
            if second.id() == id && meta.txn_id == id {
                return new(meta, [id, other], pin);
            }
            pin = second;
        }
        Err(Error::new(ErrorKind::Busy, "commits came too fast to see one state; retry").during("snapshot").into())
    }

    fn of(core: &Arc<Core>, state: State, pin: Pin) -> Arc<Self> {
        Arc::new(Self {
            state,
            opened: Instant::now(),
            thread: thread::current().id(),
            reported: AtomicBool::new(false),
            _pin: pin,
            core: Arc::clone(core),
        })
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.core
    }

    /// When it was pinned.
    pub(crate) fn opened(&self) -> Instant {
        self.opened
    }

    /// Returns true for the first call only: a slow reader is reported once.
    pub(crate) fn report_once(&self) -> bool {
        !self.reported.swap(true, Ordering::Relaxed)
    }
}

/// How often to try when commits come faster than a state can be copied.
const RETRIES: usize = 1000;

/// What a snapshot reads, published and leased as one value: a pinned state, and layers, the changes that were
/// committed after it and are not in the file yet. A snapshot's number, its age and its lag are computed from this
/// alone.
#[derive(Clone)]
pub(crate) struct View {
    pub pinned: Arc<PinnedState>,
    pub layers: Layers,
    /// The number of transactions in the layers.
    pub above: u64,
}

/// A view, held weakly: it keeps no state pinned.
#[derive(Default)]
pub(crate) struct WeakView {
    pinned: Weak<PinnedState>,
    layers: Layers,
    above: u64,
}

impl WeakView {
    /// The view, if something still keeps its state pinned.
    pub(crate) fn upgrade(&self) -> Option<View> {
        let pinned = self.pinned.upgrade()?;
        Some(View { pinned, layers: self.layers.clone(), above: self.above })
    }
}

impl View {
    /// Pins the newest state as [`PinnedState::open`] does. Every commit is in the file when it is acknowledged, so a
    /// view that is opened here has no layers. The caller holds the openers' gate.
    pub(crate) fn open(core: &Arc<Core>, files: &Files, known: Option<Self>) -> Result<(Self, Opening), Failure> {
        let (pinned, opened) = PinnedState::open(core, files, known.as_ref().map(|known| &known.pinned))?;
        match known {
            Some(known) if opened == Opening::Known => Ok((known, opened)),
            _ => Ok((Self { pinned, layers: Layers::default(), above: 0 }, opened)),
        }
    }

    /// The same view, which keeps no state pinned.
    pub(crate) fn downgrade(&self) -> WeakView {
        WeakView { pinned: Arc::downgrade(&self.pinned), layers: self.layers.clone(), above: self.above }
    }

    /// Whether nothing was committed after this view.
    #[inline]
    pub(crate) fn is_newest(&self) -> bool {
        self.pinned.is_newest()
    }

    /// The number of transactions committed up to this view.
    ///
    /// # Errors
    /// `Corrupted` if the file is too damaged to read the number.
    pub(crate) fn seq(&self) -> Result<CommitSeq> {
        Ok(self.pinned.head()?.seq.plus(self.above))
    }

    /// How long the view's state has been pinned.
    pub(crate) fn age(&self) -> Duration {
        self.pinned.opened().elapsed()
    }

    /// The number of transactions committed after this view, without pinning another state. If another process made the
    /// newest commit, LMDB's commits are counted; each holds at least one transaction.
    pub(crate) fn commits_since(&self) -> u64 {
        let newest = self.pinned.newest_id();
        let committed = self.pinned.core.files().ok().and_then(|files| files.last_commit().head(newest));
        match (committed, self.seq()) {
            (Some(committed), Ok(own)) => committed.seq.transactions_since(own),
            _ => newest.commits_since(self.pinned.lmdb_id()),
        }
    }

    /// Describes this view for a list of readers; `lag` is the number of transactions committed after it.
    pub(crate) fn reader_info(&self, lag: u64) -> Result<ReaderInfo> {
        Ok(ReaderInfo {
            id: self.seq()?.0,
            age: self.age(),
            lag,
            thread: Some(self.pinned.thread),
            process: process::id(),
            held_pages: None,
        })
    }

    /// The number of transactions committed between this view and `newer`.
    pub(crate) fn lag_to(&self, newer: &Self) -> Result<u64> {
        Ok(newer.seq()?.transactions_since(self.seq()?))
    }
}

thread_local! {
    static REMEMBERED: RefCell<Remembered<View>> = const { RefCell::new([const { (0, Weak::new()) }; REMEMBERED_LEASES]) };
}

impl Leased for View {
    #[inline]
    fn is_newest(&self) -> bool {
        Self::is_newest(self)
    }

    fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.pinned, &other.pinned) && self.above == other.above
    }

    #[inline]
    fn with_remembered<R>(look: impl FnOnce(&RefCell<Remembered<Self>>) -> R) -> Option<R> {
        REMEMBERED.try_with(look).ok()
    }
}

/// The states of a core that are read or kept for readers. The sweep uses this alone. It does not hold the core, so
/// dropping the last handle of an environment closes it.
#[derive(Default)]
pub(crate) struct States {
    pub leases: Leases<View>,
    all: Mutex<ListedStates>,
    slow_reader: Option<SlowReader>,
    /// Held during a sweep, which keeps states alive.
    turn: Mutex<()>,
}

/// A list of views, some of whose states may be dropped already. Dropped ones are removed when the list has about twice as
/// many as were alive at the last removal.
#[derive(Default)]
struct ListedStates {
    views: Vec<WeakView>,
    forget_at: usize,
}

/// A list shorter than this is not searched for dropped states. Each entry keeps the memory of its state.
const MIN_LIST_TO_CLEAN: usize = 2;

impl States {
    pub(crate) fn new(slow_reader: Option<SlowReader>) -> Arc<Self> {
        Arc::new(Self { slow_reader, ..Self::default() })
    }

    /// The callback for snapshots that are kept too long.
    pub(crate) fn slow_reader(&self) -> Option<&SlowReader> {
        self.slow_reader.as_ref()
    }

    /// Adds a view whose state was pinned for it to the list. O(1), amortized.
    pub(crate) fn add(&self, view: &View) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if all.views.len() >= all.forget_at {
            #[cfg(test)]
            all.views.iter().for_each(|_| crate::page::steps::note());
            all.views.retain(|view| view.pinned.strong_count() > 0);
            all.forget_at = 2 * all.views.len() + MIN_LIST_TO_CLEAN;
        }
        all.views.push(view.downgrade());
    }

    /// The views whose states are alive.
    pub(crate) fn alive(&self) -> Vec<View> {
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.views.iter().filter_map(WeakView::upgrade).collect()
    }

    /// Waits for a sweep in progress, and keeps the next one from beginning until the result is dropped. Taken before
    /// the openers' gate.
    pub(crate) fn hold_sweep(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Drops cached states that are no longer the newest.
    pub(crate) fn drop_stale(&self) {
        self.leases.drop_if(|lease| !lease.view.is_newest());
    }

    /// Sweeps once, and returns the readers to report.
    pub(crate) fn sweep(&self) -> Vec<ReaderInfo> {
        self.drop_stale();
        self.leases.sweep();
        let Some(slow) = &self.slow_reader else {
            return Vec::new();
        };
        let alive = self.alive();
        let slow = alive.iter().filter(|view| view.age() >= slow.limit && !view.is_newest());
        slow.filter(|view| view.pinned.report_once())
            .filter_map(|view| view.reader_info(view.commits_since()).ok())
            .collect()
    }
}
