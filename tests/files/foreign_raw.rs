//! A DBI of other software is read and written as bytes without types, and with flags it is refused by name.

use crate::common::errors::{directory, refused, refused_with};
use crate::foreign_files::foreign;
use heed::DatabaseFlags;
use mapleaf::{Dbi, DbiKind, Env, ErrorKind, Result};

#[test]
fn a_foreign_dbi_is_read_and_stays_foreign() -> Result<()> {
    let dir = directory()?;
    foreign(dir.path(), DatabaseFlags::empty(), &[("plain", DatabaseFlags::empty())], true)?;
    let env = Env::open(dir.path())?;
    let raw = env.raw_dbi("plain")?;
    assert_eq!((raw.kind(), raw.key_type(), raw.value_type()), (DbiKind::Foreign, "bytes", "bytes"));
    let snap = env.snapshot()?;
    assert_eq!(env.dbis()?, [raw.info(&snap)?]);
    let one = 1_u32.to_ne_bytes();
    assert_eq!(raw.get(&snap, &one)?, Some(&b"one"[..]));
    assert_eq!(raw.values(&snap)?.collect::<Result<Vec<_>>>()?, [b"one", b"two"]);
    let words = ["user data", "another name"];
    refused_with(env.raw_dbi("user data"), ErrorKind::Unsupported, &words);
    // Nothing was written so far, not even the catalogue.
    refused(env.raw_dbi("__mapleaf"), ErrorKind::NotFound);
    let writes = raw.clone().unchecked_writes()?;
    env.transact(|txn| writes.delete(txn, &one))?;
    assert_eq!((env.dbis()?[0].kind, raw.len(&env.snapshot()?)?), (DbiKind::Foreign, 1));
    let _adopted: Dbi<[u8; 4], &str> = env.dbi_options().adopt(true).open("plain")?;
    refused_with(raw.len(&env.snapshot()?), ErrorKind::SchemaMismatch, &["adopted"]);
    assert_eq!(env.raw_dbi("plain")?.key_type(), "[u8;4]");
    Ok(())
}

#[test]
#[expect(deprecated, reason = "the flag itself is what is tested")]
fn a_dbi_with_flags_is_unsupported_by_name() -> Result<()> {
    let dir = directory()?;
    let named = [
        ("dups", DatabaseFlags::DUP_SORT, "DUPSORT"),
        ("integers", DatabaseFlags::INTEGER_KEY, "INTEGERKEY"),
        ("reversed", DatabaseFlags::REVERSE_KEY, "REVERSEKEY"),
    ];
    foreign(dir.path(), DatabaseFlags::empty(), &named.map(|(name, flags, _)| (name, flags)), false)?;
    let env = Env::open(dir.path())?;
    for (name, _, flag) in named {
        refused_with(env.raw_dbi(name), ErrorKind::Unsupported, &["raw_dbi", name, flag, "copy it"]);
        refused_with(
            env.create_raw_dbi(name, DbiKind::Foreign, "bytes", "bytes"),
            ErrorKind::Unsupported,
            &[name, flag],
        );
    }
    Ok(())
}

#[test]
fn a_foreign_dbi_is_opened_to_write_bytes_and_not_adopted() -> Result<()> {
    let dir = directory()?;
    foreign(dir.path(), DatabaseFlags::empty(), &[("plain", DatabaseFlags::empty())], false)?;
    let env = Env::open(dir.path())?;
    for kind in [DbiKind::Foreign, DbiKind::Plain] {
        let raw = env.create_raw_dbi("plain", kind, "bytes", "bytes")?;
        env.transact(|txn| raw.put(txn, b"k", b"v"))?;
        assert_eq!(env.dbis()?[0].kind, DbiKind::Foreign);
        refused(env.create_raw_dbi("plain", kind, "u32", "str"), ErrorKind::SchemaMismatch);
    }
    // What is new has the types that were given, also as a foreign one.
    let made = env.create_raw_dbi("made", DbiKind::Foreign, "u32", "str")?;
    assert_eq!((made.kind(), made.key_type(), made.value_type()), (DbiKind::Plain, "u32", "str"));
    refused_with(env.create_raw_dbi("__made", DbiKind::Plain, "u32", "str"), ErrorKind::InvalidArgument, &["reserved"]);
    Ok(())
}
