//! Reads the same file with LMDB itself, through heed.
#![allow(unsafe_code, reason = "heed opens by an unsafe function")]

use std::collections::BTreeMap;
use std::path::Path;

use heed::types::Bytes;
use heed::{CommitOrAbort, EnvFlags, EnvOpenOptions};
use mapleaf::{Error, Result};

/// Encoded keys and values.
pub type Rows = Vec<(Vec<u8>, Vec<u8>)>;

/// All entries that LMDB finds in the environment at `path`, by the names of its databases.
fn all(path: &Path) -> heed::Result<BTreeMap<String, Rows>> {
    let mut options = EnvOpenOptions::new();
    options.max_dbs(64).map_size(1 << 30);
    // SAFETY: nobody else has the file open, and nobody writes it.
    let env = unsafe { options.flags(EnvFlags::READ_ONLY).open(path) }?;
    let read = env.open_databases_and_commit(env.read_txn()?, |opener, txn| {
        let main = opener.open_database::<Bytes, Bytes>(txn, None)?.expect("there is a main database");
        let mut found = BTreeMap::new();
        for name in main.iter(txn)? {
            let name = String::from_utf8_lossy(name?.0).into_owned();
            // The head is a plain value; the other entries are records of databases.
            if name == "__mapleaf_head" {
                continue;
            }
            let tree = opener.open_database::<Bytes, Bytes>(txn, Some(&name))?.expect("it was just listed");
            let rows = tree.iter(txn)?.map(|row| row.map(|(key, value)| (key.to_vec(), value.to_vec())));
            found.insert(name, rows.collect::<heed::Result<_>>()?);
        }
        Ok::<_, heed::Error>(CommitOrAbort::<(), _>::Abort(found))
    })?;
    env.prepare_for_closing().wait();
    match read {
        CommitOrAbort::Abort(found) => Ok(found),
        CommitOrAbort::Commit(()) => unreachable!("nothing is committed"),
    }
}

/// Checks that LMDB finds `rows`, as the page reader did, and no other databases.
pub fn agrees(path: &Path, rows: &BTreeMap<String, Rows>) -> Result<()> {
    let mut found = all(path).map_err(|error| Error::other(error.to_string()))?;
    found.remove("__mapleaf");
    assert!(&found == rows, "LMDB and the page reader disagree on {}", path.display());
    Ok(())
}
