//! A database of other software is adopted, dropped and migrated inside a transaction, with what the transaction changed
//! in it before. It cannot be renamed before it is adopted.

use crate::common::errors::{directory, refused, refused_with};
use crate::foreign_files::foreign;
use heed::DatabaseFlags;
use mapleaf::{Dbi, DbiKind, Env, Error, ErrorKind, Result};

type Bytes = Dbi<&'static [u8], &'static [u8]>;
type Adopted = Dbi<[u8; 4], &'static str>;

/// The keys that the foreign databases have.
const ONE: [u8; 4] = 1_u32.to_ne_bytes();
const TWO: [u8; 4] = 2_u32.to_ne_bytes();

fn opened() -> Result<(tempfile::TempDir, Env)> {
    let dir = directory()?;
    let plain = DatabaseFlags::empty();
    foreign(dir.path(), plain, &[("plain", plain), ("twice", DatabaseFlags::DUP_SORT)], false)?;
    let env = Env::open(dir.path())?;
    Ok((dir, env))
}

#[test]
fn what_was_changed_before_stays_and_the_handle_of_bytes_ends() -> Result<()> {
    let (dir, env) = opened()?;
    let bytes: Bytes = env.dbi("plain")?;
    let before = env.snapshot()?;
    let adopted: Adopted = env.transact(|txn| {
        bytes.put(txn, b"four", b"4")?;
        bytes.delete(txn, &ONE)?;
        let undone = txn.savepoint(|txn| {
            let adopted: Adopted = txn.dbi_options().adopt(true).open("plain")?;
            adopted.clear(txn)?;
            refused(bytes.get(txn, &TWO), ErrorKind::SchemaMismatch);
            Err::<(), _>(Error::new(ErrorKind::Conflict, "on purpose"))
        });
        assert!(undone.is_err());
        assert_eq!(bytes.len(txn)?, 2, "the handle is back");
        let adopted: Adopted = txn.dbi_options().adopt(true).create(false).open("plain")?;
        refused_with(bytes.len(txn), ErrorKind::SchemaMismatch, &["adopted"]);
        refused(bytes.put(txn, b"more", b""), ErrorKind::SchemaMismatch);
        assert_eq!((adopted.get(txn, *b"four")?, adopted.get(txn, ONE)?, adopted.len(txn)?), (Some("4"), None, 2));
        adopted.put(txn, *b"five", "5")?;
        adopted.delete(txn, *b"four")?;
        txn.rename_dbi("plain", "own")?;
        Ok(adopted)
    })?;
    let snap = env.snapshot()?;
    let rows = adopted.iter(&snap)?.collect::<Result<Vec<_>>>()?;
    assert_eq!(rows, [(TWO, "two"), (*b"five", "5")]);
    assert_eq!(
        (bytes.len(&before)?, bytes.len(&snap).map_err(|error| error.kind())),
        (2, Err(ErrorKind::SchemaMismatch))
    );
    let infos: Vec<_> = env.dbis()?.into_iter().map(|dbi| (dbi.name, dbi.kind)).collect();
    assert_eq!(infos, [("own".to_owned(), DbiKind::Plain), ("twice".to_owned(), DbiKind::Unsupported)]);
    drop((snap, before, adopted, bytes, env));
    let env = Env::open(dir.path())?;
    assert_eq!(env.dbi::<[u8; 4], &str>("own")?.len(&env.snapshot()?)?, 2);
    assert!(env.verify()?.is_clean());
    Ok(())
}

#[test]
fn many_changes_before_the_adoption_are_committed_once() -> Result<()> {
    let (_dir, env) = opened()?;
    let bytes: Bytes = env.dbi("plain")?;
    let key = |n: u32| (1000 + n).to_be_bytes();
    let adopted: Adopted = env.transact(|txn| {
        (0..500).try_for_each(|n| bytes.put(txn, &key(n), b"old"))?;
        let adopted: Adopted = txn.dbi_options().adopt(true).open("plain")?;
        adopted.delete_range(txn, key(100)..key(400))?;
        (450..550).try_for_each(|n| adopted.put(txn, key(n), "new"))?;
        Ok(adopted)
    })?;
    let snap = env.snapshot()?;
    assert_eq!(adopted.len(&snap)?, 2 + 550 - 300);
    assert_eq!((adopted.get(&snap, key(99))?, adopted.get(&snap, key(100))?), (Some("old"), None));
    assert_eq!((adopted.get(&snap, key(449))?, adopted.get(&snap, key(549))?), (Some("old"), Some("new")));
    assert!(env.verify()?.is_clean());
    Ok(())
}

#[test]
fn it_is_renamed_only_once_it_is_adopted_and_dropped_whatever_its_flags() -> Result<()> {
    let (_dir, env) = opened()?;
    let bytes: Bytes = env.dbi("plain")?;
    env.transact(|txn| {
        refused_with(txn.rename_dbi("plain", "own"), ErrorKind::Unsupported, &["plain", "adopt"]);
        refused(txn.rename_dbi("twice", "own"), ErrorKind::Unsupported);
        refused(txn.dbi_options().adopt(true).open::<u8, u8>("twice"), ErrorKind::Unsupported);
        txn.drop_dbi("plain")?;
        refused(bytes.get(txn, &ONE), ErrorKind::NotFound);
        txn.drop_dbi("twice")?;
        // A tree with flags is not taken over.
        txn.create_dbi::<u8, u8>("twice")?.put(txn, 1, 1)?;
        txn.create_dbi::<u8, u8>("plain")?.put(txn, 2, 2)
    })?;
    let snap = env.snapshot()?;
    for (name, key) in [("twice", 1), ("plain", 2)] {
        let dbi: Dbi<u8, u8> = env.dbi(name)?;
        assert_eq!(dbi.iter(&snap)?.collect::<Result<Vec<_>>>()?, [(key, key)], "{name}");
    }
    assert_eq!(env.dbis()?.len(), 2);
    assert!(env.verify()?.is_clean());
    Ok(())
}

#[test]
fn it_is_migrated_as_bytes() -> Result<()> {
    let (_dir, env) = opened()?;
    env.migrate("plain", |txn, old: &Bytes, new: &Dbi<u32, String>| {
        let value = old.get(txn, &TWO)?.map(|value| String::from_utf8_lossy(value).into_owned());
        new.put(txn, 2, &value.unwrap_or_default())
    })?;
    let new: Dbi<u32, String> = env.dbi("plain")?;
    assert_eq!(new.get(&env.snapshot()?, 2)?.as_deref(), Some("two"));
    Ok(())
}
