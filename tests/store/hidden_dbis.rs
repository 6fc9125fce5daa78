//! The spaces of an environment are DBIs that nobody else sees or changes.

use std::ops::Bound;
use std::path::Path;
use std::sync::Barrier;
use std::thread;

use heed::types::Bytes;
use heed::{CommitOrAbort, EnvOpenOptions};
use mapleaf::store::{Backend, BackendRead, EnvSpace};
use mapleaf::{Dbi, DbiKind, Env, EnvOptions, Error, ErrorKind, Result};

const SPACE: &str = "__store/users/records";

fn kind<T>(result: Result<T>) -> Option<ErrorKind> {
    result.err().map(|error| error.kind())
}

/// A space with a row.
fn filled(env: &Env) -> Result<EnvSpace> {
    let space = env.open_space(SPACE, "str", "record(u32)")?;
    Backend::transact(env, |txn| txn.put(&space, b"ann"[..].into(), b"42"[..].into()))?;
    Ok(space)
}

fn row(env: &Env) -> Result<Option<Vec<u8>>> {
    let space = env.open_space(SPACE, "str", "record(u32)")?;
    let snap = env.snapshot()?;
    Ok(BackendRead::get(&snap, &space, b"ann")?.map(Vec::from))
}

fn limited(dbis: u32) -> EnvOptions {
    Env::options().max_dbis(dbis)
}

#[test]
fn no_verb_for_dbis_lists_opens_or_changes_them() -> Result<()> {
    let env = Env::temporary()?;
    filled(&env)?;
    let _plain: Dbi<u32, u32> = env.dbi("plain")?;
    let names = |dbis: Vec<mapleaf::DbiInfo>| dbis.into_iter().map(|dbi| dbi.name).collect::<Vec<_>>();
    assert_eq!(names(env.dbis()?), ["plain"]);
    assert_eq!(names(env.snapshot()?.dbis()?), ["plain"]);

    let refused = Some(ErrorKind::InvalidArgument);
    assert_eq!(kind(env.dbi::<&str, u32>(SPACE)), refused);
    assert_eq!(kind(env.multi_dbi::<&str, u32>(SPACE)), refused);
    assert_eq!(kind(env.dbi_options().create(false).open::<&[u8], &[u8]>(SPACE)), refused);
    assert_eq!(kind(env.dbi_options().adopt(true).open::<&[u8], &[u8]>(SPACE)), refused);
    assert_eq!(kind(env.create_raw_dbi(SPACE, DbiKind::Plain, "str", "record(u32)")), refused);
    assert_eq!(kind(env.clear_dbi(SPACE)), refused);
    assert_eq!(kind(env.drop_dbi(SPACE)), refused);
    assert_eq!(kind(env.rename_dbi(SPACE, "plain2")), refused);
    assert_eq!(kind(env.rename_dbi("plain", SPACE)), refused);
    env.transact(|txn| {
        assert_eq!(kind(txn.dbi::<&str, u32>(SPACE)), refused);
        assert_eq!(kind(txn.clear_dbi(SPACE)), refused);
        assert_eq!(kind(txn.drop_dbi(SPACE)), refused);
        assert_eq!(kind(txn.rename_dbi(SPACE, "plain2")), refused);
        Ok(())
    })?;
    assert_eq!(row(&env)?.as_deref(), Some(&b"42"[..]));
    Ok(())
}

#[test]
fn they_are_read_as_bytes_and_not_written() -> Result<()> {
    let env = Env::temporary()?;
    filled(&env)?;
    let raw = env.raw_dbi(SPACE)?;
    assert_eq!((raw.key_type(), raw.value_type(), raw.kind()), ("str", "record(u32)", DbiKind::Plain));
    assert_eq!(raw.get(&env.snapshot()?, b"ann")?, Some(&b"42"[..]));
    assert_eq!(kind(raw.unchecked_writes()), Some(ErrorKind::InvalidArgument));
    Ok(())
}

#[test]
fn they_have_room_of_their_own_and_no_more() -> Result<()> {
    let env = limited(2).temporary()?;
    let open = |n: u32| env.open_space(&format!("__store/s{n}/records"), "str", "record(u32)");
    for n in 0..2 {
        open(n)?;
    }
    assert_eq!(kind(open(2)), Some(ErrorKind::DbisFull));
    for n in 0..2 {
        let _: Dbi<u32, u32> = env.dbi(&format!("d{n}"))?;
    }
    assert_eq!(kind(env.dbi::<u32, u32>("d2")), Some(ErrorKind::DbisFull));
    // All of them can be written in one transaction: LMDB has a handle for each.
    let spaces = [open(0)?, open(1)?];
    env.transact(|txn| {
        for n in 0..2 {
            txn.dbi::<u32, u32>(&format!("d{n}"))?.put(txn, 1, 1)?;
        }
        Ok(())
    })?;
    Backend::transact(&env, |txn| {
        spaces.iter().try_for_each(|space| txn.put(space, b"k"[..].into(), b"v"[..].into()))
    })?;
    Ok(())
}

#[test]
fn only_names_of_stores_and_the_same_types_open_them() -> Result<()> {
    let env = Env::temporary()?;
    filled(&env)?;
    let long = format!("__store/{}", "n".repeat(248));
    for name in ["users", "", "__mapleaf", "__storeusers", "__store/a\0b", &long] {
        assert_eq!(kind(env.open_space(name, "str", "str")), Some(ErrorKind::InvalidArgument), "{name:?}");
    }
    assert_eq!(kind(env.open_space(SPACE, "str", "record(u64)")), Some(ErrorKind::SchemaMismatch));
    assert_eq!(kind(env.open_space(SPACE, "u32", "record(u32)")), Some(ErrorKind::SchemaMismatch));
    env.transact(|_| {
        assert_eq!(kind(env.open_space(SPACE, "str", "record(u32)")), Some(ErrorKind::Nested));
        Ok(())
    })
}

#[test]
fn they_survive_a_copy_a_compaction_and_a_reopening() -> Result<()> {
    let dir = tempfile::tempdir().map_err(Error::other)?;
    let env = Env::open(dir.path().join("env"))?;
    filled(&env)?;
    // A renamed DBI is one whose tree gets another name in a compacted copy.
    let plain: Dbi<u32, u32> = env.dbi("plain")?;
    env.transact(|txn| plain.put(txn, 1, 2))?;
    env.rename_dbi("plain", "renamed")?;
    assert_eq!(env.verify()?.faults, []);
    for compact in [mapleaf::Compact::No, mapleaf::Compact::Yes] {
        let path = dir.path().join(format!("{compact:?}"));
        env.copy_to(&path, compact)?;
        let copy = Env::open(&path)?;
        assert_eq!(row(&copy)?.as_deref(), Some(&b"42"[..]), "{compact:?}");
        assert_eq!(copy.dbis()?.len(), 1);
        assert_eq!(copy.verify()?.faults, []);
        assert_eq!(kind(copy.drop_dbi(SPACE)), Some(ErrorKind::InvalidArgument));
    }
    env.compact()?;
    assert_eq!(row(&env)?.as_deref(), Some(&b"42"[..]));
    drop((env, plain));
    let env = Env::open(dir.path().join("env"))?;
    assert_eq!(row(&env)?.as_deref(), Some(&b"42"[..]));
    drop(env);
    let env = Env::options().read_only(true).open(dir.path().join("env"))?;
    assert_eq!(row(&env)?.as_deref(), Some(&b"42"[..]));
    let absent = env.open_space("__store/other/records", "str", "record(u32)");
    assert_eq!(kind(absent), Some(ErrorKind::ReadOnly));
    Ok(())
}

#[test]
fn a_space_is_empty_in_states_older_than_it() -> Result<()> {
    let env = Env::temporary()?;
    let before = env.snapshot()?;
    let space = filled(&env)?;
    assert_eq!(BackendRead::get(&before, &space, b"ann")?, None);
    assert_eq!(before.count(&space, (Bound::Unbounded, Bound::Unbounded))?, 0);
    Ok(())
}

/// Makes a file by LMDB alone, with a database of the space's name.
#[expect(unsafe_code, reason = "heed opens by an unsafe function")]
fn foreign(path: &Path) -> Result<()> {
    // SAFETY: no flags; nobody else has the environment open.
    let env = unsafe { EnvOpenOptions::new().max_dbs(4).map_size(1 << 24).open(path) }.map_err(Error::other)?;
    let txn = env.write_txn().map_err(Error::other)?;
    let made = env.create_databases_and_commit(txn, |opener, txn| {
        let dbi = opener.database_options().types::<Bytes, Bytes>().name(SPACE).create(txn)?;
        dbi.put(txn, b"ann", b"42")?;
        Ok::<_, heed::Error>(CommitOrAbort::<(), ()>::Commit(()))
    });
    made.map(drop).map_err(Error::other)
}

#[test]
fn a_tree_of_other_software_with_such_a_name_is_no_space() -> Result<()> {
    let dir = tempfile::tempdir().map_err(Error::other)?;
    foreign(dir.path())?;
    let env = Env::open(dir.path())?;
    for (key, value) in [("str", "record(u32)"), ("bytes", "bytes")] {
        assert_eq!(kind(env.open_space(SPACE, key, value)), Some(ErrorKind::SchemaMismatch), "{key}");
    }
    // It is no DBI of ours, so it is listed as others of other software are.
    assert_eq!(env.dbis()?.len(), 1);
    Ok(())
}

#[test]
fn threads_that_open_a_new_space_together_get_the_same() -> Result<()> {
    for _ in 0..10 {
        let env = Env::temporary()?;
        let barrier = Barrier::new(4);
        let put = |n: u8| {
            barrier.wait();
            let space = env.open_space(SPACE, "str", "record(u32)")?;
            Backend::transact(&env, |txn| txn.put(&space, (&[n][..]).into(), b""[..].into())).map(|_| space)
        };
        let opened = thread::scope(|scope| {
            let threads: Vec<_> = (1..=4).map(|n| scope.spawn(move || put(n))).collect();
            threads.into_iter().map(|thread| thread.join().expect("no panic")).collect::<Result<Vec<_>>>()
        })?;
        assert!(opened.windows(2).all(|pair| pair[0] == pair[1]));
        assert_eq!(env.snapshot()?.count(&opened[0], (Bound::Unbounded, Bound::Unbounded))?, 4);
    }
    Ok(())
}

#[test]
fn info_counts_their_pages_and_the_commit_that_creates_them() -> Result<()> {
    let env = Env::temporary()?;
    let _: Dbi<u32, u32> = env.dbi("plain")?;
    let before = env.info()?;
    let space = env.open_space(SPACE, "str", "record(u32)")?;
    assert_eq!(env.info()?.commits, before.commits + 1);
    Backend::transact(&env, |txn| txn.put(&space, b"ann"[..].into(), (&vec![7; 100_000][..]).into()))?;
    assert!(env.info()?.used_pages >= before.used_pages + 20);
    // Opening it again commits nothing.
    env.open_space(SPACE, "str", "record(u32)")?;
    assert_eq!(env.info()?.commits, before.commits + 2);
    assert_eq!(env.raw_dbi(SPACE)?.info(&env.snapshot()?)?.entries, 1);
    Ok(())
}
