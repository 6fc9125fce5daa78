//! The states that other processes read, by LMDB's reader table.

use std::collections::BTreeMap;
use std::process;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::error::Result;
use crate::lmdb::LmdbLock;
use crate::page::LmdbTxnId;

/// A state that another process reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OtherReader {
    pub process: u32,
    /// LMDB's id of the state.
    pub state: LmdbTxnId,
    /// When this process first saw it.
    pub seen: Instant,
}

/// The states that other processes read, each with the time when it was first seen.
#[derive(Default)]
pub(crate) struct OtherReaders(Mutex<BTreeMap<(u32, LmdbTxnId), Instant>>);

impl OtherReaders {
    /// The states that other processes read now, by LMDB's reader table.
    pub(crate) fn list(&self, lmdb_lock: &LmdbLock) -> Result<Vec<OtherReader>> {
        let (own, now) = (process::id(), Instant::now());
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
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
