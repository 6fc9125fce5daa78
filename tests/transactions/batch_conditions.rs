//! A batch is applied as a whole or not at all, and a refusal lists every failed condition.

use crate::common::errors::refused;
use mapleaf::{Batch, Conflicts, Dbi, Env, ErrorKind, Expect, MultiDbi, Result};

struct Bank {
    env: Env,
    names: Dbi<u64, &'static str>,
    sums: Dbi<&'static str, i64>,
}

fn bank() -> Result<Bank> {
    let env = Env::temporary()?;
    let (names, sums): (Dbi<u64, &str>, Dbi<&str, i64>) = (env.dbi("names")?, env.dbi("sums")?);
    env.transact(|txn| {
        names.put(txn, 1, "ann")?;
        sums.put(txn, "ann", 70)?;
        sums.put(txn, "bob", 30)
    })?;
    Ok(Bank { env, names, sums })
}

#[test]
fn each_condition_holds_exactly_for_the_values_that_it_names() -> Result<()> {
    let Bank { env, sums, .. } = bank()?;
    let cases = [
        ("ann", Expect::Any, true),
        ("zoe", Expect::Any, true),
        ("ann", Expect::Absent, false),
        ("zoe", Expect::Absent, true),
        ("ann", Expect::Present, true),
        ("zoe", Expect::Present, false),
        ("ann", Expect::Value(70), true),
        ("ann", Expect::Value(71), false),
        ("zoe", Expect::Value(70), false),
    ];
    for (key, expect, holds) in cases {
        for way in 0..3 {
            let mut batch = Batch::new();
            match way {
                0 => batch.check(&sums, key, expect)?,
                1 => batch.put_if(&sums, key, 70, expect)?,
                _ => batch.delete_if(&sums, key, expect)?,
            };
            assert_eq!(env.apply(batch).is_ok(), holds, "{key} {expect:?} {way}");
            env.transact(|txn| sums.delete(txn, "zoe").and(sums.put(txn, "ann", 70)))?;
        }
    }
    Ok(())
}

#[test]
fn all_failed_conditions_are_listed_and_nothing_is_applied() -> Result<()> {
    let Bank { env, names, sums } = bank()?;
    let before = env.info()?.commits;
    let mut batch = Batch::new();
    batch.put(&sums, "new", 1)?.insert(&sums, "ann", 1)?.check(&names, 1, Expect::Value("ann"))?;
    batch.check(&names, 2, Expect::Present)?.delete_range(&sums, ..)?.delete_if(&sums, "bob", Expect::Value(31))?;
    let error = env.apply(batch).expect_err("conditions fail");
    assert_eq!((error.kind(), error.is_retryable(), error.operation()), (ErrorKind::Conflict, true, Some("apply")));
    assert_eq!((error.dbi(), error.key()), (Some("sums"), Some(&b"ann"[..])));
    let conflicts = error.downcast::<Conflicts>().expect("they are its cause");
    let listed: Vec<_> = conflicts.iter().map(|failed| (failed.index, &*failed.dbi)).collect();
    assert_eq!(listed, [(1, "sums"), (3, "names"), (5, "sums")]);
    let snap = env.snapshot()?;
    assert_eq!((sums.len(&snap)?, sums.get(&snap, "new")?, env.info()?.commits), (2, None, before));
    Ok(())
}

#[test]
fn changes_are_made_in_order_over_databases_as_one_transaction() -> Result<()> {
    let Bank { env, names, sums } = bank()?;
    let before = env.info()?.commits;
    let mut batch = Batch::new();
    batch.put(&sums, "cyd", 1)?.delete_range(&sums, "b".."d")?.put(&sums, "cyd", 2)?.delete(&names, 1)?;
    assert_eq!((batch.len(), batch.is_empty()), (4, false));
    // Collected in one place, applied in another thread.
    let elsewhere = env.clone();
    std::thread::spawn(move || elsewhere.apply(batch)).join().expect("it does not panic")?;
    let snap = env.snapshot()?;
    let left: Vec<_> = sums.iter(&snap)?.collect::<Result<_>>()?;
    assert_eq!(left, [("ann", 70), ("cyd", 2)]);
    assert!(names.is_empty(&snap)? && env.info()?.commits == before + 1);
    Ok(())
}

#[test]
fn a_batch_refuses_a_key_that_cannot_be_stored_when_it_is_added() -> Result<()> {
    let Bank { env, sums, .. } = bank()?;
    let mut batch = Batch::new();
    refused(batch.put(&sums, "", 1).map(drop), ErrorKind::InvalidKey);
    refused(batch.put(&sums, &"k".repeat(env.max_key_size() + 1), 1).map(drop), ErrorKind::TooLarge);
    assert!(batch.is_empty(), "nothing of it is there");
    env.apply(batch)?;
    let mut foreign = Batch::new();
    foreign.put(&Env::temporary()?.dbi::<&str, i64>("sums")?, "ann", 1)?;
    refused(env.apply(foreign), ErrorKind::InvalidArgument);
    refused(env.transact(|_| env.apply(Batch::new())), ErrorKind::Nested);
    let _unused: MultiDbi<u8, u8> = env.multi_dbi("other kinds stay apart")?;
    Ok(())
}

#[test]
fn a_key_written_under_a_condition_is_written_once() -> Result<()> {
    type Add = fn(&mut Batch, &Dbi<&'static str, i64>, &'static str) -> Result<()>;
    let plain: [Add; 3] = [
        |batch, sums, key| batch.put(sums, key, 1).map(drop),
        |batch, sums, key| batch.delete(sums, key).map(drop),
        |batch, sums, key| batch.update(sums, key, |old| old).map(drop),
    ];
    let conditional: [Add; 3] = [
        |batch, sums, key| batch.insert(sums, key, 2).map(drop),
        |batch, sums, key| batch.put_if(sums, key, 2, Expect::Absent).map(drop),
        |batch, sums, key| batch.delete_if(sums, key, Expect::Absent).map(drop),
    ];
    let Bank { env, sums, .. } = bank()?;
    let others: Dbi<&str, i64> = env.dbi("others")?;
    let all: Vec<Add> = plain.into_iter().chain(conditional).collect();
    for (one, add) in all.iter().enumerate() {
        for (other, again) in all.iter().enumerate() {
            let build = |key, dbi| -> Result<Batch> {
                let mut batch = Batch::new();
                batch.check(&sums, "zoe", Expect::Absent)?.put(&sums, "a", 1)?.put(&sums, "zz", 1)?;
                add(&mut batch, &sums, "zoe")?;
                batch.check(&sums, "zoe", Expect::Absent)?;
                again(&mut batch, dbi, key)?;
                Ok(batch)
            };
            let before = env.info()?.commits;
            if one >= plain.len() || other >= plain.len() {
                let error = env.apply(build("zoe", &sums)?).expect_err("it is ambiguous");
                assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::InvalidArgument, false), "{one} {other}");
                assert_eq!((error.dbi(), error.key()), (Some("sums"), Some(&b"zoe"[..])));
                refused(env.submit(build("zoe", &sums)?).map(drop), ErrorKind::InvalidArgument);
                assert_eq!(env.info()?.commits, before, "nothing is applied");
            } else {
                env.apply(build("zoe", &sums)?)?;
                env.transact(|txn| sums.delete(txn, "zoe").map(drop))?;
            }
            // Another key, and the same key of another DBI.
            env.apply(build("zoey", &sums)?)?;
            env.transact(|txn| sums.delete_range(txn, "z"..).map(drop))?;
            env.apply(build("zoe", &others)?)?;
            env.transact(|txn| sums.delete_range(txn, "z"..).and_then(|_| others.clear(txn)).map(drop))?;
        }
    }
    // Keys that cannot be stored are not the same key.
    let long = "k".repeat(env.max_key_size() + 1);
    let mut batch = Batch::new();
    batch.delete_if(&sums, &long, Expect::Absent)?.delete_if(&sums, &format!("{long}k"), Expect::Absent)?;
    env.apply(batch)
}
