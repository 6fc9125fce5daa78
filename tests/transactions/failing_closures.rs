//! A verb whose closure fails returns the closure's error as it is, and leaves the transaction as it was.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use mapleaf::{Dbi, Env, Error, ErrorKind, Result, WriteTxn};

#[derive(Debug, PartialEq)]
enum Failed {
    Own(u32),
    Store(ErrorKind, Option<String>),
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::Store(error.kind(), error.operation().map(str::to_owned))
    }
}

type Ages = Dbi<&'static str, u32>;
type Verb = fn(&Ages, &mut WriteTxn, End) -> Result<(), Failed>;

/// How the closure ends.
#[derive(Clone, Copy, PartialEq)]
enum End {
    Ok,
    Error,
    Panic,
}

impl End {
    fn with<T>(self, value: T) -> Result<T, Failed> {
        match self {
            Self::Ok => Ok(value),
            Self::Error => Err(Failed::Own(7)),
            Self::Panic => resume_unwind(Box::new("on purpose")),
        }
    }

    /// As it is from the third call on; the first two succeed.
    fn third<T>(self, calls: &mut u32, value: T) -> Result<T, Failed> {
        *calls += 1;
        if *calls < 3 { Ok(value) } else { self.with(value) }
    }
}

/// Each changes the rows of [`rows`] when its closure succeeds.
const VERBS: &[(&str, Verb)] = &[
    ("try_update, of a value", |ages, txn, end| ages.try_update(txn, "bob", |_| end.with(Some(9))).map(drop)),
    ("try_update, of nothing", |ages, txn, end| ages.try_update(txn, "new", |_| end.with(Some(9))).map(drop)),
    ("try_update, to nothing", |ages, txn, end| ages.try_update(txn, "cyd", |_| end.with(None)).map(drop)),
    ("try_get_or_put", |ages, txn, end| ages.try_get_or_put(txn, "new", || end.with(9)).map(drop)),
    ("try_retain", |ages, txn, end| {
        let mut calls = 0;
        ages.try_retain(txn, .., |_, _| end.third(&mut calls, false)).map(drop)
    }),
    ("try_update_range", |ages, txn, end| {
        let mut calls = 0;
        ages.try_update_range(txn, .., |_, age| end.third(&mut calls, Some(age + 1))).map(drop)
    }),
    ("try_update_range, removing", |ages, txn, end| {
        let mut calls = 0;
        ages.try_update_range(txn, .., |_, _| end.third(&mut calls, None)).map(drop)
    }),
];

/// Two rows are committed, one of them is changed in the transaction, and one is new in it.
fn rows(txn: &mut WriteTxn, ages: &Ages) -> Result<()> {
    ages.put(txn, "bob", 3)?;
    ages.put(txn, "dan", 4)
}

fn all(ages: &Ages, txn: &WriteTxn) -> Result<(u64, Vec<(String, u32)>)> {
    let rows = ages.iter(txn)?.map(|row| row.map(|(name, age)| (name.to_owned(), age)));
    Ok((ages.len(txn)?, rows.collect::<Result<_>>()?))
}

#[test]
fn a_closure_that_fails_changes_nothing() -> Result<()> {
    for (name, verb) in VERBS {
        let env = Env::temporary()?;
        let ages: Ages = env.dbi("ages")?;
        env.transact(|txn| ages.load(txn, [("ann", 1), ("bob", 2), ("cyd", 3)]))?;
        env.transact(|txn| {
            rows(txn, &ages)?;
            let before = all(&ages, txn)?;
            assert_eq!(verb(&ages, txn, End::Error), Err(Failed::Own(7)), "{name}");
            assert_eq!(all(&ages, txn)?, before, "{name}");
            assert!(catch_unwind(AssertUnwindSafe(|| verb(&ages, txn, End::Panic))).is_err(), "{name}");
            assert_eq!(all(&ages, txn)?, before, "{name}");
            assert_eq!(verb(&ages, txn, End::Ok), Ok(()), "{name}");
            assert_ne!(all(&ages, txn)?, before, "{name}: it does change something");
            Ok(())
        })?;
    }
    Ok(())
}

#[test]
fn errors_of_the_verb_itself_name_it_and_are_converted() -> Result<()> {
    let env = Env::temporary()?;
    let ages: Ages = env.dbi("ages")?;
    let limits: Dbi<f64, u32> = env.dbi("limits")?;
    let store = |kind, verb: &str| Failed::Store(kind, Some(verb.to_owned()));
    env.transact(|txn| {
        let key = |verb| store(ErrorKind::InvalidKey, verb);
        assert_eq!(ages.try_update(txn, "", |_| Ok(Some(1))), Err(key("try_update")));
        assert_eq!(ages.try_update(txn, "", |_| Ok::<_, Failed>(None)), Ok(None));
        assert_eq!(ages.try_get_or_put(txn, "", || End::Panic.with(1)), Err(key("try_get_or_put")), "it is not called");
        assert_eq!(limits.try_retain(txn, f64::NAN.., |_, _| End::Panic.with(true)), Err(key("try_retain")));
        let updated = limits.try_update_range(txn, f64::NAN.., |_, _| End::Panic.with(None));
        assert_eq!(updated, Err(key("try_update_range")));
        assert_eq!(limits.try_for_each(txn, f64::NAN.., |_, _| End::Panic.with(())), Err(key("try_for_each")));
        let rows = [("ann", 1), ("", 2), ("cyd", 3)];
        assert_eq!(ages.try_load(txn, rows.map(Ok::<_, Failed>)), Err(key("try_load")));
        Ok(())
    })
}

#[test]
fn a_row_that_fails_ends_the_load_and_the_rows_before_it_stay() -> Result<()> {
    let env = Env::temporary()?;
    let ages: Ages = env.dbi("ages")?;
    env.transact(|txn| {
        let mut asked = 0;
        let rows = [Ok(("ann", 1)), Ok(("bob", 2)), Err(Failed::Own(3)), Ok(("dan", 4))];
        let loaded = ages.try_load(txn, rows.into_iter().inspect(|_| asked += 1));
        assert_eq!((loaded, asked), (Err(Failed::Own(3)), 3));
        assert_eq!(all(&ages, txn)?.1, [("ann".to_owned(), 1), ("bob".to_owned(), 2)]);
        assert_eq!(ages.try_load(txn, [Ok::<_, Failed>(("cyd", 3))]), Ok(1));
        assert_eq!(ages.len(txn)?, 3);
        Ok(())
    })
}

#[test]
fn try_for_each_stops_at_the_first_error() -> Result<()> {
    let env = Env::temporary()?;
    let ages: Dbi<u32, u32> = env.dbi("ages")?;
    env.transact(|txn| ages.load(txn, (0..1000).map(|n| (n, 2 * n))))?;
    let snap = env.snapshot()?;
    let mut seen = Vec::new();
    let walked = ages.try_for_each(&snap, 10.., |key, value| {
        seen.push((key, value));
        if key < 500 { Ok(()) } else { Err(Failed::Own(key)) }
    });
    assert_eq!(walked, Err(Failed::Own(500)));
    assert_eq!(seen, (10..=500).map(|n| (n, 2 * n)).collect::<Vec<_>>());
    let mut sum = 0;
    ages.try_for_each(&snap, ..=3, |_, value| {
        sum += value;
        Ok::<_, Error>(())
    })?;
    assert_eq!(sum, 12);
    Ok(())
}

#[test]
fn a_transaction_whose_closure_fails_with_its_own_error_commits_nothing() -> Result<()> {
    let env = Env::temporary()?;
    let ages: Ages = env.dbi("ages")?;
    let before = env.snapshot()?.id();
    let tried = env.try_transact_or(|txn| {
        ages.put(txn, "ann", 1)?;
        Err::<(), _>(Failed::Own(1))
    });
    assert_eq!((tried, env.snapshot()?.id()), (Err(Failed::Own(1)), before));
    assert_eq!(env.try_transact_or(|txn| Ok::<_, Failed>(ages.put(txn, "ann", 1)?)), Ok(()));
    assert_eq!(ages.get(&env.snapshot()?, "ann")?, Some(1));
    let busy = env.transact(|_| {
        let try_it = || env.try_transact_or(|_| Ok::<_, Failed>(()));
        Ok(std::thread::scope(|scope| scope.spawn(try_it).join().expect("it does not panic")))
    })?;
    assert_eq!(busy, Err(Failed::Store(ErrorKind::Busy, Some("try_transact_or".to_owned()))));
    Ok(())
}
