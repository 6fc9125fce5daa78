//! What an environment says of itself: sizes, pages, readers, databases.

use std::thread::ThreadId;
use std::time::Duration;

use crate::env::catalog::{CATALOG, DbiKind, DbiRecord};
use crate::env::generation::Generation;
use crate::env::handle::Env;
use crate::env::state::check_flags;
use crate::error::{Error, Result};
use crate::page::Cursor;

/// What [`Env::info`] tells.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EnvInfo {
    /// The length of the data file in bytes.
    pub file_size: u64,
    /// The address space reserved for it in bytes.
    pub map_size: u64,
    /// The size of a page in bytes.
    pub page_size: u32,
    /// Pages that hold data: metas, trees, large values.
    pub used_pages: u64,
    /// Pages in the free list; writers take these first.
    pub free_pages: u64,
    /// Free pages that the next writer may take now: the others were freed after the oldest state that this process
    /// reads.
    pub reclaimable_pages: u64,
    /// LMDB's id of the newest state. It restarts when the file is compacted.
    pub last_txn_id: u64,
    /// Transactions committed since the environment was created.
    pub commits: u64,
    /// Reader slots that have been used since the lock file was made, by all processes.
    pub readers: u32,
    /// Reader slots that there are.
    pub max_readers: u32,
    /// How long ago this process pinned the oldest state that it still reads.
    pub oldest_snapshot_age: Option<Duration>,
    /// How many transactions were committed since that state.
    pub oldest_snapshot_lag: Option<u64>,
}

/// A state that this process reads: who keeps the file from reusing pages.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReaderInfo {
    /// The state, as [`Snapshot::id`](crate::Snapshot::id) counts.
    pub id: u64,
    /// How long ago it was pinned.
    pub age: Duration,
    /// Transactions committed since. To a callback of [`on_slow_reader`](crate::EnvOptions::on_slow_reader), which must not
    /// take another state to count them, those of another process are told as its commits, which may have several each.
    pub lag: u64,
    /// The thread of this process that pinned it first; others may read it too.
    pub thread: ThreadId,
}

impl ReaderInfo {
    /// What is to be told of `generation`, since which `lag` transactions were committed.
    pub(crate) fn of(generation: &Generation, lag: u64) -> Result<Self> {
        let id = generation.head()?.seq;
        Ok(Self { id, age: generation.opened().elapsed(), lag, thread: generation.thread() })
    }
}

/// What [`Env::dbis`] tells of one database.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DbiInfo {
    /// Its name. A name that is not UTF-8, which only other software makes, is shown with replacement characters.
    pub name: String,
    /// The name of its key encoding; `bytes` for a foreign one, `unsupported` for one that cannot be read.
    pub key_type: String,
    /// The name of its value encoding; `bytes` for a foreign one, `unsupported` for one that cannot be read.
    pub value_type: String,
    /// How its entries are arranged.
    pub kind: DbiKind,
    /// How many entries it has; for a [`MultiDbi`](crate::MultiDbi) how many pairs.
    pub entries: u64,
}

impl Env {
    /// Sizes, pages and readers, as of the newest state. Walks the free list: O(free pages).
    ///
    /// # Errors
    /// `Closed`, `ReadersFull`, `Corrupted`, `Io`.
    ///
    /// ```
    /// # use mapleaf::{Dbi, Env};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let ages: Dbi<&str, u32> = env.dbi("ages")?;
    /// env.transact(|txn| ages.put(txn, "ann", 42))?;
    /// let info = env.info()?;
    /// assert_eq!(info.commits, 2); // the creation of the DBI, and the put
    /// assert!(info.file_size <= info.map_size);
    /// # Ok(())
    /// # }
    /// ```
    pub fn info(&self) -> Result<EnvInfo> {
        self.gather_info().map_err(|error| error.during("info"))
    }

    fn gather_info(&self) -> Result<EnvInfo> {
        let others = self.engine.generations();
        let newest = self.engine.generation()?;
        let head = newest.head()?;
        let oldest = others.iter().min_by_key(|generation| generation.lmdb_id());
        let oldest_id = oldest.map_or(newest.lmdb_id(), |generation| generation.lmdb_id());
        let (free_pages, reclaimable_pages) = free_pages(&newest, oldest_id)?;
        let (slots, map_size, file_size) = {
            let gate = self.engine.files()?;
            (gate.lmdb.slots(), gate.lmdb.map_size() as u64, gate.file_len()?)
        };
        let oldest_lag = oldest.map(|generation| Ok::<_, Error>(head.seq.saturating_sub(generation.head()?.seq)));
        Ok(EnvInfo {
            file_size,
            map_size,
            page_size: newest.meta().page_size,
            used_pages: newest.meta().last_page.saturating_add(1).saturating_sub(free_pages),
            free_pages,
            reclaimable_pages,
            last_txn_id: newest.lmdb_id(),
            commits: head.seq,
            readers: slots.used,
            max_readers: slots.max,
            oldest_snapshot_age: oldest.map(|generation| generation.opened().elapsed()),
            oldest_snapshot_lag: oldest_lag.transpose()?,
        })
    }

    /// The states that this process reads, oldest first. Other processes' readers are counted by [`info`](Self::info)
    /// alone: LMDB's table of them cannot be read without giving up this process's own locks on it. O(states).
    ///
    /// # Errors
    /// `Closed`, `ReadersFull`, `Corrupted`, `Io`.
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
    /// # Ok(())
    /// # }
    /// ```
    pub fn readers(&self) -> Result<Vec<ReaderInfo>> {
        // Listed before the newest state is taken for their lag.
        let generations = self.engine.generations();
        let newest = self.engine.generation().map_err(|error| error.during("readers"))?.head()?.seq;
        let mut readers = generations
            .iter()
            .map(|one| ReaderInfo::of(one, newest.saturating_sub(one.head()?.seq)))
            .collect::<Result<Vec<_>>>()?;
        readers.sort_by_key(|reader| reader.id);
        Ok(readers)
    }

    /// The databases, in order of their names; the catalogue and what other software keeps beside them are left out.
    /// O(databases).
    ///
    /// # Errors
    /// `Closed`, `ReadersFull`, `Corrupted`, `Io`.
    ///
    /// ```
    /// # use mapleaf::{Dbi, Env, Msgpack};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let users: Dbi<(u32, &str), Msgpack<Vec<u8>>> = env.dbi("users")?;
    /// let info = &env.dbis()?[0];
    /// assert_eq!((&info.name[..], &info.key_type[..], &info.value_type[..]), ("users", "(u32,str)", "msgpack"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn dbis(&self) -> Result<Vec<DbiInfo>> {
        let newest = self.engine.generation().map_err(|error| error.during("dbis"))?;
        let mut infos = Vec::new();
        for (name, tree) in newest.trees()? {
            let text = String::from_utf8_lossy(&name).into_owned();
            if text == CATALOG {
                continue;
            }
            let (kind, key_type, value_type) = match newest.dbi_record(&text)? {
                Some(DbiRecord::Dropped) => continue,
                Some(DbiRecord::Live { schema, .. }) => (schema.kind(), schema.key.into(), schema.value.into()),
                None if check_flags(&tree, &text).is_err() || std::str::from_utf8(&name).is_err() => {
                    (DbiKind::Unsupported, "unsupported".into(), "unsupported".into())
                }
                None => (DbiKind::Foreign, "bytes".into(), "bytes".into()),
            };
            infos.push(DbiInfo { name: text, key_type, value_type, kind, entries: tree.entries });
        }
        Ok(infos)
    }
}

/// Pages in the free list, and those freed by transactions that no reader of this process precedes.
fn free_pages(generation: &Generation, oldest: u64) -> Result<(u64, u64)> {
    let root = generation.meta().free.root;
    let mut cursor = Cursor::unordered(generation.pages(), &generation.meta().free)?;
    let (mut all, mut reclaimable) = (0_u64, 0_u64);
    while let Some((key, value)) = cursor.next()? {
        let damaged = || Error::corrupted(root, "a record of the free list is cut short");
        let freed_by = u64::from_ne_bytes(*key.first_chunk().ok_or_else(damaged)?);
        let (count, pages) = value.split_first_chunk().ok_or_else(damaged)?;
        let count = u64::from_ne_bytes(*count);
        // Eight bytes a page; a record may be longer than it needs.
        if count > pages.len() as u64 / 8 {
            return Err(damaged());
        }
        // Large records could share their pages in a damaged file, so their sum is not bounded by its length.
        all = all.checked_add(count).ok_or_else(damaged)?;
        if freed_by < oldest {
            reclaimable += count;
        }
    }
    Ok((all, reclaimable))
}
