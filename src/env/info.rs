//! Information about an environment: sizes, pages, readers, DBIs.

use std::time::Duration;

use crate::catalog::{CATALOG, DbiKind, DbiRecord, Elsewhere, Schema, is_hidden_name};
use crate::env::handle::Env;
use crate::env::newest::{read_newest, read_newest_view};
use crate::error::Result;
use crate::state::{FreePages, MainEntry, State, WriterInfo, check_flags};

/// The result of [`Env::info`].
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
    /// Free pages that the next writer may take now. The other free pages were freed after the oldest state that this
    /// process or another reads.
    pub reclaimable_pages: u64,
    /// LMDB's id of the newest state. It restarts when the file is compacted.
    pub last_txn_id: u64,
    /// Transactions committed since the environment was created.
    pub commits: u64,
    /// Reader slots in use, over all processes: one for each state that a process reads or keeps for its next
    /// snapshot, and those of killed processes until they are cleared. 0 if there is no lock file.
    pub readers: u32,
    /// The number of reader slots.
    pub max_readers: u32,
    /// How long ago the oldest state that is still read was pinned. For another process's state, how long this
    /// process has seen it.
    pub oldest_snapshot_age: Option<Duration>,
    /// Transactions committed since that state. For another process's state, LMDB's commits.
    pub oldest_snapshot_lag: Option<u64>,
    /// Who holds the writer's lock, in this process or in another one that uses mapleaf. `None` if nobody does.
    pub writer: Option<WriterInfo>,
}

/// The description of one DBI in [`Env::dbis`]. [`Env::raw_dbi`](crate::Env::raw_dbi) opens it without its types.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DbiInfo {
    /// The name. A name that is not UTF-8, which only other software creates, is shown with replacement characters.
    pub name: String,
    /// The name of the key encoding; `bytes` for a foreign DBI, `unsupported` for an encoding that cannot be
    /// read. [`key::display`](crate::key::display) takes it, but for a [`MultiDbi`](crate::MultiDbi), whose stored keys
    /// are pairs: there use [`RawDbi::stored_key_type`](crate::RawDbi::stored_key_type).
    pub key_type: String,
    /// The name of the value encoding; `bytes` for a foreign DBI, `unsupported` for an encoding that cannot be
    /// read.
    pub value_type: String,
    /// How the entries are arranged.
    pub kind: DbiKind,
    /// The number of entries; for a [`MultiDbi`](crate::MultiDbi) the number of pairs.
    pub entries: u64,
}

impl Env {
    /// Sizes, pages and readers, as of the newest state. Walks the free list and the reader table: O(free pages +
    /// slots). Works without a reader slot if none is free.
    ///
    /// # Errors
    /// `Closed`, `Corrupted`, `Io`.
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
        // The writer is asked for first: if no reader slot is free, `read_newest` takes the writer's lock itself, and
        // this call would report itself.
        let writer = self.engine.writer();
        let (own, others) = (self.engine.kept_views(), self.engine.other_readers()?);
        let (slots, max_readers, map_size, file_size) = {
            let gate = self.engine.files()?;
            let slots = gate.lmdb_lock.as_ref().map_or(Ok(0), |lock| lock.slots().map(|slots| slots.len()))?;
            (slots, gate.lmdb.slots().max, gate.lmdb.map_size() as u64, gate.file_len()?)
        };
        read_newest_view(&self.engine, "info", |newest, above| {
            let seq = newest.head()?.seq.plus(above);
            let free = FreePages::of(newest)?;
            let oldest = own.iter().min_by_key(|view| view.pinned.lmdb_id());
            let oldest_other = others.iter().min_by_key(|other| other.state);
            let ids = [oldest.map(|own| own.pinned.lmdb_id()), oldest_other.map(|other| other.state)];
            let oldest_id = ids.into_iter().flatten().min().unwrap_or(newest.lmdb_id());
            let (age, lag) = match (oldest, oldest_other) {
                (Some(own), other) if other.is_none_or(|other| own.pinned.lmdb_id() <= other.state) => {
                    (Some(own.age()), Some(seq.transactions_since(own.seq()?)))
                }
                (_, Some(other)) => (Some(other.seen.elapsed()), Some(newest.lmdb_id().commits_since(other.state))),
                _ => (None, None),
            };
            let free_pages = free.all();
            Ok(EnvInfo {
                file_size,
                map_size,
                page_size: newest.meta().page_size,
                used_pages: newest.meta().last_page.count_to_here().saturating_sub(free_pages),
                free_pages,
                reclaimable_pages: free_pages - free.held_by(oldest_id),
                last_txn_id: newest.lmdb_id().0,
                commits: seq.0,
                readers: u32::try_from(slots).unwrap_or(u32::MAX),
                max_readers,
                oldest_snapshot_age: age,
                oldest_snapshot_lag: lag,
                writer,
            })
        })
    }

    /// The DBIs, in order of their names, without the catalogue and what other software keeps next to them.
    /// O(DBIs). Works without a reader slot if none is free.
    ///
    /// # Errors
    /// `Closed`, `Corrupted`, `Io`.
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
        read_newest(&self.engine, "dbis", list_dbis).map_err(|error| error.during("dbis"))
    }
}

/// The DBIs of a state, in order of their names.
pub(crate) fn list_dbis(newest: &State) -> Result<Vec<DbiInfo>> {
    let mut infos = Vec::new();
    for (name, tree) in newest.trees()? {
        let text = String::from_utf8_lossy(&name).into_owned();
        if text == CATALOG {
            continue;
        }
        let (kind, key_type, value_type) = match newest.dbi_record(&text)? {
            Some(DbiRecord::Live { .. }) if is_hidden_name(&text) => continue,
            Some(DbiRecord::Dropped) if tree.entries == 0 => continue,
            Some(DbiRecord::Moved(_) | DbiRecord::Live { elsewhere: Some(_), .. }) => continue,
            Some(DbiRecord::Live { schema, elsewhere: None, .. }) => described(schema),
            _ if check_flags(&tree, &text).is_err() || std::str::from_utf8(&name).is_err() => {
                (DbiKind::Unsupported, "unsupported".into(), "unsupported".into())
            }
            _ => (DbiKind::Foreign, "bytes".into(), "bytes".into()),
        };
        infos.push(DbiInfo { name: text, key_type, value_type, kind, entries: tree.entries });
    }
    // DBIs whose trees have other names were not found among the trees, so they are added by their records.
    for (name, record) in newest.dbi_records()? {
        let DbiRecord::Live { schema, elsewhere: Some(Elsewhere { tree, .. }), .. } = record else { continue };
        if let Some(MainEntry::Tree(tree)) = newest.main_entry(&tree)? {
            let (kind, key_type, value_type) = described(schema);
            infos.push(DbiInfo { name, key_type, value_type, kind, entries: tree.entries });
        }
    }
    infos.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(infos)
}

fn described(schema: Schema) -> (DbiKind, String, String) {
    (schema.kind(), schema.key.into(), schema.value.into())
}
