//! Files written in plain Rust are files of LMDB's: it reads them as they were meant, and they are clean.

use std::collections::BTreeMap;
use std::io::Write as _;

use tempfile::TempDir;

use crate::page::tests::build;
use crate::page::tests::samples::{Model, few, open};
use crate::page::verify::{Level, verify};

#[test]
#[cfg_attr(miri, ignore = "calls LMDB")]
fn lmdb_reads_what_was_built() {
    let shapes = few();
    let trees: BTreeMap<&str, &Model> = shapes.iter().map(|(name, model)| (*name, model)).collect();
    let image = build::image(&trees);
    let report = verify(&image.file(), Level::Full).unwrap();
    assert!(report.is_clean(), "{:?}", report.faults);
    let dir = TempDir::new().unwrap();
    let mut file = std::fs::File::create(dir.path().join("data.mdb")).unwrap();
    file.write_all(image.bytes()).unwrap();
    let env = open(dir.path());
    let txn = env.write_txn().unwrap();
    env.create_databases_and_commit(txn, |opener, txn| {
        for (name, model) in &trees {
            let tree = opener.open_database::<heed::types::Bytes, heed::types::Bytes>(txn, Some(name))?.unwrap();
            assert_eq!(tree.len(txn)?, model.len() as u64, "{name}");
            let entries = tree.iter(txn)?.collect::<heed::Result<Vec<_>>>()?;
            assert!(entries.into_iter().eq(model.iter().map(|(k, v)| (k.as_slice(), v.as_slice()))), "{name}");
            for (key, value) in *model {
                assert_eq!(tree.get(txn, key)?, Some(value.as_slice()), "{name}");
            }
            tree.put(txn, b"new", b"value")?;
        }
        Ok::<_, heed::Error>(heed::CommitOrAbort::<_, ()>::Commit(()))
    })
    .unwrap();
    drop(env);
    let file = std::fs::File::open(dir.path().join("data.mdb")).unwrap();
    let report = verify(&file, Level::Full).unwrap();
    assert!(report.is_clean(), "after a commit: {:?}", report.faults);
}

#[test]
fn built_trees_have_many_shapes() {
    let shapes = few();
    let trees: BTreeMap<&str, &Model> = shapes.iter().map(|(name, model)| (*name, model)).collect();
    let image = build::image(&trees);
    let depths: Vec<u16> = trees.keys().map(|name| image.tree(name).depth).collect();
    assert!([0, 1, 2, 3].iter().all(|depth| depths.contains(depth)), "{depths:?}");
    assert!(trees.keys().any(|name| image.tree(name).overflow_pages > 4));
}
