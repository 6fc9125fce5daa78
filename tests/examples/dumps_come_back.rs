//! What the example dumps, it restores: the same DBIs with the same types and entries, whatever they hold.

use std::borrow::Cow;

use crate::common::errors::refused;
use crate::dump::{dump, restore};
use mapleaf::key::{KeyAs, Reverse};
use mapleaf::{Dbi, Env, Error, ErrorKind, Msgpack, MultiDbi, Result};
use proptest::collection::vec;
use proptest::prelude::*;

/// A type of a user, whose name no program that dumps knows.
#[derive(Clone, Debug)]
struct Email(String);

impl KeyAs for Email {
    type As = &'static str;
    type Arg<'a> = &'a Email;
    const NAME: &'static str = "e-mail\t\"address\"";
    fn to_key(&self) -> &str {
        &self.0
    }
    fn from_key(key: Cow<'_, str>) -> Result<Self> {
        Ok(Self(key.into_owned()))
    }
}

type Mails = Dbi<Email, Msgpack<Option<(u8, String)>>>;
type Pairs = MultiDbi<(&'static str, Reverse<i16>), &'static [u8]>;
type Bytes = Dbi<&'static [u8], &'static [u8]>;

/// Names that would break lines and fields.
const NAMES: [&str; 4] = ["mails", "pa\tirs\n", "\"bytes\", ", "leer \u{1f600}"];

type Rows = (Vec<(String, Option<(u8, String)>)>, Vec<(String, i16, Vec<u8>)>, Vec<(Vec<u8>, Vec<u8>)>);

fn rows() -> impl Strategy<Value = Rows> {
    (
        vec((".{0,20}", any::<Option<(u8, String)>>()), 0..12),
        vec((".{0,9}", any::<i16>(), vec(any::<u8>(), 0..9)), 0..12),
        vec((vec(any::<u8>(), 1..40), vec(any::<u8>(), 0..600)), 0..12),
    )
}

fn filled((mails, pairs, bytes): &Rows) -> Result<Env> {
    let env = Env::temporary()?;
    let (to_mails, to_pairs): (Mails, Pairs) = (env.dbi(NAMES[0])?, env.multi_dbi(NAMES[1])?);
    let (to_bytes, _empty): (Bytes, Dbi<(), ()>) = (env.dbi(NAMES[2])?, env.dbi(NAMES[3])?);
    env.transact(|txn| {
        mails.iter().try_for_each(|(key, value)| to_mails.put(txn, &Email(key.clone()), value))?;
        pairs.iter().try_for_each(|(a, b, value)| to_pairs.insert(txn, (a, Reverse(*b)), value).map(drop))?;
        bytes.iter().try_for_each(|(key, value)| to_bytes.put(txn, key, value))
    })?;
    Ok(env)
}

fn dumped(env: &Env) -> Result<Vec<u8>> {
    let mut text = Vec::new();
    dump(env, &mut text)?;
    Ok(text)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_restored_dump_is_the_same_environment(rows in rows()) {
        let run = || -> Result<()> {
            let env = filled(&rows)?;
            let text = dumped(&env)?;
            let copy = Env::temporary()?;
            restore(&copy, &text[..])?;
            assert_eq!(copy.dbis()?, env.dbis()?);
            assert_eq!(dumped(&copy)?, text);
            // The typed handles of the copy read what was stored.
            let (mails, pairs): (Mails, Pairs) = (copy.dbi(NAMES[0])?, copy.multi_dbi(NAMES[1])?);
            let (bytes, snap): (Bytes, _) = (copy.dbi(NAMES[2])?, copy.snapshot()?);
            for (key, _) in &rows.0 {
                let last = rows.0.iter().rfind(|(other, _)| other == key).map(|(_, value)| value.clone());
                assert_eq!(mails.get(&snap, &Email(key.clone()))?, last);
            }
            for (a, b, value) in &rows.1 {
                assert!(pairs.contains(&snap, (a, Reverse(*b)), value)?);
            }
            for (key, _) in &rows.2 {
                let last = rows.2.iter().rfind(|(other, _)| other == key).map(|(_, value)| &value[..]);
                assert_eq!(bytes.get(&snap, key)?, last);
            }
            assert!(copy.verify()?.is_clean());
            Ok(())
        };
        run().expect("no error");
    }

    /// A dump that is cut restores the databases before the cut and reports the cut, unless it is between two.
    #[test]
    fn a_cut_dump_is_an_error_and_leaves_no_part_of_a_database(rows in rows(), cut in any::<prop::sample::Index>()) {
        let run = || -> Result<()> {
            let env = filled(&rows)?;
            let text = dumped(&env)?;
            let cut = &text[..cut.index(text.len())];
            let copy = Env::temporary()?;
            let restored = restore(&copy, cut);
            let whole = cut.is_empty() || cut.ends_with(b"\n\n");
            // Without its last end of a line, the last line is whole as well.
            if !whole && text.get(cut.len()) != Some(&b'\n') {
                assert!(matches!(restored.expect_err("cut").kind(), ErrorKind::InvalidKey | ErrorKind::InvalidArgument));
            }
            let all = env.dbis()?;
            for info in copy.dbis()? {
                let same = all.contains(&info);
                assert!(same || info.entries == 0, "{info:?} is restored in part");
            }
            Ok(())
        };
        run().expect("no error");
    }
}

#[test]
fn a_dump_into_other_types_is_refused() -> Result<()> {
    let env = Env::temporary()?;
    let _ages: Dbi<&str, u32> = env.dbi("ages")?;
    let other = Env::temporary()?;
    let _ages: Dbi<&str, u64> = other.dbi("ages")?;
    refused(restore(&other, &dumped(&env)?[..]), ErrorKind::SchemaMismatch);
    refused(restore(&other, &b"no dump\n"[..]), ErrorKind::InvalidKey);
    Ok(())
}

#[test]
fn a_dump_leaves_out_what_mapleaf_cannot_read() -> Result<()> {
    let dir = tempfile::tempdir().map_err(Error::other)?;
    #[expect(unsafe_code, reason = "heed opens by an unsafe function")]
    // SAFETY: no flags.
    let other = unsafe { heed::EnvOpenOptions::new().max_dbs(4).open(dir.path()) }.map_err(Error::other)?;
    let txn = other.write_txn().map_err(Error::other)?;
    let made = other.create_databases_and_commit(txn, |opener, txn| {
        for (name, flags) in [("dups", heed::DatabaseFlags::DUP_SORT), ("plain", heed::DatabaseFlags::empty())] {
            let mut options = opener.database_options().types::<heed::types::Bytes, heed::types::Bytes>();
            options.flags(flags).name(name).create(txn)?.put(txn, b"k", b"v")?;
        }
        Ok::<_, heed::Error>(heed::CommitOrAbort::<(), ()>::Commit(()))
    });
    made.map_err(Error::other)?;
    drop(other);

    let env = Env::open(dir.path())?;
    assert_eq!(env.dbis()?.len(), 2);
    let copy = Env::temporary()?;
    restore(&copy, &dumped(&env)?[..])?;
    let infos = copy.dbis()?;
    assert_eq!(infos.iter().map(|info| (&info.name[..], info.entries)).collect::<Vec<_>>(), [("plain", 1)]);
    Ok(())
}

/// Each DBI is created with its row in one transaction, so a dump that has one without the row is of two states.
#[test]
fn a_dump_beside_a_writer_is_of_one_state() -> Result<()> {
    let env = Env::temporary()?;
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            (0..200)
                .try_for_each(|n| env.transact(|txn| txn.create_dbi::<u64, u64>(&format!("dbi {n}"))?.put(txn, n, n)))
        });
        while !writer.is_finished() {
            let copy = Env::temporary()?;
            restore(&copy, &dumped(&env)?[..])?;
            let without: Vec<_> = copy.dbis()?.into_iter().filter(|info| info.entries == 0).collect();
            assert!(without.is_empty(), "{without:?}");
        }
        writer.join().expect("the writer does not panic")
    })
}
