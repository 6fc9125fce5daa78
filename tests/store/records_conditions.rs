//! Versions, tokens and conditions of single records.

use mapleaf::store::{Backend, Expect, PutOptions, RecordConflict, Token, Ttl};
use mapleaf::{Error, ErrorKind, Result};

use crate::records_support::{assert_indexed, expecting, kind, laws, living, rows, texts};

laws! {
    a_put_replaces_whatever_is_there
    empty_values_are_present
    a_token_changes_with_every_write_and_a_version_counts_them
    absent_means_insert_only
    a_token_means_update_only
    present_means_that_there_is_one
    a_deletion_without_a_condition_is_another_call
    a_token_does_not_come_back_with_its_key
    a_put_resets_what_an_update_keeps
    conditions_and_lifetimes_go_together
    an_old_value_is_returned_where_it_is_asked_for
    metadata_is_read_as_it_was_put
    what_put_returns_is_what_is_read
    an_absent_record_is_an_error_only_for_require
    what_changes_nothing_writes_nothing
}

fn conflict(error: Error) -> (ErrorKind, bool, Option<Token>) {
    let (kind, is_retryable) = (error.kind(), error.is_retryable());
    let conflict = error.downcast::<RecordConflict>().expect("its cause");
    assert_eq!((conflict.index, conflict.key_as::<&str>().ok().as_deref()), (0, Some("a")));
    (kind, is_retryable, conflict.actual)
}

fn a_put_replaces_whatever_is_there<B: Backend>(backend: &B) -> Result<()> {
    let (texts, _) = texts(backend)?;
    texts.put("a", "one")?;
    texts.put("a", "two")?;
    assert_eq!(texts.get("a")?.as_deref(), Some("two"));
    assert_eq!((texts.len()?, texts.has("b")?), (1, false));
    Ok(())
}

fn empty_values_are_present<B: Backend>(backend: &B) -> Result<()> {
    let (texts, _) = texts(backend)?;
    texts.put("a", "")?;
    assert_eq!(texts.get("a")?.as_deref(), Some(""));
    assert_eq!(texts.require("a")?, "");
    assert!(texts.has("a")? && texts.entry("a")?.is_some() && texts.meta("a")?.is_some());
    assert_eq!(texts.get_or_put("a", || "other".into())?, "");
    assert_eq!(kind(texts.put_with("a", "x", expecting(Expect::Absent))), Some(ErrorKind::AlreadyExists));
    assert_eq!((texts.len()?, texts.delete("a")?), (1, true));
    Ok(())
}

fn a_token_changes_with_every_write_and_a_version_counts_them<B: Backend>(backend: &B) -> Result<()> {
    let (texts, hand) = texts(backend)?;
    let mut tokens = Vec::new();
    for version in 1..6_u64 {
        hand.set(1_000 + version);
        let meta = texts.put("a", "same")?;
        assert_eq!((meta.version, meta.created, meta.modified), (version, 1_000 + version, 1_000 + version));
        tokens.push(meta.token);
    }
    tokens.push(texts.put("b", "same")?.token);
    texts.update("a", |_| Some("other".into()))?;
    tokens.push(texts.meta("a")?.expect("it is there").token);
    tokens.push(texts.touch("a", std::time::Duration::from_secs(1))?.expect("it is there").token);
    tokens.push(texts.persist("a")?.expect("it is there").token);
    assert_eq!(texts.meta("a")?.map(|meta| meta.version), Some(8));
    // Every write is after the one before it.
    assert!(tokens.is_sorted_by(|one, two| one < two), "{tokens:?}");
    Ok(())
}

fn absent_means_insert_only<B: Backend>(backend: &B) -> Result<()> {
    let (texts, _) = texts(backend)?;
    let first = texts.put_with("a", "one", expecting(Expect::Absent))?;
    assert_eq!(first.version, 1);
    let error = texts.put_with("a", "two", expecting(Expect::Absent)).expect_err("it must be refused");
    assert_eq!(conflict(error), (ErrorKind::AlreadyExists, false, Some(first.token)));
    assert_eq!(texts.get("a")?.as_deref(), Some("one"));
    Ok(())
}

fn a_token_means_update_only<B: Backend>(backend: &B) -> Result<()> {
    let (texts, _) = texts(backend)?;
    let first = texts.put("a", "one")?;
    let second = texts.put_with("a", "two", expecting(Expect::Token(first.token)))?;
    let error = texts.put_with("a", "three", expecting(Expect::Token(first.token))).expect_err("it must be refused");
    assert_eq!(conflict(error), (ErrorKind::Conflict, true, Some(second.token)));
    // A token of another record is one that this record does not have.
    let other = texts.put("b", "one")?;
    let error = texts.put_with("a", "three", expecting(Expect::Token(other.token))).expect_err("it must be refused");
    assert_eq!(conflict(error), (ErrorKind::Conflict, true, Some(second.token)));
    texts.delete("a")?;
    let error = texts.put_with("a", "three", expecting(Expect::Token(second.token))).expect_err("it must be refused");
    assert_eq!(conflict(error), (ErrorKind::Conflict, true, None));
    assert!(!texts.has("a")?);
    Ok(())
}

fn present_means_that_there_is_one<B: Backend>(backend: &B) -> Result<()> {
    let (texts, _) = texts(backend)?;
    let error = texts.put_with("a", "one", expecting(Expect::Present)).expect_err("it must be refused");
    assert_eq!(conflict(error), (ErrorKind::Conflict, true, None));
    texts.put("a", "one")?;
    assert_eq!(texts.put_with("a", "two", expecting(Expect::Present))?.version, 2);
    Ok(())
}

fn a_deletion_without_a_condition_is_another_call<B: Backend>(backend: &B) -> Result<()> {
    let (texts, _) = texts(backend)?;
    assert!(!texts.delete("a")?);
    for expect in [Expect::Present, Expect::Token(texts.put("b", "x")?.token)] {
        let error = texts.delete_if("a", expect).expect_err("it must be refused");
        assert_eq!(conflict(error), (ErrorKind::Conflict, true, None));
    }
    assert!(!texts.delete_if("a", Expect::Absent)? && !texts.delete_if("a", Expect::Any)?);
    let old = texts.put("a", "one")?;
    let new = texts.put("a", "two")?;
    let error = texts.delete_if("a", Expect::Absent).expect_err("it must be refused");
    assert_eq!(conflict(error), (ErrorKind::AlreadyExists, false, Some(new.token)));
    let error = texts.delete_if("a", Expect::Token(old.token)).expect_err("it must be refused");
    assert_eq!(conflict(error), (ErrorKind::Conflict, true, Some(new.token)));
    assert!(texts.delete_if("a", Expect::Token(new.token))? && !texts.has("a")?);
    Ok(())
}

fn a_token_does_not_come_back_with_its_key<B: Backend>(backend: &B) -> Result<()> {
    let (texts, _) = texts(backend)?;
    let first = texts.put("a", "one")?;
    assert!(texts.delete("a")?);
    let again = texts.put("a", "one")?;
    assert_eq!((first.version, again.version), (1, 1));
    assert_ne!(first.token, again.token);
    let error = texts.put_with("a", "two", expecting(Expect::Token(first.token))).expect_err("it must be refused");
    assert_eq!(conflict(error), (ErrorKind::Conflict, true, Some(again.token)));
    Ok(())
}

fn a_put_resets_what_an_update_keeps<B: Backend>(backend: &B) -> Result<()> {
    let (texts, hand) = texts(backend)?;
    let options = living(500).meta("by ann");
    texts.put_with("a", "one", options)?;
    hand.set(1_100);
    texts.update("a", |old| old.map(|old| format!("{old}!")))?;
    let meta = texts.meta("a")?.expect("it is there");
    assert_eq!((meta.created, meta.modified, meta.expires, meta.version), (1_000, 1_100, Some(1_500), 2));
    assert_eq!(*meta.user, *b"by ann");
    hand.set(1_200);
    let meta = texts.put("a", "two")?;
    assert_eq!((meta.created, meta.modified, meta.expires, meta.version), (1_200, 1_200, None, 3));
    assert_eq!(*meta.user, *b"");
    texts.put_with("a", "one", living(500).meta("by ann"))?;
    texts.replace("a", "two")?;
    let meta = texts.meta("a")?.expect("it is there");
    assert_eq!((meta.expires, &*meta.user), (None, &b""[..]));
    assert_indexed(&rows(&texts, backend)?);
    Ok(())
}

fn conditions_and_lifetimes_go_together<B: Backend>(backend: &B) -> Result<()> {
    let (texts, _) = texts(backend)?;
    let first = texts.put_with("a", "one", living(100).expect(Expect::Absent))?;
    let kept = PutOptions::new().ttl(Ttl::Keep).expect(Expect::Token(first.token));
    let second = texts.put_with("a", "two", kept)?;
    assert_eq!((first.expires, second.expires), (Some(1_100), Some(1_100)));
    let third = texts.put_with("a", "three", expecting(Expect::Token(second.token)))?;
    assert_eq!(third.expires, None);
    assert_eq!(texts.put_with("b", "new", PutOptions::new().ttl(Ttl::Keep))?.expires, None);
    assert_indexed(&rows(&texts, backend)?);
    Ok(())
}

fn an_old_value_is_returned_where_it_is_asked_for<B: Backend>(backend: &B) -> Result<()> {
    let (texts, _) = texts(backend)?;
    assert_eq!(texts.replace("a", "one")?, None);
    assert_eq!(texts.replace("a", "two")?.as_deref(), Some("one"));
    assert_eq!(texts.take("a")?.as_deref(), Some("two"));
    assert_eq!(texts.take("a")?, None);
    Ok(())
}

fn metadata_is_read_as_it_was_put<B: Backend>(backend: &B) -> Result<()> {
    let (texts, _) = texts(backend)?;
    let long: Vec<u8> = (0..=255).cycle().take(2_000_000).collect();
    for meta in [&b""[..], b"\0", b"text/html", &long] {
        texts.put_with("a", "value", PutOptions::new().meta(meta))?;
        assert_eq!(*texts.meta("a")?.expect("it is there").user, *meta);
        assert_eq!(texts.get("a")?.as_deref(), Some("value"));
        let entry = texts.entry("a")?.expect("it is there");
        assert_eq!((&*entry.key, &*entry.value, &*entry.meta.user), ("a", "value", meta));
    }
    Ok(())
}

fn what_put_returns_is_what_is_read<B: Backend>(backend: &B) -> Result<()> {
    let (texts, _) = texts(backend)?;
    let put = texts.put_with("a", "one", living(7).meta("m"))?;
    assert_eq!(texts.meta("a")?, Some(put.clone()));
    assert_eq!(texts.entry("a")?.map(|entry| entry.meta), Some(put));
    let touched = texts.touch("a", std::time::Duration::from_nanos(9))?;
    assert_eq!(texts.meta("a")?, touched);
    assert_eq!(texts.persist("a")?, texts.meta("a")?);
    // The second time nothing changes.
    assert_eq!(texts.persist("a")?, texts.meta("a")?);
    Ok(())
}

fn an_absent_record_is_an_error_only_for_require<B: Backend>(backend: &B) -> Result<()> {
    let (texts, _) = texts(backend)?;
    let error = texts.require("a").expect_err("it must be refused");
    assert_eq!((error.kind(), error.is_retryable(), error.key()), (ErrorKind::NotFound, false, Some(&b"a"[..])));
    assert_eq!((error.operation(), error.dbi()), (Some("require"), Some("texts")));
    assert_eq!(texts.get("a")?, None);
    assert_eq!(texts.get_many(["a", "b"])?, [None, None]);
    assert!(texts.entry("a")?.is_none() && texts.meta("a")?.is_none());
    assert!(texts.touch("a", std::time::Duration::from_secs(1))?.is_none() && texts.persist("a")?.is_none());
    Ok(())
}

fn what_changes_nothing_writes_nothing<B: Backend>(backend: &B) -> Result<()> {
    let (texts, hand) = texts(backend)?;
    texts.put("a", "one")?;
    let (before, state) = (rows(&texts, backend)?, mapleaf::store::BackendRead::id(&backend.snapshot()?));
    hand.set(2_000);
    assert_eq!(texts.update("a", |_| Some("one".into()))?.as_deref(), Some("one"));
    assert_eq!(texts.update("b", |_| None)?, None);
    assert!(!texts.delete("b")? && texts.take("b")?.is_none() && texts.persist("a")?.is_some());
    assert_eq!(texts.get_or_put("a", || "two".into())?, "one");
    assert_eq!(kind(texts.put_with("a", "x", expecting(Expect::Absent))), Some(ErrorKind::AlreadyExists));
    assert_eq!((texts.sweep_expired(10)?, texts.commit(texts.batch())?.len()), (0, 0));
    assert_eq!(rows(&texts, backend)?, before);
    assert_eq!(mapleaf::store::BackendRead::id(&backend.snapshot()?), state);
    Ok(())
}
