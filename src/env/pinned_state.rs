//! A pinned state: one committed state, pinned, for as many readers as want it.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, ThreadId};
use std::time::Instant;

use crate::env::engine::{Engine, Files};
use crate::env::state::{State, slot};
use crate::error::{Error, ErrorKind};
use crate::lmdb::{Failure, Pin};

/// One committed state of the file, pinned: its pages stay as they are while it lives, since its pin holds a reader slot.
pub(crate) struct PinnedState {
    state: State,
    opened: Instant,
    /// The thread that pinned it.
    thread: ThreadId,
    reported: AtomicBool,
    // Before the engine: the slot is given back while LMDB's environment is surely open.
    _pin: Pin,
    engine: Arc<Engine>,
}

/// Whether [`PinnedState::open`] had to open anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opened {
    Now,
    Before,
}

impl Deref for PinnedState {
    type Target = State;

    #[inline]
    fn deref(&self) -> &State {
        &self.state
    }
}

impl PinnedState {
    /// Pins the newest state and copies its meta page without tearing it.
    ///
    /// A writer stores the fields of a meta page first and its id last, so reading the same id before and after the
    /// copy proves nothing. What does: while the other slot's id is below N, no writer has begun on slot N & 1 again.
    /// If it is not, a second pin that also says N shows that the copied slot was not rewritten in between (a killed
    /// writer leaves the file one commit ahead of the lock file); otherwise the second pin is the newer state.
    ///
    /// While a commit is being flushed its meta page is in the file already, and pins are still of the state before. That one
    /// is the newest then; if it is `known`, there is nothing to open.
    ///
    /// The caller holds the openers' gate.
    pub(crate) fn open(
        engine: &Arc<Engine>,
        files: &Files,
        known: Option<Arc<Self>>,
    ) -> Result<(Arc<Self>, Opened), Failure> {
        let Files { lmdb, map, .. } = files;
        let mut pin = lmdb.pin()?;
        if let Some(known) = known.filter(|known| known.lmdb_id() == pin.id()) {
            return Ok((known, Opened::Before));
        }
        let new = |meta, ids, pin| {
            let state = State::new(engine, files, meta, ids)?;
            Ok((Self::of(engine, state, pin), Opened::Now))
        };
        for _ in 0..RETRIES {
            let id = pin.id();
            let pages = map.metas();
            let meta = pages.meta(slot(id));
            let other = pages.meta_id(slot(id + 1));
            if meta.txn_id == id && (other < id || (other == 0 && id == 0)) {
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

    fn of(engine: &Arc<Engine>, state: State, pin: Pin) -> Arc<Self> {
        Arc::new(Self {
            state,
            opened: Instant::now(),
            thread: thread::current().id(),
            reported: AtomicBool::new(false),
            _pin: pin,
            engine: Arc::clone(engine),
        })
    }

    /// How many transactions were committed since, for who must not take another state to count. Where another process made
    /// the newest commit they are taken to be as many as LMDB's commits, of which each has one transaction at least.
    pub(crate) fn commits_since(&self) -> u64 {
        let newest = self.newest_id();
        let committed = self.engine.files().ok().and_then(|files| files.last_commit().head(newest));
        match (committed, self.head()) {
            (Some(committed), Ok(own)) => committed.seq.saturating_sub(own.seq),
            _ => newest.saturating_sub(self.lmdb_id()),
        }
    }

    pub(crate) fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// When it was pinned.
    pub(crate) fn opened(&self) -> Instant {
        self.opened
    }

    /// The thread that pinned it.
    pub(crate) fn thread(&self) -> ThreadId {
        self.thread
    }

    /// Whether this is the first call: a slow reader is reported once.
    pub(crate) fn report_once(&self) -> bool {
        !self.reported.swap(true, Ordering::Relaxed)
    }
}

/// Opening a pinned state gives up after so many states came and went; each was committed while it looked.
const RETRIES: usize = 1000;
