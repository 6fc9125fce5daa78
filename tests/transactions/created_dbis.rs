//! A database that is created inside a transaction exists with that transaction's commit, and not without it.

use std::collections::BTreeSet;
use std::sync::{Arc, Barrier};
use std::thread;

use mapleaf::{Dbi, DbiKind, Durability, Env, Error, ErrorKind, MultiDbi, Result, WriteTxn};

fn directory() -> Result<tempfile::TempDir> {
    tempfile::tempdir().map_err(Error::other)
}

fn kind<T>(outcome: Result<T>) -> Option<ErrorKind> {
    outcome.err().map(|error| error.kind())
}

fn names(env: &Env) -> Result<Vec<String>> {
    Ok(env.dbis()?.into_iter().map(|dbi| dbi.name).collect())
}

#[test]
fn it_is_read_and_written_at_once_and_by_others_after_the_commit() -> Result<()> {
    for durability in [Durability::Immediate, Durability::Process] {
        let dir = directory()?;
        let env = Env::options().durability(durability).open(dir.path())?;
        let before = env.snapshot()?;
        let (ages, pairs) = env.transact(|txn| {
            let ages: Dbi<&'static str, u32> = txn.dbi("ages")?;
            let pairs: MultiDbi<u32, &'static str> = txn.multi_dbi("pairs")?;
            assert!(ages.is_empty(txn)? && ages.first(txn)?.is_none());
            for n in 0..40 {
                ages.put(txn, ["ann", "bob", "cid"][n % 3], u32::try_from(n).unwrap_or(0))?;
            }
            assert!(ages.delete(txn, "cid")?);
            assert_eq!((ages.len(txn)?, ages.get(txn, "ann")?), (2, Some(39)));
            assert_eq!(ages.pop_first(txn)?, Some(("ann".to_owned(), 39)));
            pairs.insert(txn, 7, "x")?;
            // The same name is the same database, while others do not see it yet.
            assert_eq!(txn.dbi::<&str, u32>("ages")?.get(txn, "bob")?, Some(37));
            assert_eq!(env.dbis()?.len(), 0);
            assert_eq!(kind(ages.get(&env.snapshot()?, "bob")), Some(ErrorKind::NotFound));
            Ok((ages, pairs))
        })?;
        let after = env.snapshot()?;
        assert_eq!(ages.iter(&after)?.collect::<Result<Vec<_>>>()?, [("bob", 37)]);
        assert!(pairs.contains(&after, 7, "x")?);
        assert!(ages.is_empty(&before)?, "an older state reads it as empty");
        assert_eq!(env.dbi::<&str, u32>("ages")?.get(&after, "bob")?, Some(37));
        assert_eq!(kind(env.dbi::<&str, u64>("ages")), Some(ErrorKind::SchemaMismatch));
        env.transact(|txn| ages.put(txn, "dan", 1))?;
        env.dbi::<u8, u8>("later")?;
        assert!(env.verify()?.is_clean());
        drop((env, ages, pairs, before, after));
        let env = Env::open(dir.path())?;
        assert_eq!(names(&env)?, ["ages", "later", "pairs"]);
        assert_eq!(env.dbi::<&str, u32>("ages")?.len(&env.snapshot()?)?, 2);
    }
    Ok(())
}

#[test]
fn without_a_commit_its_handle_finds_nothing_ever() -> Result<()> {
    let env = Env::temporary()?;
    let mut left: Vec<Dbi<u32, u32>> = Vec::new();
    let failed = env.transact(|txn| {
        left.push(txn.dbi("a")?);
        left[0].put(txn, 1, 1)?;
        Err::<(), _>(Error::new(ErrorKind::Conflict, "on purpose"))
    });
    assert!(failed.is_err());
    let mut txn = env.begin()?;
    left.push(txn.create_dbi("a")?);
    left[1].put(&mut txn, 2, 2)?;
    txn.abort();
    assert_eq!(names(&env)?, [""; 0]);
    // Another database gets the name, and the numbers of the lost ones stay unused.
    let found: Dbi<&str, &str> = env.dbi("a")?;
    env.transact(|txn| found.put(txn, "k", "v"))?;
    let snap = env.snapshot()?;
    for lost in &left {
        assert_eq!(kind(lost.get(&snap, 1)), Some(ErrorKind::NotFound));
        assert_eq!(kind(lost.iter(&snap)), Some(ErrorKind::NotFound));
        assert_eq!(kind(env.transact(|txn| lost.put(txn, 1, 1))), Some(ErrorKind::NotFound));
        assert_eq!(kind(env.transact(|txn| lost.delete(txn, 1))), Some(ErrorKind::NotFound));
        assert_eq!(kind(env.transact(|txn| lost.len(txn))), Some(ErrorKind::NotFound));
    }
    assert_eq!(found.iter(&env.snapshot()?)?.collect::<Result<Vec<_>>>()?, [("k", "v")]);
    Ok(())
}

#[test]
fn an_undone_savepoint_takes_it_back_and_its_name_is_free_again() -> Result<()> {
    let env = Env::temporary()?;
    let mut lost: Option<Dbi<u32, u32>> = None;
    let kept: Dbi<&'static str, u64> = env.transact(|txn| {
        let undone = txn.savepoint(|txn| {
            let dbi = txn.dbi::<u32, u32>("a")?;
            dbi.put(txn, 1, 1)?;
            lost = Some(dbi);
            Err::<(), _>(Error::new(ErrorKind::Conflict, "on purpose"))
        });
        assert!(undone.is_err());
        let lost = lost.as_ref().expect("it was opened");
        assert_eq!(kind(lost.put(txn, 1, 1)), Some(ErrorKind::NotFound));
        assert_eq!(kind(lost.get(txn, 1)), Some(ErrorKind::NotFound));
        let kept = txn.savepoint(|txn| {
            let dbi = txn.create_dbi::<&'static str, u64>("a")?;
            dbi.put(txn, "x", 9)?;
            Ok(dbi)
        })?;
        assert_eq!(kept.get(txn, "x")?, Some(9));
        Ok(kept)
    })?;
    assert_eq!(kept.get(&env.snapshot()?, "x")?, Some(9));
    assert_eq!(kind(lost.expect("it was opened").get(&env.snapshot()?, 1)), Some(ErrorKind::NotFound));
    Ok(())
}

#[test]
fn bad_names_types_and_numbers_are_refused_and_the_transaction_goes_on() -> Result<()> {
    let env = Env::options().max_dbis(3).temporary()?;
    env.dbi::<u32, u32>("there")?;
    env.transact(|txn| {
        for name in ["", "__own", "a\0b", &"n".repeat(256)] {
            assert_eq!(kind(txn.dbi::<u32, u32>(name)), Some(ErrorKind::InvalidArgument), "{name:?}");
            assert_eq!(kind(txn.clear_dbi(name)), Some(ErrorKind::InvalidArgument), "{name:?}");
        }
        assert_eq!(kind(txn.dbi::<u32, u64>("there")), Some(ErrorKind::SchemaMismatch));
        assert_eq!(kind(txn.multi_dbi::<u32, u32>("there")), Some(ErrorKind::SchemaMismatch));
        assert_eq!(kind(txn.create_dbi::<u32, u32>("there")), Some(ErrorKind::AlreadyExists));
        assert_eq!(kind(txn.dbi_options().create(false).open::<u32, u32>("new")), Some(ErrorKind::NotFound));
        assert_eq!(kind(txn.clear_dbi("new")), Some(ErrorKind::NotFound));
        txn.dbi::<u32, u32>("new")?;
        assert_eq!(kind(txn.dbi::<u32, u64>("new")), Some(ErrorKind::SchemaMismatch));
        assert_eq!(kind(txn.create_dbi::<u32, u32>("new")), Some(ErrorKind::AlreadyExists));
        txn.dbi_options().create(false).open::<u32, u32>("new")?;
        txn.dbi::<u32, u32>("third")?;
        assert_eq!(kind(txn.dbi::<u32, u32>("fourth")), Some(ErrorKind::DbisFull));
        txn.dbi::<u32, u32>("there").map(drop)
    })?;
    assert_eq!(names(&env)?, ["new", "there", "third"]);
    Ok(())
}

#[test]
fn many_are_created_with_their_rows_in_one_commit() -> Result<()> {
    let dir = directory()?;
    let env = Env::options().max_dbis(2000).open(dir.path())?;
    let before = env.info()?.commits;
    env.transact(|txn| {
        for n in 0..700_u32 {
            let dbi: Dbi<u32, u32> = txn.create_dbi(&format!("db{n}"))?;
            (0..n % 20).try_for_each(|row| dbi.put(txn, row, n))?;
        }
        Ok(())
    })?;
    assert_eq!(env.info()?.commits, before + 1);
    let snap = env.snapshot()?;
    for n in 0..700_u32 {
        let dbi: Dbi<u32, u32> = env.dbi(&format!("db{n}"))?;
        assert_eq!(dbi.len(&snap)?, u64::from(n % 20), "{n}");
    }
    assert!(env.verify()?.is_clean());
    drop((env, snap));
    let env = Env::options().max_dbis(2000).open(dir.path())?;
    assert_eq!(env.dbis()?.len(), 700);
    Ok(())
}

#[test]
fn transactions_that_share_commits_see_what_their_predecessors_created() -> Result<()> {
    const THREADS: u32 = 8;
    const EACH: u32 = 25;
    fn add(txn: &mut WriteTxn, thread: u32, n: u32) -> Result<()> {
        let own: Dbi<u32, u32> = txn.create_dbi(&format!("of{thread}-{n}"))?;
        own.put(txn, n, thread)?;
        let shared: Dbi<u32, u32> = txn.dbi(&format!("shared{}", n % 5))?;
        shared.update(txn, n, |old| Some(old.unwrap_or(0) + 1))?;
        Ok(())
    }
    let dir = directory()?;
    let env = Env::options().max_dbis(1000).open(dir.path())?;
    let begin = Arc::new(Barrier::new(THREADS as usize));
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (env, begin) = (env.clone(), Arc::clone(&begin));
            scope.spawn(move || {
                begin.wait();
                for n in 0..EACH {
                    let made = if thread % 2 == 0 {
                        env.transact(|txn| add(txn, thread, n))
                    } else {
                        env.begin().and_then(|mut txn| {
                            add(&mut txn, thread, n)?;
                            txn.commit().map(drop)
                        })
                    };
                    made.expect("it commits");
                }
            });
        }
    });
    let snap = env.snapshot()?;
    for n in 0..EACH {
        let shared: Dbi<u32, u32> = env.dbi(&format!("shared{}", n % 5))?;
        assert_eq!(shared.get(&snap, n)?, Some(THREADS));
        for thread in 0..THREADS {
            let own: Dbi<u32, u32> = env.dbi(&format!("of{thread}-{n}"))?;
            assert_eq!(own.iter(&snap)?.collect::<Result<Vec<_>>>()?, [(n, thread)]);
        }
    }
    assert_eq!(names(&env)?.into_iter().collect::<BTreeSet<_>>().len(), (THREADS * EACH + 5) as usize);
    assert!(env.verify()?.is_clean());
    Ok(())
}

#[test]
fn clearing_by_name_is_undone_with_what_is_around_it() -> Result<()> {
    let env = Env::temporary()?;
    let dbi: Dbi<u32, u32> = env.dbi("d")?;
    env.transact(|txn| (0..100).try_for_each(|n| dbi.put(txn, n, n)))?;
    env.transact(|txn| {
        let undone = txn.savepoint(|txn| {
            txn.clear_dbi("d")?;
            assert!(dbi.is_empty(txn)?);
            Err::<(), _>(Error::new(ErrorKind::Conflict, "on purpose"))
        });
        assert!(undone.is_err());
        assert_eq!(dbi.len(txn)?, 100);
        let new: Dbi<u32, u32> = txn.dbi("new")?;
        new.put(txn, 1, 1)?;
        txn.clear_dbi("new")?;
        assert!(new.is_empty(txn)?);
        txn.clear_dbi("d")?;
        dbi.put(txn, 3, 3)
    })?;
    assert_eq!(dbi.iter(&env.snapshot()?)?.collect::<Result<Vec<_>>>()?, [(3, 3)]);
    assert_eq!(names(&env)?, ["d", "new"]);
    Ok(())
}

#[test]
fn a_name_that_was_dropped_beside_another_process_is_created_anew() -> Result<()> {
    let env = Env::temporary()?;
    env.dbi::<u32, u32>("a")?;
    env.drop_dbi("a")?;
    let a: Dbi<&str, u8> = env.transact(|txn| {
        let a: Dbi<&'static str, u8> = txn.create_dbi("a")?;
        a.put(txn, "x", 1)?;
        Ok(a)
    })?;
    env.drop_dbi("a")?;
    assert_eq!(kind(a.get(&env.snapshot()?, "x")), Some(ErrorKind::NotFound));
    Ok(())
}

#[test]
fn without_types_it_is_created_filled_and_undone_as_with_them() -> Result<()> {
    let env = Env::temporary()?;
    env.dbi::<u8, u8>("old")?;
    let create = |txn: &mut WriteTxn| {
        let pairs = txn.create_raw_dbi("pairs", DbiKind::Multi, "str", "u8")?;
        pairs.put(txn, b"a\0\x01\x07", b"")?;
        txn.rename_dbi("old", "new")?;
        assert_eq!(kind(txn.raw_dbi("old")), Some(ErrorKind::NotFound));
        assert_eq!((txn.raw_dbi("new")?.kind(), txn.raw_dbi("pairs")?.kind()), (DbiKind::Plain, DbiKind::Multi));
        assert_eq!(txn.raw_dbi("pairs")?.len(txn)?, 1);
        Ok::<_, Error>(pairs)
    };
    let undone = env.transact(|txn| {
        let mut undone = None;
        let failed = txn.savepoint(|txn| {
            undone = Some(create(txn)?);
            Err::<(), _>(Error::new(ErrorKind::Conflict, "on purpose"))
        });
        assert_eq!((kind(failed), kind(txn.raw_dbi("pairs"))), (Some(ErrorKind::Conflict), Some(ErrorKind::NotFound)));
        Ok(undone.expect("it was created"))
    })?;
    assert_eq!(kind(undone.len(&env.snapshot()?)), Some(ErrorKind::NotFound));
    let pairs = env.transact(create)?;
    let typed: MultiDbi<&str, u8> = env.multi_dbi("pairs")?;
    let snap = env.snapshot()?;
    assert!(typed.contains(&snap, "a", 7)? && pairs.len(&snap)? == 1);
    assert_eq!(names(&env)?, ["new", "pairs"]);
    env.transact(|txn| {
        assert_eq!(kind(txn.create_raw_dbi("pairs", DbiKind::Plain, "str", "u8")), Some(ErrorKind::SchemaMismatch));
        assert_eq!(kind(txn.create_raw_dbi("x", DbiKind::Unsupported, "u8", "u8")), Some(ErrorKind::Unsupported));
        assert_eq!(kind(txn.create_raw_dbi("__x", DbiKind::Plain, "u8", "u8")), Some(ErrorKind::InvalidArgument));
        assert_eq!(kind(txn.raw_dbi("")), Some(ErrorKind::InvalidArgument));
        // The catalogue, as of the state that the transaction began on.
        assert!(!txn.raw_dbi("__mapleaf")?.is_empty(txn)?);
        Ok(())
    })
}
