//! A plain LMDB file of other software opens. A database that cannot be read correctly is refused by name, and the
//! others work.

use crate::common::errors;
use std::path::Path;

use crate::common::errors::{directory, refused, refused_with};
use heed::types::Bytes;
use heed::{CommitOrAbort, DatabaseFlags, EnvOpenOptions};
use mapleaf::{Dbi, DbiKind, Env, Error, ErrorKind, Result};

/// Makes a file by LMDB alone: the unnamed database has the flags `main`, each named one its own, and each has two
/// entries.
#[expect(unsafe_code, reason = "heed opens by an unsafe function")]
pub(crate) fn foreign(
    path: &Path,
    main: DatabaseFlags,
    named: &[(&str, DatabaseFlags)],
    user_data: bool,
) -> Result<()> {
    // SAFETY: no flags; nobody else has the environment open.
    let env = unsafe { EnvOpenOptions::new().max_dbs(16).map_size(1 << 24).open(path) }.map_err(Error::other)?;
    let txn = env.write_txn().map_err(Error::other)?;
    let made = env.create_databases_and_commit(txn, |opener, txn| {
        let mut unnamed = opener.database_options().types::<Bytes, Bytes>();
        let unnamed = unnamed.flags(main).create(txn)?;
        if user_data {
            unnamed.put(txn, b"user data", b"beside the databases")?;
        }
        for (name, flags) in named {
            let mut options = opener.database_options().types::<Bytes, Bytes>();
            let dbi = options.flags(*flags).name(name).create(txn)?;
            dbi.put(txn, &1_u32.to_ne_bytes(), b"one")?;
            dbi.put(txn, &2_u32.to_ne_bytes(), b"two")?;
        }
        Ok::<_, heed::Error>(CommitOrAbort::<(), ()>::Commit(()))
    });
    made.map(drop).map_err(Error::other)
}

#[test]
fn a_foreign_dbi_holds_bytes_until_it_is_adopted() -> Result<()> {
    let dir = directory()?;
    foreign(dir.path(), DatabaseFlags::empty(), &[("plain", DatabaseFlags::empty())], false)?;
    let env = Env::open(dir.path())?;
    let info = &env.dbis()?[0];
    assert_eq!((info.name.as_str(), info.kind, info.entries), ("plain", DbiKind::Foreign, 2));
    assert_eq!((info.key_type.as_str(), info.value_type.as_str()), ("bytes", "bytes"));
    refused_with(env.dbi::<u32, &[u8]>("plain"), ErrorKind::SchemaMismatch, &["plain", "adopt", "bytes"]);
    refused(env.multi_dbi::<u32, u32>("plain"), ErrorKind::SchemaMismatch);
    let bytes: Dbi<&[u8], &[u8]> = env.dbi("plain")?;
    let snap = env.snapshot()?;
    assert_eq!(bytes.get(&snap, &1_u32.to_ne_bytes())?, Some(&b"one"[..]));
    // Written to without being adopted, it still has no schema.
    env.transact(|txn| bytes.put(txn, b"more", b"three"))?;
    env.transact(|txn| bytes.delete(txn, b"more"))?;
    assert_eq!(env.dbis()?[0].kind, DbiKind::Foreign);
    let uuid = env.uuid();
    let adopted: Dbi<[u8; 4], &str> = env.dbi_options().adopt(true).open("plain")?;
    assert_eq!(adopted.get(&env.snapshot()?, 2_u32.to_ne_bytes())?, Some("two"));
    refused_with(bytes.len(&env.snapshot()?), ErrorKind::SchemaMismatch, &["adopted"]);
    refused(env.dbi::<&[u8], &[u8]>("plain"), ErrorKind::SchemaMismatch);
    drop((snap, bytes, adopted, env));
    let env = Env::open(dir.path())?;
    assert_eq!(env.uuid(), uuid, "given with the first commit, and kept");
    assert_eq!(env.dbis()?[0].kind, DbiKind::Plain);
    Ok(())
}

#[test]
#[expect(deprecated, reason = "the flag itself is what is tested")]
fn flags_that_change_the_order_are_unsupported_and_the_other_dbis_work() -> Result<()> {
    let dir = directory()?;
    let named = [
        ("dups", DatabaseFlags::DUP_SORT, "DUPSORT"),
        ("fixed", DatabaseFlags::DUP_SORT | DatabaseFlags::DUP_FIXED, "DUPFIXED"),
        ("integers", DatabaseFlags::INTEGER_KEY, "INTEGERKEY"),
        ("reversed", DatabaseFlags::REVERSE_KEY, "REVERSEKEY"),
    ];
    let all: Vec<_> = named.iter().map(|(name, flags, _)| (*name, *flags)).collect();
    foreign(dir.path(), DatabaseFlags::empty(), &[&all[..], &[("plain", DatabaseFlags::empty())]].concat(), true)?;
    let env = Env::open(dir.path())?;
    for (name, _, flag) in named {
        refused_with(env.dbi::<&[u8], &[u8]>(name), ErrorKind::Unsupported, &[name, flag, "copy it"]);
        refused(env.dbi_options().adopt(true).open::<&[u8], &[u8]>(name), ErrorKind::Unsupported);
        refused(env.multi_dbi::<u32, u32>(name), ErrorKind::Unsupported);
    }
    let kinds: Vec<_> = env.dbis()?.into_iter().map(|info| (info.name, info.kind)).collect();
    assert_eq!(kinds.len(), 5, "user data is no database: {kinds:?}");
    assert_eq!(kinds.iter().filter(|(_, kind)| *kind == DbiKind::Unsupported).count(), 4);
    let plain: Dbi<&[u8], &[u8]> = env.dbi("plain")?;
    let new: Dbi<u32, u32> = env.dbi("new")?;
    env.transact(|txn| {
        plain.put(txn, b"k", b"v")?;
        new.put(txn, 1, 1)
    })?;
    assert_eq!((plain.len(&env.snapshot()?)?, new.len(&env.snapshot()?)?), (3, 1));
    let report = env.verify()?;
    assert!(report.is_clean(), "{:?}", report.faults);
    // They can be dropped like any other.
    for (name, ..) in named {
        env.drop_dbi(name)?;
    }
    env.compact()?;
    assert_eq!(env.dbis()?.len(), 2);
    assert_eq!(plain.len(&env.snapshot()?)?, 3);
    assert!(env.verify()?.is_clean());
    Ok(())
}

#[test]
fn a_key_with_user_data_is_no_dbi_name() -> Result<()> {
    let dir = directory()?;
    foreign(dir.path(), DatabaseFlags::empty(), &[], true)?;
    let env = Env::open(dir.path())?;
    assert!(env.dbis()?.is_empty());
    let words = ["user data", "another name"];
    refused_with(env.dbi::<u32, u32>("user data"), ErrorKind::Unsupported, &words);
    refused_with(env.clear_dbi("user data"), ErrorKind::Unsupported, &words);
    refused_with(env.drop_dbi("user data"), ErrorKind::Unsupported, &words);
    let dbi: Dbi<u32, u32> = env.dbi("d")?;
    env.transact(|txn| dbi.put(txn, 1, 1))?;
    assert_eq!(dbi.len(&env.snapshot()?)?, 1);
    Ok(())
}

#[test]
fn a_main_database_with_flags_is_unsupported() -> Result<()> {
    for flags in [DatabaseFlags::DUP_SORT, DatabaseFlags::REVERSE_KEY] {
        let dir = directory()?;
        foreign(dir.path(), flags, &[], true)?;
        refused_with(Env::open(dir.path()), ErrorKind::Unsupported, &["main database"]);
        refused(Env::options().read_only(true).open(dir.path()), ErrorKind::Unsupported);
    }
    Ok(())
}

#[test]
fn an_environment_that_heed_has_open_here_is_busy() -> Result<()> {
    let dir = directory()?;
    foreign(dir.path(), DatabaseFlags::empty(), &[("plain", DatabaseFlags::empty())], false)?;
    #[expect(unsafe_code, reason = "heed opens by an unsafe function")]
    // SAFETY: no flags.
    let heed = unsafe { EnvOpenOptions::new().open(dir.path()) }.map_err(Error::other)?;
    refused_with(Env::open(dir.path()), ErrorKind::Busy, &["other means"]);
    drop(heed);
    Env::open(dir.path()).map(drop)
}

#[test]
fn a_foreign_file_opens_read_only_and_is_not_changed() -> Result<()> {
    let dir = directory()?;
    foreign(dir.path(), DatabaseFlags::empty(), &[("plain", DatabaseFlags::empty())], false)?;
    let before = errors::io(std::fs::read(dir.path().join("data.mdb")))?;
    let env = Env::options().read_only(true).open(dir.path())?;
    let bytes: Dbi<&[u8], &[u8]> = env.dbi("plain")?;
    assert_eq!(bytes.len(&env.snapshot()?)?, 2);
    refused(env.dbi_options().adopt(true).open::<u32, u32>("plain"), ErrorKind::ReadOnly);
    drop(env);
    assert!(before == errors::io(std::fs::read(dir.path().join("data.mdb")))?);
    Ok(())
}
