//! Over heed: LMDB tells nobody of a commit, so subscribers look for new ones.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use heed::byteorder::BigEndian;
use heed::types::{Bytes, DecodeIgnore, SerdeRmp, U64};
use heed::{CommitOrAbort, Database, Env, EnvFlags, PutFlags, RoTxn, RwTxn};

use super::{Event, KEPT, Subscriber, Tree};
use crate::Result;
use crate::open_heed::open_heed;

/// How often a subscriber looks.
const POLL: Duration = Duration::from_millis(20);

/// The tree, and its log.
#[derive(Clone)]
pub struct Store {
    env: Env,
    rows: Database<'static, Bytes, Bytes>,
    log: Database<'static, U64<BigEndian>, SerdeRmp<Event>>,
}

/// A subscriber: what it wants, and the number of the next change.
pub struct Changes {
    store: Store,
    prefix: Vec<u8>,
    next: u64,
}

impl Store {
    fn next(&self, txn: &RoTxn) -> heed::Result<u64> {
        Ok(self.log.remap_data_type::<DecodeIgnore>().last(txn)?.map_or(0, |(last, ())| last + 1))
    }

    fn note(&self, txn: &mut RwTxn, event: &Event) -> heed::Result<()> {
        let next = self.next(txn)?;
        self.log.put_with_flags(txn, PutFlags::APPEND, &next, event)?;
        self.log.delete_range(txn, &(..(next + 1).saturating_sub(KEPT))).map(drop)
    }
}

impl Tree for Store {
    type Subscriber = Changes;

    fn open(path: &Path) -> Result<Self> {
        let env = open_heed(path, EnvFlags::empty())?;
        let opened = env.create_databases_and_commit(env.write_txn()?, |opener, txn| {
            let dbs = (opener.create_database(txn, Some("rows"))?, opener.create_database(txn, Some("log"))?);
            Ok::<_, heed::Error>(CommitOrAbort::<_, ()>::Commit(dbs))
        })?;
        let (rows, log) = opened.unwrap_commit();
        Ok(Self { env, rows, log })
    }

    fn insert(&self, key: &[u8], value: &[u8]) -> Result<()> {
        let mut txn = self.env.write_txn()?;
        self.rows.put(&mut txn, key, value)?;
        self.note(&mut txn, &Event::Insert { key: key.into(), value: value.into() })?;
        Ok(txn.commit()?)
    }

    fn remove(&self, key: &[u8]) -> Result<()> {
        let mut txn = self.env.write_txn()?;
        if self.rows.delete(&mut txn, key)? {
            self.note(&mut txn, &Event::Remove { key: key.into() })?;
        }
        Ok(txn.commit()?)
    }

    fn watch_prefix(&self, prefix: &[u8]) -> Result<Changes> {
        let txn = self.env.read_txn()?;
        Ok(Changes { store: self.clone(), prefix: prefix.into(), next: self.next(&txn)? })
    }
}

impl Changes {
    /// The next change, if there is one.
    fn pending(&mut self) -> Result<Option<Event>> {
        let txn = self.store.env.read_txn()?;
        for row in self.store.log.range(&txn, &(self.next..))? {
            let (number, event) = row?;
            if number != self.next {
                return Err("the subscriber is too slow: changes are lost".into());
            }
            self.next += 1;
            if event.key().starts_with(&self.prefix) {
                return Ok(Some(event));
            }
        }
        Ok(None)
    }
}

impl Subscriber for Changes {
    fn next_timeout(&mut self, limit: Duration) -> Result<Option<Event>> {
        let began = Instant::now();
        loop {
            let pending = self.pending()?;
            let left = limit.saturating_sub(began.elapsed());
            if pending.is_some() || left.is_zero() {
                return Ok(pending);
            }
            thread::sleep(POLL.min(left));
        }
    }

    async fn next(&mut self) -> Result<Event> {
        loop {
            if let Some(event) = self.pending()? {
                return Ok(event);
            }
            tokio::time::sleep(POLL).await;
        }
    }
}
