//! Over mapleaf.

use std::path::Path;

use futures_util::{Stream, StreamExt};
use mapleaf::{Dbi, Env, Error, Msgpack, WriteTxn};
use tokio::task::spawn_blocking;

use super::{Id, Session, SessionStore, fresh_id, line};
use crate::Result;

/// The store.
#[derive(Clone)]
pub struct Store {
    env: Env,
    sessions: Dbi<Id, Msgpack<Session>>,
    expiries: Dbi<(u64, Id), ()>,
}

impl Store {
    /// Runs a transaction on a thread that may wait.
    async fn write<T: Send + 'static>(
        &self,
        change: impl FnOnce(&Self, &mut WriteTxn) -> mapleaf::Result<T> + Send + 'static,
    ) -> Result<T> {
        let store = self.clone();
        Ok(spawn_blocking(move || store.env.transact(|txn| change(&store, txn))).await??)
    }

    fn put(&self, txn: &mut WriteTxn, id: Id, session: &Session) -> mapleaf::Result<()> {
        if let Some(old) = self.sessions.replace(txn, id, session)? {
            self.expiries.delete(txn, (old.expires, id))?;
        }
        self.expiries.put(txn, (session.expires, id), ())
    }
}

impl SessionStore for Store {
    fn open(path: &Path) -> Result<Self> {
        let env = Env::open(path)?;
        Ok(Self { sessions: env.dbi("sessions")?, expiries: env.dbi("expiries")?, env })
    }

    async fn create(&self, mut id: Id, session: Session) -> Result<Id> {
        self.write(move |store, txn| {
            while store.sessions.contains(txn, id)? {
                id = fresh_id().map_err(Error::other)?;
            }
            store.put(txn, id, &session).map(|()| id)
        })
        .await
    }

    async fn save(&self, id: Id, session: Session) -> Result<()> {
        self.write(move |store, txn| store.put(txn, id, &session)).await
    }

    async fn load(&self, id: Id, now: u64) -> Result<Option<Session>> {
        let session = self.sessions.get(&self.env.snapshot()?, id)?;
        Ok(session.filter(|session| session.expires > now))
    }

    async fn delete(&self, id: Id) -> Result<()> {
        self.write(move |store, txn| {
            if let Some(old) = store.sessions.take(txn, id)? {
                store.expiries.delete(txn, (old.expires, id))?;
            }
            Ok(())
        })
        .await
    }

    async fn delete_expired(&self, now: u64) -> Result<u64> {
        self.write(move |store, txn| {
            let mut count = 0;
            while let Some((key, ())) = store.expiries.first(txn)?.filter(|((expires, _), ())| *expires <= now) {
                store.expiries.delete(txn, key)?;
                store.sessions.delete(txn, key.1)?;
                count += 1;
            }
            Ok(count)
        })
        .await
    }

    fn lines(&self) -> Result<impl Stream<Item = Result<String>> + Send + 'static> {
        let rows = self.sessions.iter_owned(self.env.snapshot()?)?.into_stream();
        Ok(rows.map(|row| Ok(row.map(|(id, session)| line(id, &session))?)))
    }
}
