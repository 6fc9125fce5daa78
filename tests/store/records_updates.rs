//! Writes that depend on what is there, also when many make them at once.

use std::sync::Barrier;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use mapleaf::store::{Backend, Expect, PutOptions, Records};
use mapleaf::{Error, ErrorKind, Result};

use crate::message_backend::MessageBackend;
use crate::records_support::{kind, laws, living, rows, texts};

laws! {
    an_update_gets_the_value_and_stores_what_it_makes
    a_closure_that_refuses_changes_nothing
    a_panic_changes_nothing
    a_producer_runs_only_for_an_absent_record
    a_producer_that_fails_leaves_nothing
    a_producer_may_use_the_store
    counters_of_many_threads_are_exact
    counters_by_tokens_are_exact
    all_who_race_get_the_value_of_the_winner
    of_those_who_insert_at_once_one_succeeds
}

type Counts<B> = Records<&'static str, u64, B>;

fn an_update_gets_the_value_and_stores_what_it_makes<B: Backend>(backend: &B) -> Result<()> {
    let (texts, _) = texts(backend)?;
    assert_eq!(texts.update("a", |old| Some(format!("{old:?}")))?.as_deref(), Some("None"));
    assert_eq!(texts.update("a", |old| Some(format!("{old:?}")))?.as_deref(), Some("Some(\"None\")"));
    assert_eq!(texts.get("a")?.as_deref(), Some("Some(\"None\")"));
    assert_eq!(texts.update("a", |_| None)?, None);
    assert!(!texts.has("a")?);
    Ok(())
}

fn a_closure_that_refuses_changes_nothing<B: Backend>(backend: &B) -> Result<()> {
    let (texts, hand) = texts(backend)?;
    texts.put_with("a", "one", living(500))?;
    let before = rows(&texts, backend)?;
    hand.set(1_100);
    let refused = texts.try_update::<Box<dyn std::error::Error>>("a", |_| Err("no".into()));
    assert_eq!(refused.map_err(|error| error.to_string()), Err("no".into()));
    let refused = texts.try_update::<Error>("b", |_| Err(Error::new(ErrorKind::Capacity, "full")));
    assert_eq!(kind(refused), Some(ErrorKind::Capacity));
    // An error of the verb itself is converted.
    let refused = texts.try_update::<Box<dyn std::error::Error>>("", |_| unreachable!("the key is bad"));
    assert!(refused.is_err_and(|error| error.downcast::<Error>().is_ok_and(|e| e.kind() == ErrorKind::InvalidKey)));
    assert_eq!(rows(&texts, backend)?, before);
    Ok(())
}

fn a_panic_changes_nothing<B: Backend>(backend: &B) -> Result<()> {
    let (texts, _) = texts(backend)?;
    texts.put("a", "one")?;
    let before = rows(&texts, backend)?;
    let panicked = std::panic::catch_unwind(|| texts.update("a", |_| panic!("a panic of the closure")));
    assert!(panicked.is_err());
    let panicked = std::panic::catch_unwind(|| texts.get_or_put("b", || panic!("a panic of the producer")));
    assert!(panicked.is_err());
    assert_eq!(rows(&texts, backend)?, before);
    texts.put("a", "two")?;
    Ok(())
}

fn a_producer_runs_only_for_an_absent_record<B: Backend>(backend: &B) -> Result<()> {
    let (texts, _) = texts(backend)?;
    assert_eq!(texts.get_or_put("a", || "one".into())?, "one");
    assert_eq!(texts.get_or_put("a", || unreachable!("it is there"))?, "one");
    assert_eq!(texts.meta("a")?.map(|meta| meta.version), Some(1));
    assert_eq!(kind(texts.get_or_put("", || unreachable!("the key is bad"))), Some(ErrorKind::InvalidKey));
    Ok(())
}

fn a_producer_that_fails_leaves_nothing<B: Backend>(backend: &B) -> Result<()> {
    let (texts, _) = texts(backend)?;
    let before = rows(&texts, backend)?;
    let failed = texts.try_get_or_put::<Box<dyn std::error::Error>>("a", || Err("no".into()));
    assert_eq!(failed.map_err(|error| error.to_string()), Err("no".into()));
    assert_eq!(rows(&texts, backend)?, before);
    Ok(())
}

fn a_producer_may_use_the_store<B: Backend>(backend: &B) -> Result<()> {
    let (texts, _) = texts(backend)?;
    let nested = texts.try_get_or_put::<Error>("a", || Ok(texts.get_or_put("b", || "one".into())? + "!"))?;
    assert_eq!((&*nested, texts.len()?), ("one!", 2));
    // Somebody else was faster: his value stays and is returned.
    let lost = texts.try_get_or_put::<Error>("c", || {
        texts.put("c", "winner")?;
        Ok("loser".into())
    })?;
    assert_eq!((&*lost, texts.get("c")?.as_deref()), ("winner", Some("winner")));
    Ok(())
}

const THREADS: u64 = 4;

/// Runs `work` in some threads that start at once.
fn at_once<T: Send>(work: impl Fn(u64) -> Result<T> + Sync) -> Result<Vec<T>> {
    let barrier = Barrier::new((0..THREADS).count());
    thread::scope(|scope| {
        let run = |n| {
            let (barrier, work) = (&barrier, &work);
            scope.spawn(move || {
                barrier.wait();
                work(n)
            })
        };
        let threads: Vec<_> = (0..THREADS).map(run).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    })
}

fn counters_of_many_threads_are_exact<B: Backend>(backend: &B) -> Result<()> {
    let counts: Counts<B> = Records::open(backend, "counts")?;
    at_once(|_| (0..100).try_for_each(|_| counts.update("all", |old| Some(old.unwrap_or(0) + 1)).map(drop)))?;
    assert_eq!(counts.get("all")?, Some(100 * THREADS));
    assert_eq!(counts.meta("all")?.map(|meta| meta.version), Some(100 * THREADS));
    Ok(())
}

fn counters_by_tokens_are_exact<B: Backend>(backend: &B) -> Result<()> {
    let counts: Counts<B> = Records::open(backend, "counts")?;
    counts.put("all", 0)?;
    let conflicts = AtomicU32::new(0);
    at_once(|_| {
        let mut done = 0;
        while done < 50 {
            let read = counts.entry("all")?.expect("it is there");
            let unchanged = PutOptions::new().expect(Expect::Token(read.meta.token));
            match counts.put_with("all", read.value + 1, unchanged) {
                Ok(_) => done += 1,
                Err(error) if error.kind() == ErrorKind::Conflict => drop(conflicts.fetch_add(1, Ordering::Relaxed)),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    })?;
    assert_eq!(counts.get("all")?, Some(50 * THREADS));
    Ok(())
}

fn all_who_race_get_the_value_of_the_winner<B: Backend>(backend: &B) -> Result<()> {
    let counts: Counts<B> = Records::open(backend, "counts")?;
    for round in 0..20_u64 {
        counts.delete("id")?;
        let made = AtomicU32::new(0);
        let got = at_once(|n| {
            counts.get_or_put("id", || {
                made.fetch_add(1, Ordering::Relaxed);
                round * 10 + n
            })
        })?;
        let stored = counts.require("id")?;
        assert!(got.iter().all(|value| *value == stored), "{got:?}, stored {stored}");
        assert!(made.load(Ordering::Relaxed) >= 1);
        assert_eq!(counts.meta("id")?.map(|meta| meta.version), Some(1));
    }
    Ok(())
}

fn of_those_who_insert_at_once_one_succeeds<B: Backend>(backend: &B) -> Result<()> {
    let counts: Counts<B> = Records::open(backend, "counts")?;
    for _ in 0..20 {
        counts.delete("id")?;
        let put = |n| match counts.put_with("id", n, PutOptions::new().expect(Expect::Absent)) {
            Ok(_) => Ok(Some(n)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(None),
            Err(error) => Err(error),
        };
        let winners: Vec<u64> = at_once(put)?.into_iter().flatten().collect();
        assert_eq!(winners, [counts.require("id")?]);
    }
    Ok(())
}

/// On an engine that checks at the commit, all writers write the row of the store's clock.
#[test]
fn only_writers_of_the_same_key_conflict() -> Result<()> {
    let messages = MessageBackend::new()?;
    let (texts, hand) = texts(&messages)?;
    texts.put("a", "one")?;
    for (other, wanted) in [("b", 1), ("a", 2)] {
        let mut runs = 0;
        texts.update("a", |old| {
            runs += 1;
            if runs == 1 {
                hand.set(2_000 + wanted);
                texts.put(other, "by another writer").expect("it is outside of the transaction");
            }
            old.map(|old| format!("{old}, updated"))
        })?;
        assert_eq!(runs, wanted, "beside a write of {other}");
    }
    assert_eq!(texts.get("a")?.as_deref(), Some("by another writer, updated"));
    Ok(())
}

#[test]
fn handles_go_to_other_threads_and_through_panics() {
    fn check<T: Send + Sync + std::panic::UnwindSafe + std::panic::RefUnwindSafe>() {}
    fn can_be_sent<T: Send>() {}
    check::<Counts<mapleaf::Env>>();
    check::<Counts<MessageBackend>>();
    can_be_sent::<mapleaf::store::RecordBatch<&str, u64>>();
    check::<mapleaf::store::RecordConflicts>();
}
