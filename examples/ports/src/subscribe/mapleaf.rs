//! Over mapleaf: a commit wakes those who wait for it.

use std::path::Path;
use std::time::{Duration, Instant};

use mapleaf::{Dbi, Env, ErrorKind, Msgpack, Read, WriteTxn};

use super::{Event, KEPT, Subscriber, Tree};
use crate::Result;

/// The tree, and its log.
#[derive(Clone)]
pub struct Store {
    env: Env,
    rows: Dbi<Vec<u8>, Vec<u8>>,
    log: Dbi<u64, Msgpack<Event>>,
}

/// A subscriber: what it wants, and the number of the next change.
pub struct Changes {
    store: Store,
    prefix: Vec<u8>,
    next: u64,
}

impl Store {
    fn next(&self, state: &impl Read) -> mapleaf::Result<u64> {
        Ok(self.log.keys(state)?.next_back().transpose()?.map_or(0, |last| last + 1))
    }

    fn note(&self, txn: &mut WriteTxn, event: &Event) -> mapleaf::Result<()> {
        let next = self.next(txn)?;
        self.log.append(txn, next, event)?;
        self.log.delete_range(txn, ..(next + 1).saturating_sub(KEPT)).map(drop)
    }
}

impl Tree for Store {
    type Subscriber = Changes;

    fn open(path: &Path) -> Result<Self> {
        let env = Env::open(path)?;
        Ok(Self { rows: env.dbi("rows")?, log: env.dbi("log")?, env })
    }

    fn insert(&self, key: &[u8], value: &[u8]) -> Result<()> {
        Ok(self.env.transact(|txn| {
            self.rows.put(txn, key, value)?;
            self.note(txn, &Event::Insert { key: key.into(), value: value.into() })
        })?)
    }

    fn remove(&self, key: &[u8]) -> Result<()> {
        Ok(self.env.transact(|txn| {
            if self.rows.delete(txn, key)? {
                self.note(txn, &Event::Remove { key: key.into() })?;
            }
            Ok(())
        })?)
    }

    fn watch_prefix(&self, prefix: &[u8]) -> Result<Changes> {
        Ok(Changes { store: self.clone(), prefix: prefix.into(), next: self.next(&self.env.snapshot()?)? })
    }
}

impl Changes {
    /// The next change, or the state that has none.
    fn pending(&mut self) -> Result<Result<Event, u64>> {
        let snap = self.store.env.snapshot()?;
        for row in self.store.log.range(&snap, self.next..)? {
            let (number, event) = row?;
            if number != self.next {
                return Err("the subscriber is too slow: changes are lost".into());
            }
            self.next += 1;
            if event.key().starts_with(&self.prefix) {
                return Ok(Ok(event));
            }
        }
        Ok(Err(snap.id()))
    }
}

impl Subscriber for Changes {
    fn next_timeout(&mut self, limit: Duration) -> Result<Option<Event>> {
        let began = Instant::now();
        loop {
            let seen = match self.pending()? {
                Ok(event) => return Ok(Some(event)),
                Err(seen) => seen,
            };
            match self.store.env.wait_changed(seen, limit.saturating_sub(began.elapsed())) {
                Err(error) if error.kind() == ErrorKind::Timeout => return Ok(None),
                changed => changed?,
            };
        }
    }

    async fn next(&mut self) -> Result<Event> {
        loop {
            match self.pending()? {
                Ok(event) => return Ok(event),
                Err(seen) => self.store.env.changed(seen).await?,
            };
        }
    }
}
