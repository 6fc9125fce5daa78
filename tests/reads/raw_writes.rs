//! Bytes that are written without types are what a typed handle reads, and nothing but the limits of keys is checked.

use crate::common::errors::{refused, refused_with};
use mapleaf::{Dbi, DbiKind, Env, ErrorKind, MultiDbi, Result, key};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// The same changes, by types and by bytes, leave the same entries.
    #[test]
    fn writes_by_bytes_are_those_by_types(
        changes in prop::collection::vec((0..4_u8, any::<u16>(), any::<u16>()), 0..60),
    ) {
        let run = || -> Result<()> {
            let env = Env::temporary()?;
            let typed: Dbi<u16, u16> = env.dbi("typed")?;
            let raw = env.create_raw_dbi("raw", DbiKind::Plain, "u16", "u16")?;
            env.transact(|txn| {
                for (what, a, b) in &changes {
                    let (at, by) = (a.to_be_bytes(), b.to_be_bytes());
                    match what {
                        0 => assert_eq!(typed.delete(txn, *a)?, raw.delete(txn, &at)?),
                        1 => assert_eq!(typed.delete_range(txn, a..b)?, raw.delete_range(txn, at..by)?),
                        2 if a % 8 == 0 => assert_eq!(typed.clear(txn)?, raw.clear(txn)?),
                        _ => {
                            typed.put(txn, *a, *b)?;
                            raw.put(txn, &at, &by)?;
                        }
                    }
                }
                let first = changes.first().map_or(0, |(_, a, _)| a.to_be_bytes()[0]);
                let range = u16::from(first) << 8..=u16::from(first) << 8 | 0xFF;
                assert_eq!(typed.delete_range(txn, range)?, raw.delete_prefix(txn, [first])?);
                Ok(())
            })?;
            let same: Dbi<u16, u16> = env.dbi("raw")?;
            let snap = env.snapshot()?;
            let (a, b) = (typed.iter(&snap)?.collect::<Result<Vec<_>>>()?, same.iter(&snap)?.collect::<Result<Vec<_>>>()?);
            assert_eq!(a, b);
            Ok(())
        };
        run().expect("no error");
    }
}

#[test]
fn only_limits_are_checked_and_typed_readers_find_what_does_not_fit() -> Result<()> {
    let env = Env::temporary()?;
    let ages: Dbi<&str, u32> = env.dbi("ages")?;
    let raw = env.raw_dbi("ages")?.unchecked_writes()?;
    env.transact(|txn| {
        refused_with(raw.put(txn, b"", b""), ErrorKind::InvalidKey, &["ages", "empty"]);
        let most = txn_limit();
        refused(raw.put(txn, &vec![1; most + 1], b""), ErrorKind::TooLarge);
        assert!(!raw.delete(txn, &vec![1; most + 1])?, "a key that cannot be stored is absent");
        raw.put(txn, &vec![1; most], b"not an age")?;
        raw.put(txn, b"ann", &42_u32.to_be_bytes())?;
        raw.put(txn, b"\xFF", b"")
    })?;
    let snap = env.snapshot()?;
    assert_eq!(ages.get(&snap, "ann")?, Some(42));
    let read: Vec<_> = ages.iter(&snap)?.map(|entry| entry.map_err(|error| error.kind())).collect();
    assert_eq!(read, [Err(ErrorKind::Decode), Ok(("ann", 42)), Err(ErrorKind::Decode)]);
    assert_eq!(raw.iter(&snap)?.flatten().count(), 3);
    // A transaction that is dropped leaves nothing.
    let mut txn = env.begin()?;
    assert_eq!(raw.clear(&mut txn)?, 3);
    txn.abort();
    assert_eq!(raw.len(&env.snapshot()?)?, 3);
    Ok(())
}

/// The longest key of this build.
fn txn_limit() -> usize {
    if cfg!(feature = "longer-keys") { 1982 } else { 511 }
}

#[test]
fn a_created_dbi_has_the_types_that_were_named() -> Result<()> {
    let env = Env::temporary()?;
    let raw = env.create_raw_dbi("tags", DbiKind::Multi, "str", "u64")?;
    env.transact(|txn| raw.put(txn, &key::parse(&raw.stored_key_type(), r#"("red", 7)"#)?, b""))?;
    let tags: MultiDbi<&str, u64> = env.multi_dbi("tags")?;
    assert_eq!(tags.values(&env.snapshot()?, "red")?.collect::<Result<Vec<_>>>()?, [7]);
    for (kind, key_type, value_type) in
        [(DbiKind::Plain, "str", "u64"), (DbiKind::Multi, "u64", "str"), (DbiKind::Multi, "str", "u32")]
    {
        refused_with(env.create_raw_dbi("tags", kind, key_type, value_type), ErrorKind::SchemaMismatch, &["tags"]);
    }
    assert_eq!(env.create_raw_dbi("tags", DbiKind::Multi, "str", "u64")?.len(&env.snapshot()?)?, 1, "it is kept");
    refused(env.create_raw_dbi("flags", DbiKind::Unsupported, "bytes", "bytes"), ErrorKind::Unsupported);
    refused(env.create_raw_dbi("long", DbiKind::Plain, &"x".repeat(601), "bytes"), ErrorKind::InvalidArgument);
    refused(env.create_raw_dbi("", DbiKind::Plain, "str", "str"), ErrorKind::InvalidArgument);
    assert_eq!(env.create_raw_dbi("other", DbiKind::Foreign, "bytes", "bytes")?.kind(), DbiKind::Plain);
    assert_eq!(env.dbis()?.len(), 2);
    Ok(())
}
