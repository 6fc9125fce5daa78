//! Over heed: a nested transaction for each thread.

use std::path::Path;
use std::thread;

use heed::byteorder::BigEndian;
use heed::types::{Bytes, DecodeIgnore, SerdeRmp, U32};
use heed::{CommitOrAbort, Database, Env, RoTxn, WithoutTls};

use super::{Index, Nearest, THREADS, bytes_of};
use crate::Result;
use crate::open_heed::open_heed_without_tls;

/// The index.
pub struct Store {
    env: Env<WithoutTls>,
    items: Database<'static, U32<BigEndian>, Bytes>,
    links: Database<'static, U32<BigEndian>, SerdeRmp<Vec<u32>>>,
}

impl Store {
    fn link(&self, txn: &RoTxn, id: u32) -> Result<(u32, Vec<u32>)> {
        let mut nearest = Nearest::new(self.items.get(txn, &id)?.ok_or("an item is missing")?);
        for item in self.items.iter(txn)? {
            let (other, vector) = item?;
            if other != id {
                nearest.offer(other, vector);
            }
        }
        Ok((id, nearest.ids()))
    }
}

impl Index for Store {
    fn open(path: &Path) -> Result<Self> {
        let env = open_heed_without_tls(path)?;
        let opened = env.create_databases_and_commit(env.write_txn()?, |opener, txn| {
            let dbs = (opener.create_database(txn, Some("items"))?, opener.create_database(txn, Some("links"))?);
            Ok::<_, heed::Error>(CommitOrAbort::<_, ()>::Commit(dbs))
        })?;
        let (items, links) = opened.unwrap_commit();
        Ok(Self { env, items, links })
    }

    fn add(&self, items: &[(u32, Vec<f32>)]) -> Result<()> {
        let mut txn = self.env.write_txn()?;
        for (id, vector) in items {
            self.items.put(&mut txn, id, &bytes_of(vector))?;
        }
        let ids = self.items.remap_data_type::<DecodeIgnore>().iter(&txn)?.map(|item| item.map(|(id, ())| id));
        let ids = ids.collect::<heed::Result<Vec<_>>>()?;
        let links: Result<Vec<Vec<_>>> = thread::scope(|scope| {
            let mut threads = Vec::new();
            for ids in ids.chunks(ids.len().div_ceil(THREADS).max(1)) {
                let txn = self.env.nested_read_txn(&txn)?;
                threads.push(scope.spawn(move || ids.iter().map(|id| self.link(&txn, *id)).collect()));
            }
            threads.into_iter().map(|thread| thread.join().map_err(|_| "a thread panicked")?).collect()
        });
        for (id, nearest) in links?.into_iter().flatten() {
            self.links.put(&mut txn, &id, &nearest)?;
        }
        Ok(txn.commit()?)
    }

    fn nearest(&self, id: u32) -> Result<Option<Vec<u32>>> {
        let txn = self.env.read_txn()?;
        Ok(self.links.get(&txn, &id)?)
    }
}
