//! Databases that are dropped, renamed and given other types in a transaction: with its rows, or not at all. A handle
//! goes by its database, not by the name.

use mapleaf::value::{Context, Value};
use mapleaf::{Batch, Dbi, DbiKind, Durability, Env, Error, ErrorKind, MultiDbi, Result};

type Numbers = Dbi<u32, u32>;

fn kind<T>(outcome: Result<T>) -> Option<ErrorKind> {
    outcome.err().map(|error| error.kind())
}

fn names(env: &Env) -> Result<Vec<String>> {
    Ok(env.dbis()?.into_iter().map(|dbi| dbi.name).collect())
}

fn on_purpose() -> Error {
    Error::new(ErrorKind::Conflict, "on purpose")
}

/// An environment whose transactions share commits, or not.
fn environments() -> Result<Vec<(tempfile::TempDir, Env)>> {
    let all = [Durability::Immediate, Durability::Process].into_iter().map(|durability| {
        let dir = tempfile::tempdir().map_err(Error::other)?;
        let env = Env::options().durability(durability).open(dir.path())?;
        Ok((dir, env))
    });
    all.collect()
}

#[test]
fn names_are_exchanged_with_the_rows_of_the_same_transaction() -> Result<()> {
    for (_dir, env) in environments()? {
        let (a, b): (Numbers, MultiDbi<&str, u8>) = (env.dbi("a")?, env.multi_dbi("b")?);
        env.transact(|txn| {
            a.put(txn, 1, 10)?;
            b.insert(txn, "x", 1)?;
            Ok(())
        })?;
        let before = env.snapshot()?;
        let (a_as_b, b_as_a): (Numbers, MultiDbi<&str, u8>) = env.transact(|txn| {
            a.put(txn, 2, 20)?;
            txn.rename_dbi("a", "tmp")?;
            assert_eq!(kind(txn.rename_dbi("a", "x")), Some(ErrorKind::NotFound));
            txn.rename_dbi("b", "a")?;
            txn.rename_dbi("tmp", "b")?;
            let (a_as_b, b_as_a): (Numbers, MultiDbi<&str, u8>) = (txn.dbi("b")?, txn.multi_dbi("a")?);
            assert_eq!((a_as_b.name(), a.name(), a_as_b.get(txn, 2)?), ("b", "a", Some(20)));
            // Both handles see what the other one changes.
            a_as_b.put(txn, 3, 30)?;
            a.put(txn, 4, 40)?;
            b.insert(txn, "y", 2)?;
            assert_eq!((a.get(txn, 3)?, a_as_b.get(txn, 4)?, a_as_b.len(txn)?), (Some(30), Some(40), 4));
            assert!(b_as_a.contains(txn, "y", 2)?);
            assert_eq!(kind(txn.dbi::<u32, u32>("a")), Some(ErrorKind::SchemaMismatch));
            Ok((a_as_b, b_as_a))
        })?;
        let after = env.snapshot()?;
        for dbi in [&a, &a_as_b, &env.dbi("b")?] {
            assert_eq!((dbi.len(&before)?, dbi.len(&after)?), (1, 4));
        }
        for dbi in [&b, &b_as_a, &env.multi_dbi("a")?] {
            assert_eq!((dbi.len(&before)?, dbi.len(&after)?), (1, 2));
        }
        let kinds: Vec<_> = env.dbis()?.into_iter().map(|dbi| (dbi.name, dbi.kind, dbi.entries)).collect();
        assert_eq!(kinds, [("a".into(), DbiKind::Multi, 2), ("b".into(), DbiKind::Plain, 4)]);
        assert!(env.verify()?.is_clean());
    }
    Ok(())
}

#[test]
fn a_name_is_created_dropped_and_created_with_other_types_in_one_transaction() -> Result<()> {
    for (_dir, env) in environments()? {
        let old: Numbers = env.dbi("a")?;
        env.transact(|txn| (0..1000).try_for_each(|n| old.put(txn, n, n)))?;
        let before = env.snapshot()?;
        let mut open = old.iter(&before)?;
        open.next();
        let (mid, new) = env.transact(|txn| {
            old.put(txn, 5000, 5000)?;
            txn.drop_dbi("a")?;
            for missing in [kind(old.get(txn, 1)), kind(old.put(txn, 1, 1)), kind(old.len(txn)), kind(old.clear(txn))] {
                assert_eq!(missing, Some(ErrorKind::NotFound));
            }
            assert_eq!(kind(txn.drop_dbi("a")), Some(ErrorKind::NotFound));
            let mid: Dbi<&'static str, &'static str> = txn.create_dbi("a")?;
            mid.put(txn, "k", "v")?;
            txn.drop_dbi("a")?;
            assert_eq!(kind(mid.get(txn, "k")), Some(ErrorKind::NotFound));
            let new: Dbi<u8, &'static str> = txn.dbi("a")?;
            new.put(txn, 7, "new")?;
            Ok((mid, new))
        })?;
        let after = env.snapshot()?;
        assert_eq!(new.iter(&after)?.collect::<Result<Vec<_>>>()?, [(7, "new")]);
        assert_eq!(
            (kind(old.get(&after, 1)), kind(mid.get(&after, "k"))),
            (Some(ErrorKind::NotFound), Some(ErrorKind::NotFound))
        );
        assert_eq!((old.len(&before)?, new.len(&before)?), (1000, 0));
        assert_eq!(open.count(), 999, "a scan that began before goes on");
        assert!(env.verify()?.is_clean());
    }
    Ok(())
}

#[test]
fn what_is_undone_leaves_names_handles_and_rows_as_they_were() -> Result<()> {
    for (_dir, env) in environments()? {
        let (a, b): (Numbers, Numbers) = (env.dbi("a")?, env.dbi("b")?);
        env.transact(|txn| a.put(txn, 1, 1).and_then(|()| b.put(txn, 2, 2)))?;
        let mut left: Option<Numbers> = None;
        let mut txn = env.begin()?;
        a.put(&mut txn, 3, 3)?;
        for by_guard in [false, true] {
            let mut change = |txn: &mut mapleaf::WriteTxn| {
                txn.drop_dbi("a")?;
                txn.rename_dbi("b", "a")?;
                txn.rename_dbi("a", "c")?;
                let new: Numbers = txn.create_dbi("a")?;
                new.put(txn, 9, 9)?;
                left = Some(new);
                assert_eq!(b.get(txn, 2)?, Some(2));
                b.delete(txn, 2)
            };
            if by_guard {
                let mut guard = txn.savepoint_guard();
                change(&mut guard)?;
                drop(guard);
            } else {
                let undone = txn.savepoint(|txn| change(txn).and_then(|_| Err::<(), _>(on_purpose())));
                assert!(undone.is_err());
            }
            assert_eq!((a.len(&txn)?, a.get(&txn, 3)?, b.get(&txn, 2)?), (2, Some(3), Some(2)));
            assert_eq!(txn.dbi::<u32, u32>("b")?.len(&txn)?, 1);
            assert_eq!(kind(txn.dbi_options().create(false).open::<u32, u32>("c")), Some(ErrorKind::NotFound));
            let left = left.take().expect("it was created");
            assert_eq!(kind(left.get(&txn, 9)), Some(ErrorKind::NotFound));
        }
        txn.commit()?;
        let aborted = env.transact(|txn| {
            txn.rename_dbi("a", "z")?;
            txn.drop_dbi("b")?;
            Err::<(), _>(on_purpose())
        });
        assert!(aborted.is_err());
        let snap = env.snapshot()?;
        assert_eq!((names(&env)?, a.len(&snap)?, b.len(&snap)?), (vec!["a".into(), "b".into()], 2, 1));
        env.transact(|txn| a.put(txn, 5, 5))?;
    }
    Ok(())
}

#[test]
fn bad_names_are_refused_and_the_transaction_goes_on() -> Result<()> {
    let env = Env::temporary()?;
    let (a, _b): (Numbers, Numbers) = (env.dbi("a")?, env.dbi("b")?);
    env.transact(|txn| {
        for name in ["", "__own", "x\0y", &"n".repeat(256)] {
            assert_eq!(kind(txn.drop_dbi(name)), Some(ErrorKind::InvalidArgument), "{name:?}");
            assert_eq!(kind(txn.rename_dbi(name, "c")), Some(ErrorKind::InvalidArgument), "{name:?}");
            assert_eq!(kind(txn.rename_dbi("a", name)), Some(ErrorKind::InvalidArgument), "{name:?}");
            // The names are checked before anything else, so this is not `Nested`.
            assert_eq!(kind(env.drop_dbi(name)), Some(ErrorKind::InvalidArgument), "{name:?}");
            assert_eq!(kind(env.rename_dbi(name, "c")), Some(ErrorKind::InvalidArgument), "{name:?}");
            assert_eq!(kind(env.rename_dbi("a", name)), Some(ErrorKind::InvalidArgument), "{name:?}");
        }
        assert_eq!(kind(txn.rename_dbi("a", "b")), Some(ErrorKind::AlreadyExists));
        assert_eq!(kind(txn.rename_dbi("c", "d")), Some(ErrorKind::NotFound));
        assert_eq!(kind(txn.drop_dbi("c")), Some(ErrorKind::NotFound));
        txn.rename_dbi("a", "a")?;
        txn.drop_dbi("b")?;
        txn.rename_dbi("a", "b")?;
        a.put(txn, 1, 1)
    })?;
    assert_eq!((names(&env)?, a.len(&env.snapshot()?)?), (vec!["b".to_owned()], 1));
    assert_eq!(kind(env.rename_dbi("x", "y")), Some(ErrorKind::NotFound));
    assert_eq!(kind(env.transact(|_| env.rename_dbi("b", "y"))), Some(ErrorKind::Nested));
    assert_eq!(kind(env.transact(|_| env.migrate("b", |_, _: &Numbers, _: &Numbers| Ok(())))), Some(ErrorKind::Nested));
    Ok(())
}

#[test]
fn a_dropped_one_makes_room_under_the_limit_at_once() -> Result<()> {
    let env = Env::options().max_dbis(3).temporary()?;
    for round in 0..4 {
        env.transact(|txn| {
            let undone = txn.savepoint(|txn| {
                (0..3).try_for_each(|n| txn.create_dbi::<u32, u32>(&format!("undone {n}")).map(drop))?;
                Err::<(), _>(on_purpose())
            });
            assert_eq!(kind(undone), Some(ErrorKind::Conflict));
            for n in 0..3 {
                txn.create_dbi::<u32, u32>(&format!("{round}-{n}"))?;
            }
            assert_eq!(kind(txn.create_dbi::<u32, u32>("more")), Some(ErrorKind::DbisFull));
            for n in 0..3 {
                txn.rename_dbi(&format!("{round}-{n}"), &format!("{n}"))?;
            }
            Ok(())
        })?;
        assert_eq!(names(&env)?, ["0", "1", "2"]);
        env.transact(|txn| {
            txn.drop_dbi("1")?;
            txn.create_dbi::<u8, u8>("1")?;
            assert_eq!(kind(txn.create_dbi::<u32, u32>("more")), Some(ErrorKind::DbisFull));
            (0..3).try_for_each(|n| txn.drop_dbi(&format!("{n}")))
        })?;
        assert!(names(&env)?.is_empty());
    }
    Ok(())
}

#[test]
fn types_change_under_the_name_in_one_commit() -> Result<()> {
    for (_dir, env) in environments()? {
        let (old, log): (Dbi<&str, u32>, Dbi<u32, &str>) = (env.dbi("ages")?, env.dbi("log")?);
        env.transact(|txn| (0..50_u32).try_for_each(|n| old.put(txn, &format!("{n:02}"), n)))?;
        let (before, commits) = (env.snapshot()?, env.info()?.commits);
        let sum = env.migrate_or("ages", |txn, before: &Dbi<&str, u32>, after: &Dbi<(u32, &str), u64>| {
            assert!(after.is_empty(txn)?);
            assert_eq!(txn.dbi::<&str, u32>("ages")?.len(txn)?, 50, "the name is still that of the old one");
            let rows = before.iter(txn)?.map(|row| row.map(|(name, age)| (name.to_owned(), age)));
            let rows = rows.collect::<Result<Vec<_>>>()?;
            for (name, age) in &rows {
                after.put(txn, (*age, name.as_str()), u64::from(*age))?;
            }
            log.put(txn, 1, "migrated")?;
            Ok::<_, Error>(rows.iter().map(|(_, age)| *age).sum::<u32>())
        })?;
        assert_eq!((sum, env.info()?.commits), (1225, commits + 1));
        let (new, snap) = (env.dbi::<(u32, &str), u64>("ages")?, env.snapshot()?);
        assert_eq!((new.len(&snap)?, new.get(&snap, (7, "07"))?, log.len(&snap)?), (50, Some(7), 1));
        assert_eq!((old.len(&before)?, kind(old.len(&snap))), (50, Some(ErrorKind::NotFound)));
        let wrong = env.migrate("ages", |_, _: &Dbi<&str, u32>, _: &Dbi<u8, u8>| Ok(()));
        assert_eq!(kind(wrong), Some(ErrorKind::SchemaMismatch));
        let failed = env.migrate("ages", |txn, _: &Dbi<(u32, &str), u64>, after: &Dbi<u8, u8>| {
            after.put(txn, 1, 1)?;
            Err(on_purpose())
        });
        assert_eq!(kind(failed), Some(ErrorKind::Conflict));
        let dropped = env.migrate("ages", |txn, _: &Dbi<(u32, &str), u64>, _: &Dbi<u8, u8>| txn.drop_dbi("ages"));
        assert_eq!(kind(dropped), Some(ErrorKind::InvalidArgument));
        let absent = env.migrate("nothing", |_, _: &Dbi<u8, u8>, _: &Dbi<u8, u16>| Ok(()));
        assert_eq!(kind(absent), Some(ErrorKind::NotFound));
        assert_eq!((new.len(&env.snapshot()?)?, names(&env)?.len()), (50, 2));
        assert!(env.verify()?.is_clean());
    }
    Ok(())
}

/// Bytes that say in which DBI they were written.
struct Bound;

impl Value for Bound {
    type Arg<'a> = u8;
    type Ref<'a> = u8;
    type Owned = u8;

    fn name(out: &mut String) {
        out.push_str("bound");
    }

    fn encode<'b>(value: &'b u8, context: &Context<'_>, buf: &'b mut Vec<u8>) -> Result<&'b [u8]> {
        buf.push(*value);
        buf.extend_from_slice(context.dbi().as_bytes());
        Ok(buf)
    }

    fn decode(bytes: &[u8], context: &Context<'_>) -> Result<u8> {
        match bytes.split_first() {
            Some((value, dbi)) if dbi == context.dbi().as_bytes() => Ok(*value),
            _ => Err(Error::new(ErrorKind::Decode, "written in another DBI")),
        }
    }

    fn own(value: u8) -> u8 {
        value
    }

    fn as_arg(owned: &u8) -> u8 {
        *owned
    }
}

#[test]
fn a_batch_updates_values_that_are_bound_to_their_dbi_under_another_name() -> Result<()> {
    let env = Env::temporary()?;
    env.transact(|txn| txn.create_dbi::<u8, Bound>("a")?.put(txn, 1, 1))?;
    env.rename_dbi("a", "b")?;
    let dbi: Dbi<u8, Bound> = env.dbi("b")?;
    let mut batch = Batch::new();
    batch.update(&dbi, 1, |old| old.map(|old| old + 1))?.update(&dbi, 2, |_| Some(7))?;
    env.apply(batch)?;
    let snap = env.snapshot()?;
    assert_eq!((dbi.get(&snap, 1)?, dbi.get(&snap, 2)?), (Some(2), Some(7)));
    Ok(())
}

#[test]
fn values_that_are_bound_to_their_dbi_stay_readable_under_every_name() -> Result<()> {
    let dir = tempfile::tempdir().map_err(Error::other)?;
    let mut env = Env::open(dir.path())?;
    env.transact(|txn| txn.create_dbi::<u8, Bound>("a")?.put(txn, 1, 1))?;
    for (round, name) in ["b", "c", "a", "d"].into_iter().enumerate() {
        let before = ["a", "b", "c", "a"][round];
        env.rename_dbi(before, name)?;
        for step in ["renamed", "compacted", "reopened"] {
            let dbi: Dbi<u8, Bound> = env.dbi(name)?;
            assert_eq!(dbi.get(&env.snapshot()?, 1)?, Some(1), "{name} {step}");
            env.transact(|txn| dbi.put(txn, 2, 2))?;
            if step == "renamed" {
                env.compact()?;
            } else {
                drop(dbi);
                env.close()?;
                env = Env::open(dir.path())?;
            }
        }
    }
    Ok(())
}

#[test]
fn pairs_are_migrated_at_the_limit_of_dbis_and_to_other_types_only_from_their_own() -> Result<()> {
    let env = Env::options().max_dbis(2).temporary()?;
    let (old, plain): (MultiDbi<u32, u8>, Dbi<u32, u8>) = (env.multi_dbi("pairs")?, env.dbi("plain")?);
    env.transact(|txn| old.insert(txn, 7, 1).and(plain.put(txn, 7, 1)))?;
    let moved: u64 = env.migrate_multi("pairs", |txn, old: &MultiDbi<u32, u8>, new: &MultiDbi<u8, u32>| {
        let pairs = old.pairs(txn)?.collect::<Result<Vec<_>>>()?;
        pairs.iter().try_for_each(|(key, value)| new.insert(txn, *value, *key).map(drop))?;
        new.len(txn)
    })?;
    let new: MultiDbi<u8, u32> = env.multi_dbi("pairs")?;
    let snap = env.snapshot()?;
    assert_eq!((moved, new.contains(&snap, 1, 7)?, kind(old.len(&snap))), (1, true, Some(ErrorKind::NotFound)));
    for name in ["pairs", "plain"] {
        let refused = env.migrate_multi(name, |_, _: &MultiDbi<u32, u8>, _: &MultiDbi<u32, u8>| Ok(()));
        assert_eq!(kind(refused), Some(ErrorKind::SchemaMismatch), "{name}");
    }
    assert_eq!(
        kind(env.migrate("pairs", |_, _: &Dbi<u8, u32>, _: &Dbi<u8, u8>| Ok(()))),
        Some(ErrorKind::SchemaMismatch)
    );
    Ok(())
}
