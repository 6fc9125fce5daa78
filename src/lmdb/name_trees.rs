//! Names the trees of a copy, which nobody has open, as their DBIs are named.
#![expect(unsafe_code, reason = "heed opens and removes by unsafe calls")]

use std::collections::BTreeSet;
use std::path::Path;

use heed::types::Bytes;
use heed::{CommitOrAbort, Database, EnvFlags, EnvOpenOptions};

use crate::catalog::{CATALOG, HEAD_KEY};
use crate::error::{Error, ErrorKind, Result};
use crate::lmdb::failure::Failure;
use crate::lmdb::puts::Puts;
use crate::page::TreeRecord;

/// The names that trees get, and what the catalogue says then.
pub(crate) struct TreeNames {
    /// The present name and the next one of each tree. No other tree has one of the next names, unless it is empty.
    pub trees: Vec<(Box<str>, Box<str>)>,
    /// The keys of the catalogue that change, with their new values, in ascending order.
    pub records: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    /// The new head.
    pub head: [u8; 24],
}

type Handle<'e> = Database<'e, Bytes, Bytes>;

/// Changes the names in the file `path`, a copy of `bytes` bytes that nobody else has open, in one durable transaction.
pub(crate) fn name_trees(path: &Path, bytes: u64, names: &TreeNames) -> Result<()> {
    let mut options = EnvOpenOptions::new();
    let handles = u32::try_from(names.trees.len()).unwrap_or(u32::MAX).saturating_add(2);
    // The map must be larger than the file: LMDB writes changed pages of the main tree and of the catalogue to new
    // places, which may lie after the file's end. LMDB raises the map size that the file records if it is below this
    // one, and never lowers it.
    let map = bytes.next_multiple_of(ROOM).saturating_add(ROOM);
    options.max_dbs(handles).map_size(usize::try_from(map).unwrap_or(usize::MAX));
    // SAFETY: none of these flags lets pages change under a reader. Without a lock file nobody else may use the file,
    // and the caller has just made it.
    let env = unsafe { options.flags(EnvFlags::NO_SUB_DIR | EnvFlags::NO_LOCK).open(path) }.map_err(Failure::of)?;
    let txn = env.write_txn().map_err(Failure::of)?;
    let changed = env.create_databases_and_commit(txn, |opener, txn| {
        let main: Handle<'_> = opener.create_database(txn, None)?;
        let mut records = Vec::with_capacity(names.trees.len());
        for (from, _) in &names.trees {
            records.push(main.get(txn, from.as_bytes())?.ok_or_else(gone)?.to_vec());
        }
        let taken: BTreeSet<&str> = names.trees.iter().map(|(_, to)| &**to).collect();
        let left = || names.trees.iter().map(|(from, _)| &**from).filter(|from| !taken.contains(from));
        let mut puts = Puts::new(main.iter_mut(txn)?, None);
        for ((_, to), record) in names.trees.iter().zip(&records) {
            puts.put_tree(to, record)?;
        }
        // The tree's pages belong to its new name now. So put an empty record under the old name, before that name is
        // removed: removing it with the old record would free the pages.
        left().try_for_each(|from| puts.put_tree(from, &TreeRecord::EMPTY.to_bytes()))?;
        drop(puts);
        for from in left() {
            let tree: Handle<'_> = opener.create_database(txn, Some(from))?;
            // SAFETY: this is the only copy of the handle.
            unsafe { tree.remove(txn) }?;
        }
        let catalog: Handle<'_> = opener.create_database(txn, Some(CATALOG))?;
        Puts::new(catalog.iter_mut(txn)?, None).change_all(&names.records)?;
        main.put(txn, HEAD_KEY.as_bytes(), &names.head)?;
        Ok::<_, Failure>(CommitOrAbort::<(), ()>::Commit(()))
    });
    changed.map(drop).map_err(|failure: Failure| failure.error)
}

/// How many bytes the changes may take.
const ROOM: u64 = 1 << 28;

fn gone() -> Error {
    Error::new(ErrorKind::Corrupted, "the tree of a renamed DBI is not in the copy; verify the environment")
}
