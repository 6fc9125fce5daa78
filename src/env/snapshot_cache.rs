//! Leases: how threads share a pinned state without sharing a counter.
//!
//! Each thread finds the newest pinned state through a lease in its own shard, so taking a snapshot touches no cache line
//! that another thread writes. All leases of a state hold the one pinned state, with its one reader slot. A commit drops
//! those that it made stale; for commits of other processes a thread looks twice a second. So an idle environment keeps no
//! page from being reused.
//!
//! The thread itself remembers its leases weakly: as long as one is kept in its shard, or by a snapshot, it is had without
//! the shard's lock, which is two of the four locked instructions that a snapshot would take.

use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::env::engine::Engine;
use crate::env::pinned_state::PinnedState;
use crate::error::Result;

/// One thread's hold on a pinned state, shared by the snapshots it takes.
pub(crate) struct Lease {
    pub pinned: Arc<PinnedState>,
}

impl Lease {
    pub(crate) fn new(pinned: Arc<PinnedState>) -> Arc<Self> {
        Arc::new(Self { pinned })
    }
}

/// Threads beyond this number share shards.
const SHARDS: usize = 16;

/// A lease on a cache line of its own.
#[derive(Default)]
#[repr(align(128))]
struct Shard(Mutex<Option<Arc<Lease>>>);

/// The cached leases of an engine.
#[derive(Default)]
pub(crate) struct Leases {
    shards: [Shard; SHARDS],
    /// A bit for each shard that may hold a lease: commits look at these alone. They do not change it, or each state that a
    /// thread opens would begin with a line that another core has written; the sweep does.
    occupied: AtomicUsize,
}

/// Engines whose leases a thread remembers.
const ENGINES: usize = 4;

/// Threads are numbered as they come.
static THREADS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static SHARD: usize = THREADS.fetch_add(1, Ordering::Relaxed) % SHARDS;
    /// The engine and the last lease on it, in the place that the engine's id has modulo their number.
    static REMEMBERED: RefCell<[(u64, Weak<Lease>); ENGINES]> = const { RefCell::new([const { (0, Weak::new()) }; ENGINES]) };
}

/// The place of the engine `id` among those that a thread remembers.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "its lowest bits")]
fn place(id: u64) -> usize {
    id as usize % ENGINES
}

/// The lease on the engine `id` that this thread remembers, if anybody keeps it.
#[inline]
fn remembered(id: u64) -> Option<Arc<Lease>> {
    let found = REMEMBERED.try_with(|leases| {
        let leases = leases.try_borrow().ok()?;
        let (engine, lease) = &leases[place(id)];
        if *engine == id { lease.upgrade() } else { None }
    });
    found.ok().flatten()
}

fn remember(id: u64, lease: &Arc<Lease>) {
    // A thread whose locals are gone already remembers nothing.
    let _ = REMEMBERED.try_with(|leases| {
        if let Ok(mut leases) = leases.try_borrow_mut() {
            leases[place(id)] = (id, Arc::downgrade(lease));
        }
    });
}

impl Leases {
    /// The newest state, by this thread's lease if it still is.
    #[inline]
    pub(crate) fn newest(&self, engine: &Arc<Engine>) -> Result<Arc<Lease>> {
        let before = match remembered(engine.id()) {
            Some(lease) if lease.pinned.is_newest() => return Ok(lease),
            before => before,
        };
        let lease = self.newest_of_shard(engine, before)?;
        remember(engine.id(), &lease);
        Ok(lease)
    }

    /// As [`newest`](Self::newest), by the lease in this thread's shard or a new one. `before` is one that is stale, or was when
    /// a commit was being flushed: it is kept until the next state is open, so that its pin, whose memory is this thread's,
    /// is not ended by the committing thread at the same time.
    #[inline(never)]
    fn newest_of_shard(&self, engine: &Arc<Engine>, before: Option<Arc<Lease>>) -> Result<Arc<Lease>> {
        // A thread whose locals are gone already takes the first shard.
        let index = SHARD.try_with(|shard| *shard).unwrap_or(0);
        let shard = &self.shards[index];
        let cached = shard.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lease) = cached.as_ref().filter(|lease| lease.pinned.is_newest()) {
            return Ok(Arc::clone(lease));
        }
        let before = before.or_else(|| cached.as_ref().map(Arc::clone));
        drop(cached);
        let pinned = engine.pinned()?;
        if let Some(lease) = before.as_ref().filter(|lease| Arc::ptr_eq(&lease.pinned, &pinned)) {
            return Ok(Arc::clone(lease));
        }
        let lease = Lease::new(pinned);
        let mut cached = shard.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Under the shard's lock, as is the clearing: a set bit is never lost.
        if self.occupied.load(Ordering::Acquire) & 1 << index == 0 {
            self.occupied.fetch_or(1 << index, Ordering::AcqRel);
        }
        let stale = cached.replace(Arc::clone(&lease));
        drop(cached);
        // Dropped outside the lock: ending a pin takes time.
        drop((stale, before));
        Ok(lease)
    }

    /// Drops the leases of which `drop_it` is true.
    pub(crate) fn drop_if(&self, drop_it: impl Fn(&Arc<Lease>) -> bool) {
        let mut occupied = self.occupied.load(Ordering::Acquire);
        while let Some(shard) = self.shards.get(occupied.trailing_zeros() as usize) {
            occupied &= occupied - 1;
            let mut cached = shard.0.lock().unwrap_or_else(PoisonError::into_inner);
            let dropped = if cached.as_ref().is_some_and(&drop_it) { cached.take() } else { None };
            drop(cached);
            drop(dropped);
        }
    }

    /// Has commits pass over the shards that are empty.
    pub(crate) fn sweep(&self) {
        let occupied = self.occupied.load(Ordering::Acquire);
        for (index, shard) in self.shards.iter().enumerate().filter(|(index, _)| occupied & 1 << index != 0) {
            let cached = shard.0.lock().unwrap_or_else(PoisonError::into_inner);
            if cached.is_none() {
                self.occupied.fetch_and(!(1 << index), Ordering::AcqRel);
            }
        }
    }
}
