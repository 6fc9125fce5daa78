//! A backend that counts its calls.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mapleaf::store::{Backend, BackendTxn, Capabilities, Changes, Committed, Memory, MemorySnapshot, MemorySpace};
use mapleaf::{CommitId, Result};

/// A memory, and how often anything was asked of it.
#[derive(Clone)]
pub struct Counting {
    memory: Memory,
    calls: Arc<AtomicUsize>,
}

impl Counting {
    pub fn new() -> Result<Self> {
        Ok(Self { memory: Memory::new()?, calls: Arc::default() })
    }

    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    fn counted(&self) -> &Memory {
        self.calls.fetch_add(1, Ordering::Relaxed);
        &self.memory
    }
}

impl Backend for Counting {
    type Space = MemorySpace;
    type Snapshot = MemorySnapshot;

    fn capabilities(&self) -> Capabilities {
        self.counted().capabilities()
    }

    fn id(&self) -> [u8; 16] {
        self.counted().id()
    }

    fn open_space(&self, name: &str, key: &str, value: &str) -> Result<MemorySpace> {
        self.counted().open_space(name, key, value)
    }

    fn snapshot(&self) -> Result<MemorySnapshot> {
        self.counted().snapshot()
    }

    fn commit(&self, changes: Changes<MemorySpace>) -> Result<Committed> {
        self.counted().commit(changes)
    }

    fn transact<T>(&self, work: impl FnMut(&mut dyn BackendTxn<MemorySpace>) -> Result<T>) -> Result<(T, Committed)> {
        self.counted().transact(work)
    }

    fn wait_changed(&self, since: CommitId, limit: Duration) -> Result<CommitId> {
        self.counted().wait_changed(since, limit)
    }
}
