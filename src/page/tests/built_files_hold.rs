//! Files built in plain Rust are valid LMDB files: LMDB reads the intended contents, and they verify clean.

use std::io::Write as _;

use tempfile::TempDir;

use crate::page::tests::samples::{built, open};
use crate::page::verify::{VerifyLevel, verify};

#[test]
#[cfg_attr(miri, ignore = "calls LMDB")]
fn lmdb_reads_what_was_built() {
    let (image, trees) = built();
    let report = verify(&image.file(), VerifyLevel::Full).unwrap();
    assert!(report.is_clean(), "{:?}", report.faults);
    let dir = TempDir::new().unwrap();
    let mut file = std::fs::File::create(dir.path().join("data.mdb")).unwrap();
    file.write_all(image.bytes()).unwrap();
    let env = open(dir.path());
    let txn = env.write_txn().unwrap();
    env.create_databases_and_commit(txn, |opener, txn| {
        for (name, model) in trees {
            let tree = opener.open_database::<heed::types::Bytes, heed::types::Bytes>(txn, Some(name))?.unwrap();
            assert_eq!(tree.len(txn)?, model.len() as u64, "{name}");
            let entries = tree.iter(txn)?.collect::<heed::Result<Vec<_>>>()?;
            assert!(entries.into_iter().eq(model.iter().map(|(k, v)| (k.as_slice(), v.as_slice()))), "{name}");
            for (key, value) in model {
                assert_eq!(tree.get(txn, key)?, Some(value.as_slice()), "{name}");
            }
            tree.put(txn, b"new", b"value")?;
        }
        Ok::<_, heed::Error>(heed::CommitOrAbort::<_, ()>::Commit(()))
    })
    .unwrap();
    drop(env);
    let file = std::fs::File::open(dir.path().join("data.mdb")).unwrap();
    let report = verify(&file, VerifyLevel::Full).unwrap();
    assert!(report.is_clean(), "after a commit: {:?}", report.faults);
}

#[test]
fn built_trees_have_many_shapes() {
    let (image, trees) = built();
    let depths: Vec<u16> = trees.iter().map(|(name, _)| image.tree(name).depth).collect();
    assert!([0, 1, 2, 3].iter().all(|depth| depths.contains(depth)), "{depths:?}");
    assert!(trees.iter().any(|(name, _)| image.tree(name).overflow_pages > 4));
    // More than a search walks over, of keys whose slots it guesses.
    let root = |name| image.pages().branch(image.tree(name).root).unwrap();
    assert!(root("ordered integers").slots() > 9);
    let leaves = root("random integers");
    let widest = (0..leaves.slots()).map(|slot| image.pages().leaf(leaves.child(slot).unwrap()).unwrap().slots()).max();
    assert!(leaves.slots() > 3 && widest > Some(9), "{} {widest:?}", leaves.slots());
}
