//! Writes that are tried again: which records go on, what the resolver gets and may return, and what is left in the end.

use std::cell::Cell;
use std::sync::Arc;

use mapleaf::store::{
    Backend, Expect, FailedPut, ManualClock, PutOptions, RecordConflicts, Resolution, RetryPolicy, Token,
};
use mapleaf::{Error, ErrorKind, Result};

use crate::records_support::{Texts, expecting, kind, laws, rows, texts};

/// A policy that does not wait.
fn at_once() -> RetryPolicy {
    RetryPolicy::new().timer(Arc::new(ManualClock::default()))
}

type Failed = FailedPut<&'static str, &'static str>;

/// Puts each over what is there now.
#[allow(clippy::unnecessary_wraps, reason = "a resolver returns a result")]
fn over_what_is_there(mut failed: Vec<Failed>) -> Result<Resolution<Vec<Failed>>> {
    for put in &mut failed {
        put.options = expecting(put.conflict.actual.map_or(Expect::Absent, Expect::Token));
    }
    Ok(Resolution::Retry(failed))
}

fn new(key: &'static str) -> (&'static str, &'static str, PutOptions) {
    (key, "new", expecting(Expect::Absent))
}

/// A store with `b` and `d`.
fn with_two<B: Backend>(backend: &B) -> Result<Texts<B>> {
    let (store, _) = texts(backend)?;
    store.put("b", "old")?;
    store.put("d", "old")?;
    Ok(store)
}

fn n22_only_those_that_failed_go_on<B: Backend>(backend: &B) -> Result<()> {
    let store = with_two(backend)?;
    let mut seen = Vec::new();
    let given_up = store.try_put_each(["a", "b", "c", "d"].map(new), &at_once(), |failed| {
        seen.push(failed.iter().map(|put| (put.key, put.value, put.conflict.index)).collect::<Vec<_>>());
        if seen.len() == 1 {
            // Those that did not fail are there already, with one version.
            assert_eq!(store.meta("a")?.map(|meta| meta.version), Some(1));
            assert_eq!(failed[0].conflict.actual, store.meta("b")?.map(|meta| meta.token));
            // One that somebody writes meanwhile fails again.
            let resolved = over_what_is_there(failed)?;
            store.put("d", "newer")?;
            return Ok(resolved);
        }
        over_what_is_there(failed)
    })?;
    assert_eq!(given_up, []);
    assert_eq!(seen, [vec![("b", "new", 1), ("d", "new", 3)], vec![("d", "new", 3)]]);
    assert_eq!(store.get_many(["a", "b", "c", "d"])?, vec![Some("new".to_owned()); 4]);
    assert_eq!(store.meta("a")?.map(|meta| meta.version), Some(1));
    Ok(())
}

fn n22_after_the_last_attempt_it_is_a_conflict<B: Backend>(backend: &B) -> Result<()> {
    let store = with_two(backend)?;
    let asked = Cell::new(0);
    let unchanged = |failed| {
        asked.set(asked.get() + 1);
        Ok(Resolution::Retry(failed))
    };
    let error = store.try_put_each(["a", "b", "d"].map(new), &at_once(), unchanged).expect_err("it fails");
    assert_eq!((error.kind(), error.is_retryable(), asked.get()), (ErrorKind::Conflict, false, 4));
    assert_eq!((error.operation(), error.dbi()), (Some("try_put_each"), Some("texts")));
    let conflicts = error.downcast::<RecordConflicts>().expect("the cause");
    assert_eq!(conflicts.iter().map(|one| one.index).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(store.get_many(["a", "b"])?, [Some("new".to_owned()), Some("old".to_owned())]);
    Ok(())
}

fn n22_giving_up_says_what_was_not_put<B: Backend>(backend: &B) -> Result<()> {
    let store = with_two(backend)?;
    let given_up = store.try_put_each(["a", "b", "d"].map(new), &at_once(), |_| Ok(Resolution::GiveUp))?;
    assert_eq!(given_up.iter().map(|one| one.index).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(given_up[0].actual, store.meta("b")?.map(|meta| meta.token));
    // So does leaving some out.
    let given_up = store.try_put_each(["b", "d"].map(new), &at_once(), |mut failed| {
        failed.retain(|put| put.key == "d");
        over_what_is_there(failed)
    })?;
    assert_eq!(given_up.iter().map(|one| &*one.key).collect::<Vec<_>>(), [b"b"]);
    let given_up = store.try_put_each(["b", "d"].map(new), &at_once(), |_| Ok(Resolution::Retry(vec![])))?;
    assert_eq!(given_up.len(), 2);
    assert_eq!(store.get_many(["b", "d"])?, [Some("old".to_owned()), Some("new".to_owned())]);
    Ok(())
}

fn n22_no_attempts_no_records_and_errors<B: Backend>(backend: &B) -> Result<()> {
    let store = with_two(backend)?;
    let before = rows(&store, backend)?;
    let never = |_: Vec<Failed>| -> Result<Resolution<Vec<Failed>>> { panic!("there is nothing to resolve") };
    let none = store.try_put_each([new("a")], &at_once().attempts(0), never);
    assert_eq!(kind(none), Some(ErrorKind::InvalidArgument));
    assert_eq!(store.try_put_each::<&str, &str>([], &at_once(), never)?, []);
    // With a single attempt nobody is asked.
    let once = store.try_put_each([new("b")], &at_once().attempts(1), never).expect_err("it fails");
    assert_eq!((once.kind(), once.is_retryable()), (ErrorKind::Conflict, false));
    // An error of the resolver is that of the call, also one that could be retried.
    let busy = |_: Vec<Failed>| Err(Error::new(ErrorKind::Busy, "not now"));
    let error = store.try_put_each([new("b")], &at_once(), busy).expect_err("it fails");
    assert_eq!((error.kind(), error.message(), error.is_retryable()), (ErrorKind::Busy, "not now", true));
    let twice = store.try_put_each([new("e"), new("e")], &at_once(), never);
    assert_eq!(kind(twice), Some(ErrorKind::InvalidArgument));
    assert_eq!(rows(&store, backend)?, before);
    Ok(())
}

fn n22_a_resolver_brings_no_other_keys<B: Backend>(backend: &B) -> Result<()> {
    let store = with_two(backend)?;
    let before = rows(&store, backend)?;
    let renamed = store.try_put_each([new("b")], &at_once(), |mut failed| {
        failed[0].key = "z";
        Ok(Resolution::Retry(failed))
    });
    assert_eq!(kind(renamed), Some(ErrorKind::InvalidArgument));
    let doubled = store.try_put_each([new("b")], &at_once(), |mut failed| {
        // Without conditions the last of both would win, and the other be lost.
        failed[0].options = PutOptions::new();
        failed.push(failed[0].clone());
        Ok(Resolution::Retry(failed))
    });
    assert_eq!(kind(doubled), Some(ErrorKind::InvalidArgument));
    assert_eq!(rows(&store, backend)?, before);
    Ok(())
}

fn n23_the_resolver_gets_the_whole_batch_and_all_conflicts<B: Backend>(backend: &B) -> Result<()> {
    let store = with_two(backend)?;
    let batch = |tokens: [Option<Token>; 2]| {
        let mut batch = store.batch();
        batch.put_with("a", "new", expecting(Expect::Absent))?;
        for (key, token) in ["b", "d"].into_iter().zip(tokens) {
            batch.put_with(key, "new", expecting(token.map_or(Expect::Absent, Expect::Token)))?;
        }
        Ok::<_, Error>(batch)
    };
    let asked = Cell::new(0);
    let made = store.try_commit(batch([None, None])?, &at_once(), |failed, conflicts| {
        asked.set(asked.get() + 1);
        assert_eq!(failed.len(), 3);
        assert_eq!(conflicts.iter().map(|one| one.index).collect::<Vec<_>>(), [1, 2]);
        assert!(!store.has("a")?);
        batch([conflicts[0].actual, conflicts[1].actual]).map(Resolution::Retry)
    })?;
    assert_eq!((made.len(), asked.get()), (3, 1));
    assert_eq!(store.get_many(["a", "b", "d"])?, vec![Some("new".to_owned()); 3]);
    Ok(())
}

fn n23_another_set_of_keys_is_refused<B: Backend>(backend: &B) -> Result<()> {
    let store = with_two(backend)?;
    let before = rows(&store, backend)?;
    let batch = |keys: &[&'static str]| {
        let mut batch = store.batch();
        for key in keys {
            batch.put_with(key, "new", expecting(Expect::Absent))?;
        }
        Ok::<_, Error>(batch)
    };
    for keys in [&["a"][..], &["a", "b", "c"], &["a", "c"], &[]] {
        let retry = |_, _: &RecordConflicts| batch(keys).map(Resolution::Retry);
        let error = store.try_commit(batch(&["a", "b"])?, &at_once(), retry).expect_err("it fails");
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{keys:?}");
        assert!(error.to_string().contains("other keys"), "{error}");
    }
    // The same keys, one of them twice.
    let twice = |_, _: &RecordConflicts| batch(&["b", "a", "a"]).map(Resolution::Retry);
    assert_eq!(kind(store.try_commit(batch(&["a", "b"])?, &at_once(), twice)), Some(ErrorKind::InvalidArgument));
    assert_eq!(rows(&store, backend)?, before);
    Ok(())
}

fn n23_without_a_resolution_nothing_is_changed<B: Backend>(backend: &B) -> Result<()> {
    let store = with_two(backend)?;
    let before = rows(&store, backend)?;
    let batch = || {
        let mut batch = store.batch();
        batch.put("a", "new")?.put_with("b", "new", expecting(Expect::Absent))?;
        batch.delete_if("d", Expect::Absent)?;
        Ok::<_, Error>(batch)
    };
    let asked = Cell::new(0);
    let same = |batch, _: &RecordConflicts| {
        asked.set(asked.get() + 1);
        Ok(Resolution::Retry(batch))
    };
    let errors = [
        store.try_commit(batch()?, &at_once(), |_, _| Ok(Resolution::GiveUp)).expect_err("it fails"),
        store.try_commit(batch()?, &at_once(), same).expect_err("it fails"),
    ];
    assert_eq!(asked.get(), 4);
    for error in errors {
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Conflict, false));
        let conflicts = error.downcast::<RecordConflicts>().expect("the cause");
        assert_eq!(conflicts.iter().map(|one| one.index).collect::<Vec<_>>(), [1, 2]);
    }
    let busy = store.try_commit(batch()?, &at_once(), |_, _| Err(Error::new(ErrorKind::Busy, "not now")));
    assert_eq!(kind(busy), Some(ErrorKind::Busy));
    let none = store.try_commit(batch()?, &at_once().attempts(0), |_, _| panic!("nothing was tried"));
    assert_eq!(kind(none), Some(ErrorKind::InvalidArgument));
    let empty = store.try_commit(store.batch(), &at_once(), |_, _| panic!("there is nothing to resolve"))?;
    assert_eq!((empty, rows(&store, backend)?), (vec![], before));
    Ok(())
}

laws! {
    n22_only_those_that_failed_go_on
    n22_after_the_last_attempt_it_is_a_conflict
    n22_giving_up_says_what_was_not_put
    n22_no_attempts_no_records_and_errors
    n22_a_resolver_brings_no_other_keys
    n23_the_resolver_gets_the_whole_batch_and_all_conflicts
    n23_another_set_of_keys_is_refused
    n23_without_a_resolution_nothing_is_changed
}
