//! An error of an open iterator names the method that opened it and the DBI, as other errors do.

use crate::common::process;
use std::collections::BTreeMap;
use std::fs;

use crate::common::damage::{PAGE, options};
use crate::common::errors::{directory, io, refused, refused_with};
use mapleaf::{Dbi, Entries, Env, Error, ErrorKind, MultiDbi, Read, Result};

/// The methods whose iterators failed, and how often.
type Failed = BTreeMap<(String, &'static str), usize>;

/// The bytes of a file whose DBIs have several leaves, and several under one key.
fn stored() -> Result<Vec<u8>> {
    let dir = directory()?;
    let env = options().open(dir.path())?;
    let (small, pairs): (Dbi<u32, &[u8]>, MultiDbi<u16, u32>) = (env.dbi("small")?, env.multi_dbi("pairs")?);
    env.transact(|txn| {
        (0..1800).try_for_each(|n| small.put(txn, n, &[7; 30]))?;
        (0..3000).try_for_each(|n| pairs.insert(txn, 1, n).map(drop))
    })?;
    drop((env, small, pairs));
    io(fs::read(dir.path().join("data.mdb")))
}

/// Reads an iterator alternately from both ends. Its error must name `operation` and `dbi`.
fn walk<T>(
    opened: Result<impl DoubleEndedIterator<Item = Result<T>>>,
    operation: &'static str,
    dbi: &str,
    failed: &mut Failed,
) {
    let named = |error: &Error| assert_eq!((error.operation(), error.dbi()), (Some(operation), Some(dbi)), "{error:?}");
    let mut entries = match opened {
        Ok(entries) => entries,
        Err(error) => return named(&error),
    };
    for turn in 0_u64.. {
        match if turn % 2 == 0 { entries.next() } else { entries.next_back() } {
            None => return,
            Some(Ok(_)) => {}
            Some(Err(error)) => {
                named(&error);
                *failed.entry((dbi.to_owned(), operation)).or_default() += 1;
                assert!(entries.next().is_none() && entries.next_back().is_none(), "fused");
            }
        }
    }
}

fn walk_all<R: Read>(small: &Dbi<u32, &[u8]>, pairs: &MultiDbi<u16, u32>, state: &R, failed: &mut Failed) {
    walk(small.iter(state), "iter", "small", failed);
    walk(small.iter(state).map(Entries::raw), "iter", "small", failed);
    walk(small.range(state, 100..).map(Entries::keys), "range", "small", failed);
    walk(small.keys(state), "keys", "small", failed);
    walk(small.values(state), "values", "small", failed);
    walk(pairs.pairs(state), "pairs", "pairs", failed);
    walk(pairs.range(state, (0, 0)..), "range", "pairs", failed);
    walk(pairs.values(state, 1), "values", "pairs", failed);
    walk(pairs.values_range(state, 1, 10..), "values_range", "pairs", failed);
}

#[test]
fn errors_of_iterators_name_the_method_and_the_dbi() -> Result<()> {
    process::apart("errors_of_iterators_name_the_method_and_the_dbi", || {
        let dir = directory()?;
        let path = dir.path().join("env");
        let bytes = stored()?;
        let mut failed = Failed::new();
        for page in 2..bytes.len() / PAGE {
            let mut damaged = bytes.clone();
            damaged[page * PAGE..(page + 1) * PAGE].fill(0);
            io(fs::create_dir(&path))?;
            io(fs::write(path.join("data.mdb"), &damaged))?;
            // Damaged pages of the catalogue and the main tree prevent opening the environment or its DBIs.
            if let Ok(env) = options().open(&path)
                && let Ok(small) = env.dbi_options().create(false).open("small")
                && let Ok(pairs) = env.dbi_options().create(false).open_multi("pairs")
            {
                walk_all(&small, &pairs, &env.snapshot()?, &mut failed);
                walk(small.iter_owned(env.snapshot()?), "iter_owned", "small", &mut failed);
                walk(small.range_owned(env.snapshot()?, 100..), "range_owned", "small", &mut failed);
                env.transact(|txn| {
                    walk_all(&small, &pairs, txn, &mut failed);
                    // Changes between the pages and after the last one.
                    if (0..100).try_for_each(|n| small.put(txn, n * 41, b"new")).is_ok() {
                        walk_all(&small, &pairs, txn, &mut failed);
                    }
                    Err::<(), _>(Error::new(ErrorKind::Conflict, "nothing of this is kept"))
                })
                .map_or_else(|error| assert_eq!(error.kind(), ErrorKind::Conflict), drop);
                seek_all(&small, &env, &mut failed)?;
            }
            io(fs::remove_dir_all(&path))?;
        }
        let of = |dbi: &str| failed.keys().filter(|(of, _)| of == dbi).map(|(_, verb)| *verb).collect::<Vec<_>>();
        let small = ["iter", "iter_owned", "keys", "range", "range_owned", "seek", "seek_back", "values"];
        assert_eq!(of("small"), small, "{failed:?}");
        assert_eq!(of("pairs"), ["pairs", "range", "values", "values_range"], "{failed:?}");
        Ok(())
    })
}

fn seek_all(small: &Dbi<u32, &[u8]>, env: &Env, failed: &mut Failed) -> Result<()> {
    let snap = env.snapshot()?;
    for key in [150, 1000, 1500] {
        let (Ok(mut front), Ok(mut back)) = (small.iter(&snap), small.iter(&snap)) else { continue };
        // Before an entry was taken from an end, that end is a bound, and moving it reads no page.
        let taken = |entry: Option<Result<_>>| entry.is_some_and(|entry| entry.is_ok());
        if !taken(front.next()) || !taken(back.next_back()) {
            continue;
        }
        for (outcome, operation) in [(front.seek(key), "seek"), (back.seek_back(key), "seek_back")] {
            if let Err(error) = outcome {
                assert_eq!((error.operation(), error.dbi()), (Some(operation), Some("small")), "{error:?}");
                *failed.entry(("small".to_owned(), operation)).or_default() += 1;
            }
        }
    }
    Ok(())
}

#[test]
fn errors_of_seeks_name_the_method_and_the_dbi() -> Result<()> {
    let env = Env::temporary()?;
    let floats: Dbi<f64, &str> = env.dbi("floats")?;
    env.transact(|txn| floats.put(txn, 1.5, "x"))?;
    let snap = env.snapshot()?;
    let is_named = |outcome: Result<()>, operation: &str| {
        refused_with(outcome, ErrorKind::InvalidKey, &[operation, "\"floats\"", "NaN"]);
    };
    is_named(floats.iter(&snap)?.seek(f64::NAN), "seek: ");
    is_named(floats.iter(&snap)?.seek_back(f64::NAN), "seek_back: ");
    is_named(floats.keys(&snap)?.seek(f64::NAN), "seek: ");
    is_named(floats.values(&snap)?.seek(f64::NAN), "seek: ");
    Ok(())
}

#[test]
fn errors_of_opening_a_dbi_name_it() -> Result<()> {
    let env = Env::temporary()?;
    env.transact(|_| {
        for error in [
            refused(env.dbi::<u32, u32>("zz"), ErrorKind::Nested),
            refused(env.multi_dbi::<u32, u32>("zz"), ErrorKind::Nested),
            refused(env.clear_dbi("zz"), ErrorKind::Nested),
            refused(env.drop_dbi("zz"), ErrorKind::Nested),
        ] {
            assert_eq!(error.dbi(), Some("zz"), "{error:?}");
        }
        Ok(())
    })?;
    env.close()?;
    for outcome in [env.dbi::<u32, u32>("zz").map(drop), env.clear_dbi("zz"), env.drop_dbi("zz")] {
        assert_eq!(refused(outcome, ErrorKind::Closed).dbi(), Some("zz"));
    }
    Ok(())
}
