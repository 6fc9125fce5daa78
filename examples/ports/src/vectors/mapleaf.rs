//! Over mapleaf: one reader of the transaction, which the threads share.

use std::path::Path;
use std::thread;

use mapleaf::{Dbi, Env, Msgpack, Read};

use super::{Index, Nearest, THREADS, bytes_of};
use crate::Result;

/// The index.
pub struct Store {
    env: Env,
    items: Dbi<u32, &'static [u8]>,
    links: Dbi<u32, Msgpack<Vec<u32>>>,
}

impl Store {
    fn link(&self, state: &impl Read, (id, vector): (u32, &[u8])) -> Result<(u32, Vec<u32>)> {
        let mut nearest = Nearest::new(vector);
        for item in self.items.iter(state)? {
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
        let env = Env::open(path)?;
        Ok(Self { items: env.dbi("items")?, links: env.dbi("links")?, env })
    }

    fn add(&self, items: &[(u32, Vec<f32>)]) -> Result<()> {
        self.env.transact_or(|txn| {
            for (id, vector) in items {
                self.items.put(txn, *id, &bytes_of(vector))?;
            }
            let reader = txn.reader();
            let links: Result<Vec<Vec<_>>> = thread::scope(|scope| {
                let mut threads = Vec::new();
                for part in self.items.par_scan(&reader, .., THREADS)? {
                    threads.push(scope.spawn(move || part.map(|item| self.link(&reader, item?)).collect()));
                }
                threads.into_iter().map(|thread| thread.join().map_err(|_| "a thread panicked")?).collect()
            });
            for (id, nearest) in links?.into_iter().flatten() {
                self.links.put(txn, id, &nearest)?;
            }
            Ok(())
        })
    }

    fn nearest(&self, id: u32) -> Result<Option<Vec<u32>>> {
        Ok(self.links.get(&self.env.snapshot()?, id)?)
    }
}
