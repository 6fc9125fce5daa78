//! LMDB's write transaction: its lock, its handles, and the changes made in it.
#![expect(unsafe_code, reason = "entries and databases are removed by unsafe calls")]

use std::collections::BTreeMap;
use std::ops::Bound;

use heed::types::{Bytes, DecodeIgnore};
use heed::{CommitOrAbort, CommitToken, OnCommit, WithoutTls};

use crate::catalog::{CATALOG, HEAD_KEY};
use crate::error::{Error, ErrorKind, Result};
use crate::lmdb::connection::Lmdb;
use crate::lmdb::failure::Failure;
use crate::lmdb::puts::Puts;
use crate::page::{LeafFill, LmdbTxnId};

/// A large value is copied in this many pieces, of this many bytes at least. Some allocators copy a block to shrink it.
const PIECES: usize = 32;
const LEAST_PIECE: usize = 1 << 20;

type Handle<'e> = heed::Database<'e, Bytes, Bytes>;

impl Lmdb {
    /// Waits for LMDB's write lock, across processes. The result must be committed or dropped on this thread.
    pub(crate) fn begin_write(&self) -> Result<Writer<'_>, Failure> {
        self.env.write_txn().map(|txn| Writer { txn, lmdb: self }).map_err(Failure::of)
    }
}

/// LMDB's write lock, held by an open write transaction.
pub(crate) struct Writer<'e> {
    txn: heed::RwTxn<'e>,
    lmdb: &'e Lmdb,
}

/// Handles opened by committed transactions. An abort clears them all: if the transaction dropped a DBI, its handle is
/// closed already, and handles that the aborted transaction opened are invalid.
#[derive(Default)]
pub(crate) struct Handles(OpenHandles<'static>);

/// Handles that a transaction can use. Finding one needs neither a hash nor an allocation, since each small commit
/// does it.
#[derive(Default)]
struct OpenHandles<'e> {
    named: BTreeMap<Box<str>, Handle<'e>>,
    /// The handle of the main tree.
    main: Option<Handle<'e>>,
}

impl<'e> OpenHandles<'e> {
    fn get(&self, name: &str) -> Option<Handle<'e>> {
        self.named.get(name).copied()
    }

    fn take_in(&mut self, other: Self) {
        self.named.extend(other.named);
        self.main = other.main.or(self.main);
    }
}

impl Handles {
    /// Whether the DBI `name` has a handle.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.named.contains_key(name)
    }
}

impl<'e> Writer<'e> {
    /// The id that this transaction commits as. Its base has the id before.
    pub(crate) fn id(&self) -> LmdbTxnId {
        LmdbTxnId(self.txn.id() as u64)
    }

    /// Runs `apply` on the transaction and commits it, or drops it if `apply` fails.
    ///
    /// `opens` says whether `apply` may need a tree that has no handle yet. heed allows that to one transaction at
    /// a time, behind a mutex; other transactions avoid the mutex.
    pub(crate) fn commit(
        self,
        handles: &mut Handles,
        opens: bool,
        apply: impl FnOnce(&mut Applier<'_, '_, 'e>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let Self { mut txn, lmdb } = self;
        // Take the known handles out, and put them back only after the commit. If it fails, none is known any more, and
        // the next transaction opens them again.
        let mut known = std::mem::take(&mut handles.0);
        if opens || known.main.is_none() {
            let outcome = lmdb.env.create_databases_and_commit(txn, |opener, txn| {
                let mut applier =
                    Applier { opener: Some(opener), txn, known: &mut known, opened: OpenHandles::default() };
                apply(&mut applier)?;
                Ok::<_, Failure>(CommitOrAbort::<_, ()>::Commit(applier.opened))
            })?;
            if let CommitOrAbort::Commit(opened) = outcome {
                known.take_in(opened);
            }
        } else {
            apply(&mut Applier { opener: None, txn: &mut txn, known: &mut known, opened: OpenHandles::default() })?;
            txn.commit().map_err(Failure::of)?;
        }
        handles.0 = known;
        Ok(())
    }
}

impl OnCommit for OpenHandles<'_> {
    type Committed = OpenHandles<'static>;

    fn on_commit(self, token: &CommitToken) -> Self::Committed {
        let named = self.named.into_iter().map(|(name, handle)| (name, handle.on_commit(token))).collect();
        OpenHandles { named, main: self.main.map(|handle| handle.on_commit(token)) }
    }
}

/// The write transaction while a set is applied.
pub(crate) struct Applier<'x, 't, 'e> {
    /// `None` if all needed handles are known.
    opener: Option<&'x heed::DatabaseOpener<'e, WithoutTls>>,
    txn: &'t mut heed::RwTxn<'e>,
    known: &'x mut OpenHandles<'static>,
    opened: OpenHandles<'e>,
}

impl<'e> Applier<'_, '_, 'e> {
    /// The handle of the DBI `name`, which is created if it does not exist.
    pub(crate) fn tree(&mut self, name: &str) -> Result<TreeHandle<'e>, Failure> {
        if let Some(handle) = self.opened.get(name).or_else(|| self.known.get(name)) {
            return Ok(TreeHandle(handle));
        }
        let handle = self.open(Some(name))?;
        self.opened.named.insert(name.into(), handle);
        Ok(TreeHandle(handle))
    }

    #[cold]
    fn open(&mut self, name: Option<&str>) -> Result<Handle<'e>, Failure> {
        let Some(opener) = self.opener else {
            let why = "a commit that was to open no DBI asked for one that is not open; nothing was changed";
            return Err(Error::new(ErrorKind::InvalidArgument, why).into());
        };
        opener.create_database(self.txn, name).map_err(Failure::of)
    }

    /// Stores `value` under `key`.
    pub(crate) fn put(&mut self, tree: TreeHandle<'e>, key: &[u8], value: &[u8]) -> Result<(), Failure> {
        tree.0.put(self.txn, key, value).map_err(Failure::of)
    }

    /// Stores the last `len` bytes of `bytes` under `key`. They are copied in pieces, from the last one on, and `bytes`
    /// is shortened by each, so that little more memory than one copy is needed.
    pub(crate) fn put_from_end(
        &mut self,
        tree: TreeHandle<'e>,
        key: &[u8],
        bytes: &mut Vec<u8>,
        len: usize,
    ) -> Result<(), Failure> {
        let before = bytes.len() - len;
        let piece = (len / PIECES).max(LEAST_PIECE);
        let put = tree.0.put_reserved(self.txn, key, len, |space| {
            let mut left = len;
            while left > 0 {
                let from = left.saturating_sub(piece);
                space.as_uninit_mut()[from..left].write_copy_of_slice(&bytes[before + from..before + left]);
                bytes.truncate(before + from);
                bytes.shrink_to_fit();
                left = from;
            }
            // SAFETY: all of the space was written, from its end to its beginning.
            unsafe { space.assume_written(len) };
            Ok(())
        });
        put.map_err(Failure::of)
    }

    /// A cursor for many puts into one DBI, mostly ascending. It costs an allocation.
    pub(crate) fn puts(&mut self, tree: TreeHandle<'e>) -> Result<Puts<'_>, Failure> {
        tree.0.iter_mut(self.txn).map(|cursor| Puts::new(cursor, None)).map_err(Failure::of)
    }

    /// A cursor for puts after all keys of a DBI, in ascending order.
    pub(crate) fn fill(&mut self, tree: TreeHandle<'e>, filling: LeafFill) -> Result<Puts<'_>, Failure> {
        tree.0.iter_mut(self.txn).map(|cursor| Puts::new(cursor, Some(filling))).map_err(Failure::of)
    }

    /// Removes `key`, if it exists.
    pub(crate) fn delete(&mut self, tree: TreeHandle<'e>, key: &[u8]) -> Result<(), Failure> {
        tree.0.delete(self.txn, key).map(drop).map_err(Failure::of)
    }

    /// Removes, by one cursor, the entries from `first` to before `end`, or to the end, for which `is_to_go`
    /// returns true.
    pub(crate) fn delete_range(
        &mut self,
        tree: TreeHandle<'e>,
        first: &[u8],
        end: Option<&[u8]>,
        mut is_to_go: impl FnMut(&[u8]) -> bool,
    ) -> Result<(), Failure> {
        let range = (Bound::Included(first), end.map_or(Bound::Unbounded, Bound::Excluded));
        let mut entries = tree.0.remap_data_type::<DecodeIgnore>().range_mut(self.txn, &range).map_err(Failure::of)?;
        while let Some(entry) = entries.next() {
            if is_to_go(entry.map_err(Failure::of)?.0) {
                // SAFETY: the key was read before, and no reference to the entry is kept.
                unsafe { entries.del_current() }.map_err(Failure::of)?;
            }
        }
        Ok(())
    }

    /// Removes all entries.
    pub(crate) fn clear(&mut self, tree: TreeHandle<'e>) -> Result<(), Failure> {
        tree.0.clear(self.txn).map_err(Failure::of)
    }

    /// Stores the head in the main tree, beside the records of the named databases.
    pub(crate) fn put_head(&mut self, value: &[u8]) -> Result<(), Failure> {
        let main = self.main()?;
        self.put(main, HEAD_KEY.as_bytes(), value)
    }

    /// The main tree.
    fn main(&mut self) -> Result<TreeHandle<'e>, Failure> {
        if let Some(main) = self.known.main.or(self.opened.main) {
            return Ok(TreeHandle(main));
        }
        let main = self.open(None)?;
        Ok(TreeHandle(*self.opened.main.insert(main)))
    }

    /// Makes empty trees of these names, in ascending order. Those that exist stay as they are. Takes no handles, which
    /// LMDB looks for one by one: O(log of all trees) for each.
    pub(crate) fn make_trees<'n>(&mut self, names: impl Iterator<Item = &'n str>) -> Result<(), Failure> {
        let main = self.main()?;
        let mut puts = self.puts(main)?;
        names.into_iter().try_for_each(|name| puts.make_tree(name))
    }

    /// Stores records of the catalogue, or removes them, in ascending order of their keys.
    pub(crate) fn change_catalog(&mut self, records: &[(Vec<u8>, Option<Vec<u8>>)]) -> Result<(), Failure> {
        if records.is_empty() {
            return Ok(());
        }
        let catalog = self.tree(CATALOG)?;
        self.puts(catalog)?.change_all(records)
    }

    /// Stores a record of the catalogue.
    pub(crate) fn put_catalog(&mut self, key: &[u8], value: &[u8]) -> Result<(), Failure> {
        let catalog = self.tree(CATALOG)?;
        self.put(catalog, key, value)
    }

    /// Removes the DBI and closes its handle. No other process may have it open.
    pub(crate) fn drop_tree(&mut self, name: &str) -> Result<(), Failure> {
        let tree = self.tree(name)?;
        self.opened.named.remove(name);
        self.known.named.remove(name);
        // SAFETY: every copy of the handle is forgotten: the two maps hold them all, and no `TreeHandle` outlives the
        // application of a set.
        unsafe { tree.0.remove(self.txn) }.map_err(Failure::of)
    }
}

/// A DBI of the transaction in which a set is applied.
#[derive(Clone, Copy)]
pub(crate) struct TreeHandle<'e>(Handle<'e>);
