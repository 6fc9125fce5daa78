//! Transactions that drop and rename databases run between others, on several threads: each sees what its predecessors
//! left, committed or not, and is committed by itself.

use std::collections::BTreeMap;
use std::sync::Barrier;
use std::thread;

use mapleaf::{Dbi, Env, Error, ErrorKind, Result};

type Counters = Dbi<u32, u32>;

const THREADS: u32 = 6;
const EACH: u32 = 24;

/// One step of a thread: its own databases change, and a shared one counts.
fn step(env: &Env, shared: &Counters, thread: u32, n: u32) -> Result<()> {
    let own = |which: &str| format!("{which}{thread}");
    let count = |txn: &mut mapleaf::WriteTxn| shared.update(txn, thread, |old| Some(old.unwrap_or(0) + 1)).map(drop);
    match n % 6 {
        0 => env.transact(|txn| {
            let made: Counters = txn.create_dbi(&own("a"))?;
            made.put(txn, n, thread)?;
            count(txn)
        }),
        1 => {
            let mut txn = env.begin()?;
            count(&mut txn)?;
            txn.rename_dbi(&own("a"), &own("b"))?;
            txn.commit().map(drop)
        }
        2 => env.transact(|txn| {
            let renamed: Counters = txn.dbi_options().create(false).open(&own("b"))?;
            assert_eq!(renamed.get(txn, n - 2)?, Some(thread));
            renamed.put(txn, n, thread)?;
            count(txn)
        }),
        3 => env.transact(|txn| {
            txn.create_dbi::<&str, u8>(&own("a"))?.put(txn, "new", 1)?;
            count(txn)
        }),
        4 => env.migrate(&own("a"), |txn, old: &Dbi<&str, u8>, new: &Dbi<u8, u8>| {
            let value = old.get(txn, "new")?.unwrap_or(0);
            new.put(txn, 7, value)?;
            count(txn)
        }),
        _ => env.transact(|txn| {
            let migrated: Dbi<u8, u8> = txn.dbi_options().create(false).open(&own("a"))?;
            assert_eq!(migrated.get(txn, 7)?, Some(1));
            txn.drop_dbi(&own("a"))?;
            if n + 1 < EACH {
                txn.drop_dbi(&own("b"))?;
            }
            count(txn)
        }),
    }
}

#[test]
fn every_transaction_follows_on_the_one_before() -> Result<()> {
    let dir = tempfile::tempdir().map_err(Error::other)?;
    let env = Env::open(dir.path())?;
    let shared: Counters = env.dbi("shared")?;
    let plain: Counters = env.dbi("plain")?;
    let begin = Barrier::new(2 * THREADS as usize);
    let first = env.info()?.commits;
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (env, shared, plain, begin) = (&env, &shared, &plain, &begin);
            scope.spawn(move || {
                begin.wait();
                for n in 0..EACH {
                    step(env, shared, thread, n).expect("it commits");
                }
            });
            // Those that share commits, so that the others begin as followers.
            scope.spawn(move || {
                begin.wait();
                for n in 0..2 * EACH {
                    env.transact(|txn| plain.put(txn, thread * 1000 + n, n)).expect("it commits");
                }
            });
        }
    });
    let snap = env.snapshot()?;
    assert_eq!(snap.id(), first + u64::from(THREADS * EACH * 3), "each transaction is counted once");
    let counted: BTreeMap<_, _> = shared.iter(&snap)?.collect::<Result<_>>()?;
    assert_eq!(counted, (0..THREADS).map(|thread| (thread, EACH)).collect());
    assert_eq!(plain.len(&snap)?, u64::from(THREADS * EACH * 2));
    let mut expected: Vec<_> = (0..THREADS).map(|thread| format!("b{thread}")).collect();
    expected.extend(["plain".to_owned(), "shared".to_owned()]);
    assert_eq!(env.dbis()?.into_iter().map(|dbi| dbi.name).collect::<Vec<_>>(), expected);
    for thread in 0..THREADS {
        let left: Counters = env.dbi(&format!("b{thread}"))?;
        assert_eq!(left.iter(&snap)?.collect::<Result<Vec<_>>>()?, [(EACH - 6, thread), (EACH - 4, thread)]);
    }
    assert!(env.verify()?.is_clean());
    Ok(())
}

#[test]
fn each_is_a_commit_of_its_own() -> Result<()> {
    const ROUNDS: u32 = 12;
    let dir = tempfile::tempdir().map_err(Error::other)?;
    let env = Env::open(dir.path())?;
    let shared: Counters = env.dbi("shared")?;
    let names = |thread: u32, n: u32| (format!("{thread}-{}", n % 2), format!("{thread}-{}", (n + 1) % 2));
    env.transact(|txn| (0..THREADS).try_for_each(|thread| txn.dbi::<u8, u8>(&names(thread, 0).0).map(drop)))?;
    let before = env.info()?;
    let begin = Barrier::new(THREADS as usize);
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (env, shared, begin) = (&env, &shared, &begin);
            scope.spawn(move || {
                begin.wait();
                for n in 0..ROUNDS {
                    let (from, to) = names(thread, n);
                    let renamed = env.transact(|txn| {
                        shared.update(txn, 0, |old| Some(old.unwrap_or(0) + 1))?;
                        txn.rename_dbi(&from, &to)
                    });
                    renamed.expect("it commits");
                }
            });
        }
    });
    let after = env.info()?;
    assert_eq!(shared.get(&env.snapshot()?, 0)?, Some(THREADS * ROUNDS));
    assert_eq!(after.commits - before.commits, u64::from(THREADS * ROUNDS));
    assert_eq!(after.last_txn_id - before.last_txn_id, u64::from(THREADS * ROUNDS), "none shared LMDB's commit");
    Ok(())
}

#[test]
fn a_handle_that_others_use_is_not_found_from_the_drop_on() -> Result<()> {
    const ROUNDS: u32 = 30;
    let dir = tempfile::tempdir().map_err(Error::other)?;
    let env = Env::open(dir.path())?;
    let begin = Barrier::new(3);
    thread::scope(|scope| {
        for thread in 0..2 {
            let (env, begin) = (&env, &begin);
            scope.spawn(move || {
                begin.wait();
                let mut found: Option<Dbi<u32, u32>> = None;
                for n in 0..10 * ROUNDS {
                    let put = env.transact(|txn| {
                        if let Some(dbi) = &found {
                            return dbi.put(txn, n, thread);
                        }
                        found = Some(txn.dbi("a")?);
                        Ok(())
                    });
                    match put {
                        Ok(()) => {}
                        Err(error) => {
                            assert_eq!(error.kind(), ErrorKind::NotFound);
                            found = None;
                        }
                    }
                }
            });
        }
        begin.wait();
        for _ in 0..ROUNDS {
            env.transact(|txn| {
                txn.dbi::<u32, u32>("a")?;
                txn.drop_dbi("a")
            })
            .expect("it commits");
            env.transact(|txn| txn.dbi::<u32, u32>("a").map(drop)).expect("it commits");
        }
    });
    assert!(env.verify()?.is_clean());
    Ok(())
}
