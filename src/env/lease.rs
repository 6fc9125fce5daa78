//! Leases: how threads share a generation without sharing a counter.
//!
//! Each thread finds the newest generation through a lease in its own shard, so taking a snapshot touches no cache line
//! that another thread writes. All leases of a state hold the one generation, with its one reader slot. A commit drops
//! those that it made stale; for commits of other processes a thread looks twice a second. So an idle environment keeps no
//! page from being reused.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::env::engine::Engine;
use crate::env::generation::Generation;
use crate::error::Result;

/// One thread's hold on a generation, shared by the snapshots it takes.
pub(crate) struct Lease {
    pub generation: Arc<Generation>,
}

impl Lease {
    pub(crate) fn new(generation: Arc<Generation>) -> Arc<Self> {
        Arc::new(Self { generation })
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
    /// A bit for each shard that may hold a lease: commits look at these alone.
    occupied: AtomicUsize,
}

/// Threads are numbered as they come.
static THREADS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static SHARD: usize = THREADS.fetch_add(1, Ordering::Relaxed) % SHARDS;
}

impl Leases {
    /// The newest state, by this thread's lease if it still is.
    #[inline]
    pub(crate) fn newest(&self, engine: &Arc<Engine>) -> Result<Arc<Lease>> {
        // A thread whose locals are gone already takes the first shard.
        let index = SHARD.try_with(|shard| *shard).unwrap_or(0);
        let shard = &self.shards[index];
        let cached = shard.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lease) = cached.as_ref().filter(|lease| lease.generation.is_newest()) {
            return Ok(Arc::clone(lease));
        }
        let before = cached.as_ref().map(Arc::clone);
        drop(cached);
        let generation = engine.generation()?;
        if let Some(lease) = before.filter(|lease| Arc::ptr_eq(&lease.generation, &generation)) {
            return Ok(lease);
        }
        let lease = Lease::new(generation);
        let mut cached = shard.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Under the shard's lock, as is the clearing: a set bit is never lost.
        self.occupied.fetch_or(1 << index, Ordering::AcqRel);
        let stale = cached.replace(Arc::clone(&lease));
        drop(cached);
        // Dropped outside the lock: ending a pin takes time.
        drop(stale);
        Ok(lease)
    }

    /// Drops the leases of which `drop_it` is true.
    pub(crate) fn drop_if(&self, drop_it: impl Fn(&Arc<Lease>) -> bool) {
        let mut occupied = self.occupied.load(Ordering::Acquire);
        while let Some(shard) = self.shards.get(occupied.trailing_zeros() as usize) {
            let index = occupied.trailing_zeros();
            occupied &= occupied - 1;
            let mut cached = shard.0.lock().unwrap_or_else(PoisonError::into_inner);
            let dropped = if cached.as_ref().is_some_and(&drop_it) { cached.take() } else { None };
            if cached.is_none() {
                self.occupied.fetch_and(!(1 << index), Ordering::AcqRel);
            }
            drop(cached);
            drop(dropped);
        }
    }
}
