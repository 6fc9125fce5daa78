//! Copies and compaction lose nothing that other software stores in the file: duplicates of all kinds, other key
//! orders, data beside the named databases. Both LMDB and mapleaf can write to them afterwards.

use std::path::Path;

use crate::common::errors::{directory, io};
use heed::types::Bytes;
use heed::{CommitOrAbort, Database, DatabaseFlags, EnvOpenOptions};
use mapleaf::{Compact, Dbi, DbiKind, Durability, Env, Error, Result};

type Tree<'a> = Database<'a, Bytes, Bytes>;
type Entries = Vec<(Vec<u8>, Vec<u8>)>;

#[expect(deprecated, reason = "the flag of files that other programs wrote")]
const KINDS: [(&str, DatabaseFlags); 6] = [
    ("plain", DatabaseFlags::empty()),
    ("dups", DatabaseFlags::DUP_SORT),
    ("fixed", DatabaseFlags::DUP_SORT.union(DatabaseFlags::DUP_FIXED)),
    ("fixed integers", DatabaseFlags::DUP_SORT.union(DatabaseFlags::DUP_FIXED).union(DatabaseFlags::INTEGER_DUP)),
    ("integer keys", DatabaseFlags::INTEGER_KEY),
    ("reversed keys", DatabaseFlags::REVERSE_KEY),
];

/// Opens the environment at `path` with LMDB alone, and passes its unnamed database and one of each kind to `body`.
#[expect(unsafe_code, reason = "heed opens by an unsafe function")]
fn with_lmdb<T>(
    path: &Path,
    body: impl FnOnce(Tree<'_>, &[Tree<'_>], &mut heed::RwTxn<'_>) -> heed::Result<T>,
) -> Result<T> {
    // SAFETY: the only flag is the one that omits flushes; nobody else has the environment open.
    let env = unsafe {
        let mut options = EnvOpenOptions::new();
        options.max_dbs(16).map_size(1 << 28).flags(heed::EnvFlags::NO_SYNC).open(path)
    };
    let env = env.map_err(Error::other)?;
    let txn = env.write_txn().map_err(Error::other)?;
    let mut out = None;
    let done = env.create_databases_and_commit(txn, |opener, txn| {
        let main = opener.create_database::<Bytes, Bytes>(txn, None)?;
        let mut trees = Vec::new();
        for (name, flags) in KINDS {
            let mut options = opener.database_options().types::<Bytes, Bytes>();
            trees.push(options.flags(flags).name(name).create(txn)?);
        }
        out = Some(body(main, &trees, txn)?);
        Ok::<_, heed::Error>(CommitOrAbort::<(), ()>::Commit(()))
    });
    done.map_err(Error::other)?;
    env.prepare_for_closing().wait();
    out.ok_or_else(|| Error::other("the closure ran"))
}

/// Many keys; where a key may have several values, one key in ten has thousands.
fn write(path: &Path, round: u64) -> Result<()> {
    with_lmdb(path, |main, trees, txn| {
        main.put(txn, b"a note", b"beside the databases")?;
        main.put(txn, b"long", &vec![7; 20_000])?;
        for tree in trees {
            for n in 0..200_u64 {
                let values = if n % 10 == 0 { 2000 } else { 3 };
                for value in 0..values {
                    tree.put(txn, &n.to_le_bytes(), &(value * 3 + round).to_le_bytes())?;
                }
            }
            tree.delete(txn, &(50 + round).to_le_bytes())?;
        }
        Ok(())
    })
}

fn read(path: &Path) -> Result<Vec<Entries>> {
    with_lmdb(path, |main, trees, txn| {
        let mut all = Vec::new();
        for tree in trees {
            let own = |entry: heed::Result<(&[u8], &[u8])>| entry.map(|(key, value)| (key.to_vec(), value.to_vec()));
            all.push(tree.iter(txn)?.map(own).collect::<heed::Result<Entries>>()?);
        }
        let note = |key: &[u8]| Ok::<_, heed::Error>((key.to_vec(), main.get(txn, key)?.unwrap_or(b"lost").to_vec()));
        all.push(vec![note(b"a note")?, note(b"long")?]);
        Ok(all)
    })
}

#[test]
fn copies_keep_foreign_trees_and_accept_writes_by_lmdb_and_mapleaf() -> Result<()> {
    let dir = directory()?;
    let path = dir.path().join("env");
    io(std::fs::create_dir(&path))?;
    (0..3).try_for_each(|round| write(&path, round))?;
    let expected = read(&path)?;
    assert!(expected[1].len() > 100_000 / 2 && expected[6][1].1.len() == 20_000, "{}", expected[1].len());
    let env = Env::options().durability(Durability::Process).open(&path)?;
    let (plain, small) = (dir.path().join("plain"), dir.path().join("small"));
    env.copy_to(&plain, Compact::No)?;
    env.copy_to(&small, Compact::Yes)?;
    let size = env.info()?.file_size;
    // The compaction of the file itself.
    env.compact()?;
    assert!(env.verify()?.is_clean() && env.info()?.file_size <= size);
    env.close()?;
    for copy in [&path, &plain, &small] {
        assert!(read(copy)? == expected, "{}", copy.display());
        write(copy, 9)?;
        let env = Env::options().durability(Durability::Process).open(copy)?;
        assert!(env.verify()?.is_clean());
        let kinds: Vec<_> = env.dbis()?.into_iter().map(|info| info.kind).collect();
        assert_eq!(kinds.iter().filter(|kind| **kind == DbiKind::Unsupported).count(), 5, "{kinds:?}");
        let plain: Dbi<&[u8], &[u8]> = env.dbi("plain")?;
        env.transact(|txn| {
            plain.put(txn, &199_u64.to_le_bytes(), b"by mapleaf")?;
            plain.put(txn, b"new", &vec![1; 10_000])
        })?;
        assert!(env.verify()?.is_clean());
        env.close()?;
        write(copy, 11)?;
        assert!(read(copy)?[0].iter().any(|(key, value)| key == b"new" && value.len() == 10_000));
    }
    Ok(())
}
