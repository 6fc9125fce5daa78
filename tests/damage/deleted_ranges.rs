//! Deleting a range with a damaged key removes no rows outside it: the commit fails, or its result is correct.

use std::fs;

use mapleaf::{Dbi, Durability, Env, ErrorKind, Result};

type Rows = Dbi<&'static str, &'static [u8]>;

fn key(n: usize) -> String {
    format!("key-{n:06}")
}

#[test]
fn a_damaged_key_that_sorts_before_a_deleted_range_removes_nothing_before_it() -> Result<()> {
    let dir = tempfile::tempdir().expect("a directory");
    let (good, path) = (dir.path().join("good"), dir.path().join("rows"));
    let options = Env::options().durability(Durability::Process).single_file(true);
    let env = options.clone().open(&good)?;
    let dbi: Rows = env.dbi("rows")?;
    // Three rows per leaf.
    env.transact(|txn| (0..600).try_for_each(|n| dbi.put(txn, &key(n), &[7; 1250])))?;
    env.close()?;
    let bytes = fs::read(&good).expect("the file");
    let mut refused = 0;
    for damaged in 296..302 {
        let mut bytes = bytes.clone();
        let at = bytes.windows(10).rposition(|part| part == key(damaged).as_bytes()).expect("the key");
        bytes[at..at + 10].copy_from_slice(b"key-000050");
        fs::write(&path, &bytes).expect("written");
        let env = options.clone().open(&path)?;
        let dbi: Rows = env.dbi("rows")?;
        let deleted = env.transact(|txn| dbi.delete_range(txn, &*key(200)..).map(drop));
        if let Err(error) = &deleted {
            assert_eq!(error.kind(), ErrorKind::Corrupted, "{error}");
            refused += 1;
        }
        let snap = env.snapshot()?;
        for n in 0..200 {
            assert!(dbi.contains(&snap, &key(n))?, "{n} is gone with {damaged}: {deleted:?}");
        }
        drop((snap, env));
    }
    assert!(refused > 0, "a damaged key begins a leaf");
    Ok(())
}
