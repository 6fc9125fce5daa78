//! Over heed: the ids of an expiry are its duplicates. Each line of the listing is a search, since an iterator cannot
//! own its transaction.

use std::iter::from_fn;
use std::path::Path;

use futures_util::Stream;
use futures_util::stream::iter;
use heed::byteorder::BigEndian;
use heed::types::{SerdeRmp, U64, U128};
use heed::{CommitOrAbort, Database, DatabaseFlags, Env, RwTxn, WithoutTls};
use tokio::task::spawn_blocking;

use super::{Id, Session, SessionStore, fresh_id, line};
use crate::Result;
use crate::open_heed::open_heed_without_tls;

/// The store.
#[derive(Clone)]
pub struct Store {
    env: Env<WithoutTls>,
    sessions: Database<'static, U128<BigEndian>, SerdeRmp<Session>>,
    expiries: Database<'static, U64<BigEndian>, U128<BigEndian>>,
}

impl Store {
    /// Runs a transaction on a thread that may wait.
    async fn write<T: Send + 'static>(
        &self,
        change: impl FnOnce(&Self, &mut RwTxn) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let store = self.clone();
        let run = move || {
            let mut txn = store.env.write_txn()?;
            let out = change(&store, &mut txn)?;
            txn.commit()?;
            Ok(out)
        };
        spawn_blocking(run).await?
    }

    fn put(&self, txn: &mut RwTxn, id: Id, session: &Session) -> Result<()> {
        if let Some(old) = self.sessions.get(txn, &id)? {
            self.expiries.delete_one_duplicate(txn, &old.expires, &id)?;
        }
        self.sessions.put(txn, &id, session)?;
        Ok(self.expiries.put(txn, &session.expires, &id)?)
    }
}

impl SessionStore for Store {
    fn open(path: &Path) -> Result<Self> {
        let env = open_heed_without_tls(path)?;
        let opened = env.create_databases_and_commit(env.write_txn()?, |opener, txn| {
            let sessions = opener.create_database(txn, Some("sessions"))?;
            let mut expiries = opener.database_options().types();
            let expiries =
                expiries.name("expiries").flags(DatabaseFlags::DUP_SORT | DatabaseFlags::DUP_FIXED).create(txn)?;
            Ok::<_, heed::Error>(CommitOrAbort::<_, ()>::Commit((sessions, expiries)))
        })?;
        let (sessions, expiries) = opened.unwrap_commit();
        Ok(Self { env, sessions, expiries })
    }

    async fn create(&self, mut id: Id, session: Session) -> Result<Id> {
        self.write(move |store, txn| {
            while store.sessions.get(txn, &id)?.is_some() {
                id = fresh_id()?;
            }
            store.put(txn, id, &session).map(|()| id)
        })
        .await
    }

    async fn save(&self, id: Id, session: Session) -> Result<()> {
        self.write(move |store, txn| store.put(txn, id, &session)).await
    }

    async fn load(&self, id: Id, now: u64) -> Result<Option<Session>> {
        let txn = self.env.read_txn()?;
        let session = self.sessions.get(&txn, &id)?;
        Ok(session.filter(|session| session.expires > now))
    }

    async fn delete(&self, id: Id) -> Result<()> {
        self.write(move |store, txn| {
            if let Some(old) = store.sessions.get(txn, &id)? {
                store.expiries.delete_one_duplicate(txn, &old.expires, &id)?;
                store.sessions.delete(txn, &id)?;
            }
            Ok(())
        })
        .await
    }

    async fn delete_expired(&self, now: u64) -> Result<u64> {
        self.write(move |store, txn| {
            let mut count = 0;
            while let Some((expires, id)) = store.expiries.first(txn)?.filter(|(expires, _)| *expires <= now) {
                store.expiries.delete_one_duplicate(txn, &expires, &id)?;
                store.sessions.delete(txn, &id)?;
                count += 1;
            }
            Ok(count)
        })
        .await
    }

    fn lines(&self) -> Result<impl Stream<Item = Result<String>> + Send + 'static> {
        let (sessions, txn) = (self.sessions, self.env.clone().static_read_txn()?);
        let mut last = None;
        Ok(iter(from_fn(move || {
            let next = match last {
                Some(id) => sessions.get_greater_than(&txn, &id),
                None => sessions.first(&txn),
            };
            let row = next.map_err(Into::into).transpose()?;
            Some(row.map(|(id, session)| line(*last.insert(id), &session)))
        })))
    }
}
