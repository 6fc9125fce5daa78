//! Over heed: commits do not flush the meta page, and `force_sync` flushes those before it.

use std::ops::RangeBounds;
use std::path::Path;
use std::thread;

use heed::byteorder::BigEndian;
use heed::types::{SerdeRmp, Str, U64};
use heed::{CommitOrAbort, Database, Env, EnvFlags};

use super::{Entry, Flushed, LogId, LogStore, Vote};
use crate::Result;
use crate::open_heed::open_heed;

/// The log.
pub struct Store {
    env: Env,
    log: Database<'static, U64<BigEndian>, SerdeRmp<Entry>>,
    votes: Database<'static, Str, SerdeRmp<Vote>>,
    purged: Database<'static, Str, SerdeRmp<LogId>>,
}

impl LogStore for Store {
    fn open(path: &Path) -> Result<Self> {
        let env = open_heed(path, EnvFlags::NO_META_SYNC)?;
        let opened = env.create_databases_and_commit(env.write_txn()?, |opener, txn| {
            let dbs = (opener.create_database(txn, Some("log"))?, opener.create_database(txn, Some("meta"))?);
            Ok::<_, heed::Error>(CommitOrAbort::<_, ()>::Commit(dbs))
        })?;
        let (log, votes) = opened.unwrap_commit();
        Ok(Self { log, votes, purged: votes.remap_data_type(), env })
    }

    fn save_vote(&self, vote: &Vote) -> Result<()> {
        let mut txn = self.env.write_txn()?;
        self.votes.put(&mut txn, "vote", vote)?;
        txn.commit()?;
        Ok(self.env.force_sync()?)
    }

    fn vote(&self) -> Result<Option<Vote>> {
        let txn = self.env.read_txn()?;
        Ok(self.votes.get(&txn, "vote")?)
    }

    fn append(&self, entries: &[Entry], flushed: Flushed) -> Result<()> {
        let mut txn = self.env.write_txn()?;
        entries.iter().try_for_each(|entry| self.log.put(&mut txn, &entry.id.index, entry))?;
        txn.commit()?;
        let env = self.env.clone();
        thread::spawn(move || flushed(env.force_sync().map_err(Into::into)));
        Ok(())
    }

    fn truncate(&self, from: u64) -> Result<()> {
        let mut txn = self.env.write_txn()?;
        self.log.delete_range(&mut txn, &(from..))?;
        Ok(txn.commit()?)
    }

    fn purge(&self, upto: LogId) -> Result<()> {
        let mut txn = self.env.write_txn()?;
        self.purged.put(&mut txn, "purged", &upto)?;
        self.log.delete_range(&mut txn, &(..=upto.index))?;
        Ok(txn.commit()?)
    }

    fn entries(&self, range: impl RangeBounds<u64>) -> Result<Vec<Entry>> {
        let txn = self.env.read_txn()?;
        Ok(self.log.range(&txn, &range)?.map(|row| row.map(|(_, entry)| entry)).collect::<heed::Result<_>>()?)
    }

    fn state(&self) -> Result<(Option<LogId>, Option<LogId>)> {
        let txn = self.env.read_txn()?;
        let purged = self.purged.get(&txn, "purged")?;
        Ok((purged, self.log.last(&txn)?.map(|(_, entry)| entry.id).or(purged)))
    }
}
