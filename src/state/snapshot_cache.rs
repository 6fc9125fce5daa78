//! Leases: how threads share a pinned state without sharing a counter.
//!
//! Each thread finds the newest pinned state through a lease in its own shard, so taking a snapshot touches no cache
//! line that another thread writes. All leases on a state share its one `PinnedState` and its one reader slot. A
//! commit drops the leases that it made stale. Leases that commits of other processes made stale are dropped by the
//! sweep, twice a second. So an idle environment keeps no page from being reused.
//!
//! A thread also remembers its last leases weakly, in a thread-local. While its shard or a snapshot keeps a lease, the
//! thread gets it without the shard's lock. That saves two of the four locked instructions of a snapshot.

use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::error::Result;

/// What a lease is taken on: a view of a state.
pub(crate) trait Leased: Sized + 'static {
    /// Whether no newer state was committed.
    fn is_newest(&self) -> bool;

    /// Whether both are the same state.
    fn is_same(&self, other: &Self) -> bool;

    /// Runs `body` on the leases that this thread remembers; `None` if the thread's thread-locals are destroyed.
    fn with_remembered<R>(body: impl FnOnce(&RefCell<Remembered<Self>>) -> R) -> Option<R>;
}

/// The leases that a thread remembers: for each core, its number and the last lease on it, at the number modulo the
/// length.
pub(crate) type Remembered<T> = [(u64, Weak<Lease<T>>); REMEMBERED_LEASES];

/// One thread's hold on a pinned state, shared by its snapshots.
pub(crate) struct Lease<T> {
    pub view: T,
}

impl<T> Lease<T> {
    pub(crate) fn new(view: T) -> Arc<Self> {
        Arc::new(Self { view })
    }
}

/// Threads beyond this number share shards.
const SHARDS: usize = 16;

/// A lease on a cache line of its own.
#[repr(align(128))]
struct Shard<T>(Mutex<Option<Arc<Lease<T>>>>);

impl<T> Default for Shard<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

/// The cached leases of a core.
pub(crate) struct Leases<T> {
    shards: [Shard<T>; SHARDS],
    /// A bit for each shard that may hold a lease: a commit visits only these shards. Commits do not clear the bits:
    /// then each newly opened state would begin with a cache line that another processor core has written. The sweep
    /// clears them.
    occupied: AtomicUsize,
}

/// The number of cores whose leases a thread remembers.
pub(crate) const REMEMBERED_LEASES: usize = 4;

/// Threads are numbered in the order in which they come.
static THREADS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static SHARD: usize = THREADS.fetch_add(1, Ordering::Relaxed) % SHARDS;
}

/// The index of the core `id` among those that a thread remembers.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "its lowest bits")]
fn slot_of(id: u64) -> usize {
    id as usize % REMEMBERED_LEASES
}

/// The lease on the core `id` that this thread remembers, if it still exists.
#[inline]
fn remembered<T: Leased>(id: u64) -> Option<Arc<Lease<T>>> {
    let found = T::with_remembered(|leases| {
        let leases = leases.try_borrow().ok()?;
        let (core, lease) = &leases[slot_of(id)];
        if *core == id { lease.upgrade() } else { None }
    });
    found.flatten()
}

fn remember<T: Leased>(id: u64, lease: &Arc<Lease<T>>) {
    // If the thread-locals of this thread are destroyed already, the lease is not remembered. The next look-up then
    // goes through the shard.
    let _ = T::with_remembered(|leases| {
        if let Ok(mut leases) = leases.try_borrow_mut() {
            leases[slot_of(id)] = (id, Arc::downgrade(lease));
        }
    });
}

impl<T> Default for Leases<T> {
    fn default() -> Self {
        Self { shards: std::array::from_fn(|_| Shard::default()), occupied: AtomicUsize::new(0) }
    }
}

impl<T: Leased> Leases<T> {
    /// The newest state of the core with this number: by this thread's lease if that is still the newest, else by a new
    /// one, for which `pin` pins the newest state.
    #[inline]
    pub(crate) fn newest(&self, core: u64, pin: impl FnOnce() -> Result<T>) -> Result<Arc<Lease<T>>> {
        let before = match remembered::<T>(core) {
            Some(lease) if lease.view.is_newest() => return Ok(lease),
            before => before,
        };
        let lease = self.newest_of_shard(pin, before)?;
        remember(core, &lease);
        Ok(lease)
    }

    /// As [`newest`](Self::newest), by the lease in this thread's shard or a new one. `before` is a lease that is
    /// stale, or was stale while a commit was flushed. It is kept until the next state is open: its pin uses memory of
    /// this thread, and the committing thread must not end the pin at the same time.
    #[inline(never)]
    fn newest_of_shard(&self, pin: impl FnOnce() -> Result<T>, before: Option<Arc<Lease<T>>>) -> Result<Arc<Lease<T>>> {
        // If the thread-locals of this thread are destroyed already, it uses the first shard.
        let index = SHARD.try_with(|shard| *shard).unwrap_or(0);
        let shard = &self.shards[index];
        let cached = shard.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lease) = cached.as_ref().filter(|lease| lease.view.is_newest()) {
            return Ok(Arc::clone(lease));
        }
        let before = before.or_else(|| cached.as_ref().map(Arc::clone));
        drop(cached);
        let view = pin()?;
        if let Some(lease) = before.as_ref().filter(|lease| lease.view.is_same(&view)) {
            return Ok(Arc::clone(lease));
        }
        let lease = Lease::new(view);
        let mut cached = shard.0.lock().unwrap_or_else(PoisonError::into_inner);
        // `sweep` clears the bit under this shard's lock too. So it cannot clear the bit between here and the store of
        // the lease, and no lease is without its bit.
        if self.occupied.load(Ordering::Acquire) & 1 << index == 0 {
            self.occupied.fetch_or(1 << index, Ordering::AcqRel);
        }
        let stale = cached.replace(Arc::clone(&lease));
        drop(cached);
        // Ending a pin takes time, so the stale leases are dropped after the shard's lock is released.
        drop((stale, before));
        Ok(lease)
    }

    /// Drops the leases for which `drop_it` returns true.
    pub(crate) fn drop_if(&self, drop_it: impl Fn(&Arc<Lease<T>>) -> bool) {
        let mut occupied = self.occupied.load(Ordering::Acquire);
        while let Some(shard) = self.shards.get(occupied.trailing_zeros() as usize) {
            occupied &= occupied - 1;
            let mut cached = shard.0.lock().unwrap_or_else(PoisonError::into_inner);
            let dropped = if cached.as_ref().is_some_and(&drop_it) { cached.take() } else { None };
            drop(cached);
            drop(dropped);
        }
    }

    /// Clears the bits of empty shards, so that commits skip them.
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
