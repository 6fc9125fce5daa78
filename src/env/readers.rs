//! Who reads which state, in this process and in others: what keeps the file from reusing pages.

use std::collections::BTreeMap;
use std::process;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::ThreadId;
use std::time::{Duration, Instant};

use crate::env::engine::Engine;
use crate::env::free_list::FreePages;
use crate::env::handle::Env;
use crate::env::newest::read_newest;
use crate::env::pinned_state::PinnedState;
use crate::error::Result;

/// A state that is read: who keeps the file from reusing pages.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReaderInfo {
    /// The state, as [`Snapshot::id`](crate::Snapshot::id) counts; of another process's the highest that it can be.
    pub id: u64,
    /// How long ago it was pinned; of another process's how long this process has seen it, by listing readers or by its own
    /// looks at them twice a second.
    pub age: Duration,
    /// Transactions committed since. Of another process's state, and to a callback of
    /// [`on_slow_reader`](crate::EnvOptions::on_slow_reader) where another process committed, LMDB's commits are counted,
    /// which may have several transactions each.
    pub lag: u64,
    /// The thread of this process that pinned it first; others may read it too. `None` for another process's.
    pub thread: Option<ThreadId>,
    /// The id of the process that reads it.
    pub process: u32,
    /// Pages that were freed since and cannot be reused while it is read. `None` to a callback of
    /// [`on_slow_reader`](crate::EnvOptions::on_slow_reader), which must not read the file to count them.
    pub held_pages: Option<u64>,
}

impl ReaderInfo {
    /// What is known of `pinned`, since which `lag` transactions were committed.
    pub(crate) fn of(pinned: &PinnedState, lag: u64) -> Result<Self> {
        Ok(Self {
            id: pinned.head()?.seq,
            age: pinned.opened().elapsed(),
            lag,
            thread: Some(pinned.thread()),
            process: process::id(),
            held_pages: None,
        })
    }
}

/// A state that another process reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OtherReader {
    pub process: u32,
    /// LMDB's id of the state.
    pub state: u64,
    /// Since when this process has seen it.
    pub seen: Instant,
}

/// The states that other processes read, each with the moment in which it was first seen.
#[derive(Default)]
pub(crate) struct OtherReaders(Mutex<BTreeMap<(u32, u64), Instant>>);

impl Engine {
    /// The states that other processes read now, by LMDB's reader table.
    pub(crate) fn other_readers(&self) -> Result<Vec<OtherReader>> {
        let lmdb_lock = self.files()?.lmdb_lock.clone();
        let Some(lmdb_lock) = lmdb_lock else { return Ok(Vec::new()) };
        let (own, now) = (process::id(), Instant::now());
        let mut seen = self.others.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found = BTreeMap::new();
        for slot in lmdb_lock.slots()?.into_iter().filter(|slot| slot.process != own) {
            if let Some(state) = slot.state {
                let key = (slot.process, state);
                found.insert(key, seen.get(&key).copied().unwrap_or(now));
            }
        }
        seen.clone_from(&found);
        let reader = |((process, state), seen)| OtherReader { process, state, seen };
        Ok(found.into_iter().map(reader).collect())
    }
}

impl Env {
    /// The states that are read, by this process and by others, oldest first. Takes no reader slot: it works also where all
    /// are taken. O(states + free pages).
    ///
    /// A process that was killed is listed until its slots are freed: see [`clear_stale_readers`](Self::clear_stale_readers).
    ///
    /// # Errors
    /// `Closed`, `Corrupted`, `Io`.
    ///
    /// ```
    /// # use mapleaf::{Dbi, Env};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// # let ages: Dbi<&str, u32> = env.dbi("ages")?;
    /// let forgotten = env.snapshot()?;
    /// env.transact(|txn| ages.put(txn, "ann", 42))?;
    /// let readers = env.readers()?;
    /// assert_eq!((readers[0].id, readers[0].lag), (forgotten.id(), 1));
    /// assert_eq!(readers[0].process, std::process::id());
    /// # Ok(())
    /// # }
    /// ```
    pub fn readers(&self) -> Result<Vec<ReaderInfo>> {
        list(&self.engine).map_err(|error| error.during("readers"))
    }
}

fn list(engine: &Arc<Engine>) -> Result<Vec<ReaderInfo>> {
    // Listed before the newest state is taken for their lag.
    let (own, others) = (engine.pinned_states(), engine.other_readers()?);
    read_newest(engine, "readers", |newest| {
        let seq = newest.head()?.seq;
        let free = FreePages::of(newest)?;
        let mut readers = Vec::new();
        for one in &own {
            let mut reader = ReaderInfo::of(one, seq.saturating_sub(one.head()?.seq))?;
            reader.held_pages = Some(free.held_by(one.lmdb_id()));
            readers.push((one.lmdb_id(), reader));
        }
        for other in &others {
            let lag = newest.lmdb_id().saturating_sub(other.state);
            let reader = ReaderInfo {
                id: seq.saturating_sub(lag),
                age: other.seen.elapsed(),
                lag,
                thread: None,
                process: other.process,
                held_pages: Some(free.held_by(other.state)),
            };
            readers.push((other.state, reader));
        }
        readers.sort_by_key(|(state, reader)| (*state, reader.process));
        Ok(readers.into_iter().map(|(_, reader)| reader).collect())
    })
}
