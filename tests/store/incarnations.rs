//! A pair of incarnation and commit id stands for one commit, for ever.

use std::collections::BTreeSet;
use std::path::Path;

use mapleaf::store::{Backend, BackendRead, Committed, Stamp, StampField, Stamped};
use mapleaf::{Compact, Dbi, Env, Error, ErrorKind, Result};

const SPACE: &str = "__store/users/records";

/// Commits a row, stamped.
fn commit(env: &Env) -> Result<Committed> {
    let space = env.open_space(SPACE, "bytes", "bytes")?;
    let stamps = [Stamp { offset: 0, field: StampField::Commit }, Stamp { offset: 8, field: StampField::Incarnation }];
    let put =
        Backend::transact(env, |txn| txn.put(&space, b"key"[..].into(), Stamped { bytes: &[0; 16], stamps: &stamps }));
    let ((), committed) = put?;
    let snapshot = env.snapshot()?;
    let row = BackendRead::get(&snapshot, &space, b"key")?.map(Vec::from);
    let expected = [u64::from(committed.id).to_be_bytes(), committed.incarnation.to_be_bytes()].concat();
    assert_eq!(row, Some(expected));
    assert_ne!(committed.incarnation, 0);
    assert_eq!((BackendRead::id(&snapshot), snapshot.incarnation()), (committed.id, committed.incarnation));
    Ok(committed)
}

fn reopened(path: &Path) -> Result<Committed> {
    commit(&Env::open(path)?)
}

#[test]
fn copies_restored_files_and_openings_have_incarnations_of_their_own() -> Result<()> {
    let dir = tempfile::tempdir().map_err(Error::other)?;
    let path = dir.path().join("env");
    let env = Env::open(&path)?;
    let mut commits = vec![commit(&env)?];
    let copies =
        [(Compact::No, "copy"), (Compact::Yes, "compacted")].map(|(compact, name)| (compact, dir.path().join(name)));
    for (compact, copy) in &copies {
        env.copy_to(copy, *compact)?;
    }
    // The copies go on from the same id.
    commits.push(commit(&env)?);
    for (_, copy) in &copies {
        commits.push(reopened(copy)?);
    }
    assert_eq!(commits[1].id, commits[2].id);
    env.compact()?;
    commits.push(commit(&env)?);
    drop(env);
    let bytes = std::fs::read(path.join("data.mdb")).map_err(Error::other)?;
    commits.push(reopened(&path)?);
    // A file that is put back has the same id again.
    std::fs::write(path.join("data.mdb"), bytes).map_err(Error::other)?;
    commits.push(reopened(&path)?);
    assert_eq!(commits[5].id, commits[6].id);
    let pairs: BTreeSet<_> = commits.iter().map(|committed| (committed.incarnation, committed.id)).collect();
    assert_eq!(pairs.len(), commits.len(), "{commits:?}");
    // All handles of one opening share its incarnation.
    let env = Env::open(&path)?;
    assert_eq!(commit(&env)?.incarnation, commit(&Env::open(&path)?)?.incarnation);
    Ok(())
}

#[test]
fn the_id_is_that_of_the_transaction_beside_plain_dbis() -> Result<()> {
    let env = Env::temporary()?;
    let plain: Dbi<u32, u32> = env.dbi("plain")?;
    for _ in 0..3 {
        env.transact(|txn| plain.put(txn, 1, 1))?;
        let committed = commit(&env)?;
        assert_eq!(u64::from(committed.id), env.snapshot()?.id());
    }
    Ok(())
}

#[test]
fn a_transaction_of_the_store_is_not_begun_inside_another() -> Result<()> {
    let env = Env::temporary()?;
    let space = env.open_space(SPACE, "bytes", "bytes")?;
    let nested = env.transact(|_| Backend::transact(&env, |txn| txn.delete(&space, b"key")));
    assert_eq!(nested.map_err(|error| error.kind()).map(drop), Err(ErrorKind::Nested));
    Ok(())
}
