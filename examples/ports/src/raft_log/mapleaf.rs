//! Over mapleaf: commits are `Eventual`, but for the vote. `sync` flushes those before it.

use std::ops::RangeBounds;
use std::path::Path;
use std::thread;

use mapleaf::{Dbi, Durability, Env, Msgpack};

use super::{Entry, Flushed, LogId, LogStore, Vote};
use crate::Result;

/// The log.
pub struct Store {
    env: Env,
    log: Dbi<u64, Msgpack<Entry>>,
    votes: Dbi<&'static str, Msgpack<Vote>>,
    purged: Dbi<&'static str, Msgpack<LogId>>,
}

impl LogStore for Store {
    fn open(path: &Path) -> Result<Self> {
        let env = Env::options().durability(Durability::Eventual).open(path)?;
        Ok(Self { log: env.dbi("log")?, votes: env.dbi("meta")?, purged: env.dbi("meta")?, env })
    }

    fn save_vote(&self, vote: &Vote) -> Result<()> {
        Ok(self.env.transact_with(Durability::Immediate, |txn| self.votes.put(txn, "vote", vote))?)
    }

    fn vote(&self) -> Result<Option<Vote>> {
        Ok(self.votes.get(&self.env.snapshot()?, "vote")?)
    }

    fn append(&self, entries: &[Entry], flushed: Flushed) -> Result<()> {
        self.env.transact(|txn| self.log.load(txn, entries.iter().map(|entry| (entry.id.index, entry))))?;
        let env = self.env.clone();
        thread::spawn(move || flushed(env.sync().map_err(Into::into)));
        Ok(())
    }

    fn truncate(&self, from: u64) -> Result<()> {
        self.env.transact(|txn| self.log.delete_range(txn, from..))?;
        Ok(())
    }

    fn purge(&self, upto: LogId) -> Result<()> {
        self.env.transact(|txn| {
            self.purged.put(txn, "purged", &upto)?;
            self.log.delete_range(txn, ..=upto.index)
        })?;
        Ok(())
    }

    fn entries(&self, range: impl RangeBounds<u64>) -> Result<Vec<Entry>> {
        let range = (range.start_bound().cloned(), range.end_bound().cloned());
        Ok(self.log.range(&self.env.snapshot()?, range)?.values().collect::<mapleaf::Result<_>>()?)
    }

    fn state(&self) -> Result<(Option<LogId>, Option<LogId>)> {
        let snap = self.env.snapshot()?;
        let purged = self.purged.get(&snap, "purged")?;
        Ok((purged, self.log.last(&snap)?.map(|(_, entry)| entry.id).or(purged)))
    }
}
