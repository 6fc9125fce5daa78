//! Opening a DBI as bytes creates nothing and changes nothing, and every name has its answer.

use crate::common::errors::{directory, io, refused, refused_with};
use mapleaf::{Dbi, DbiKind, Env, ErrorKind, MultiDbi, Result};

#[test]
fn names_that_are_no_dbi_are_refused_and_not_created() -> Result<()> {
    let env = Env::temporary()?;
    let commits = env.info()?.commits;
    for name in ["absent", "__store/a/b", "__"] {
        refused_with(env.raw_dbi(name), ErrorKind::NotFound, &["raw_dbi", name, "no such DBI"]);
    }
    let long = "x".repeat(256);
    for name in ["", "a\0b", "__a\0b", &long, &format!("__{long}")] {
        refused(env.raw_dbi(name), ErrorKind::InvalidArgument);
    }
    assert_eq!(env.info()?.commits, commits);
    let _made: Dbi<u8, u8> = env.dbi("ages")?;
    // A value that mapleaf itself keeps beside the DBIs.
    refused(env.raw_dbi("__mapleaf_head"), ErrorKind::Unsupported);
    let inside = env.transact(|_| env.raw_dbi("ages"));
    refused_with(inside, ErrorKind::Nested, &["raw_dbi"]);
    env.drop_dbi("ages")?;
    refused(env.raw_dbi("ages"), ErrorKind::NotFound);
    env.close()?;
    Ok(())
}

#[test]
fn the_catalogue_can_be_read_and_not_written() -> Result<()> {
    let env = Env::temporary()?;
    let _ages: Dbi<&str, u32> = env.dbi("ages")?;
    let _tags: MultiDbi<&str, u32> = env.multi_dbi("tags")?;
    let catalog = env.raw_dbi("__mapleaf")?;
    let snap = env.snapshot()?;
    let names = catalog.prefix(&snap, b"dbi/")?.keys().collect::<Result<Vec<_>>>()?;
    assert_eq!(names, [b"dbi/ages", b"dbi/tags"]);
    assert_eq!(catalog.get(&snap, b"dbi/ages")?, Some(&b"\x01\0\0\0\0\0\0\x03str\0\x03u32"[..]));
    assert_eq!((catalog.kind(), catalog.key_type()), (DbiKind::Plain, "bytes"));
    refused_with(catalog.unchecked_writes(), ErrorKind::InvalidArgument, &["__mapleaf", "reserved"]);
    refused(env.create_raw_dbi("__mapleaf", DbiKind::Plain, "bytes", "bytes"), ErrorKind::InvalidArgument);
    refused(env.create_raw_dbi("__new", DbiKind::Plain, "bytes", "bytes"), ErrorKind::InvalidArgument);
    Ok(())
}

#[test]
fn a_read_only_environment_is_read_and_not_changed() -> Result<()> {
    let dir = directory()?;
    {
        let env = Env::open(dir.path())?;
        let ages: Dbi<&str, u32> = env.dbi("ages")?;
        env.transact(|txn| ages.put(txn, "ann", 42))?;
    }
    let before = io(std::fs::read(dir.path().join("data.mdb")))?;
    let env = Env::options().read_only(true).open(dir.path())?;
    let raw = env.raw_dbi("ages")?;
    assert_eq!(raw.get(&env.snapshot()?, b"ann")?, Some(&[0, 0, 0, 42][..]));
    let writes = raw.unchecked_writes()?;
    refused(env.transact(|txn| writes.put(txn, b"bob", b"")), ErrorKind::ReadOnly);
    refused(env.create_raw_dbi("names", DbiKind::Plain, "str", "str"), ErrorKind::ReadOnly);
    drop((writes, env));
    assert!(before == io(std::fs::read(dir.path().join("data.mdb")))?);
    Ok(())
}

#[test]
fn a_handle_follows_its_dbi() -> Result<()> {
    let env = Env::temporary()?;
    let before = env.snapshot()?;
    let ages: Dbi<&str, u32> = env.dbi("ages")?;
    let raw = env.raw_dbi("ages")?;
    assert_eq!(raw.len(&before)?, 0, "the DBI is younger than this state");
    env.transact(|txn| {
        ages.put(txn, "ann", 42)?;
        assert_eq!(raw.len(txn)?, 1, "a pending change");
        Ok(())
    })?;
    let stored = env.snapshot()?;
    env.drop_dbi("ages")?;
    assert_eq!(raw.len(&stored)?, 1);
    refused(raw.len(&env.snapshot()?), ErrorKind::NotFound);
    let _again: Dbi<u8, u8> = env.dbi("ages")?;
    refused(raw.first(&env.snapshot()?), ErrorKind::NotFound);
    assert_eq!(env.raw_dbi("ages")?.key_type(), "u8");
    let other = Env::temporary()?;
    refused(raw.len(&other.snapshot()?), ErrorKind::InvalidArgument);
    Ok(())
}
