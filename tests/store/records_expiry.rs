//! A record whose time has come is absent for every verb, and the sweep removes it and nothing else.

use std::time::Duration;

use mapleaf::store::{Backend, Expect, PutOptions, Records, RecordsOptions, Ttl};
use mapleaf::{Env, ErrorKind, Result};

use crate::records_support::{Hand, Texts, assert_indexed, expecting, keeping, kind, laws, living, rows, texts};

laws! {
    a_record_is_there_until_its_deadline_and_not_at_it
    expired_is_absent_for_every_read
    expired_is_absent_for_every_condition
    expired_is_absent_for_update_and_get_or_put
    expired_is_absent_for_deletions
    expired_is_absent_for_touch_and_persist
    a_put_without_a_lifetime_takes_the_old_deadline_away
    lifetimes_beyond_all_time_are_for_ever
    the_sweep_removes_what_has_expired_and_nothing_else
    the_sweep_removes_no_more_than_its_limit_and_the_earliest_first
    a_key_that_was_written_again_is_not_swept
    the_time_does_not_go_back
    the_time_does_not_go_back_in_another_handle
    the_clock_is_written_with_the_record
}

/// `dead` expired at 1,100, `alive` expires at 1,300, `ever` never. It is 1,200.
fn aged<B: Backend>(backend: &B) -> Result<(Texts<B>, std::sync::Arc<Hand>)> {
    let (texts, hand) = texts(backend)?;
    texts.put_with("dead", "one", living(100).meta("m"))?;
    texts.put_with("alive", "two", living(300))?;
    texts.put("ever", "three")?;
    hand.set(1_200);
    Ok((texts, hand))
}

fn a_record_is_there_until_its_deadline_and_not_at_it<B: Backend>(backend: &B) -> Result<()> {
    let (texts, hand) = texts(backend)?;
    assert_eq!(texts.put_with("a", "one", living(100))?.expires, Some(1_100));
    hand.set(1_099);
    assert!(texts.has("a")?);
    hand.set(1_100);
    assert!(!texts.has("a")?);
    Ok(())
}

fn expired_is_absent_for_every_read<B: Backend>(backend: &B) -> Result<()> {
    let (texts, _) = aged(backend)?;
    assert_eq!(texts.get("dead")?, None);
    assert_eq!(kind(texts.require("dead")), Some(ErrorKind::NotFound));
    assert!(!texts.has("dead")? && texts.entry("dead")?.is_none() && texts.meta("dead")?.is_none());
    assert_eq!(texts.get_many(["dead", "ever"])?, [None, Some("three".into())]);
    assert_eq!((texts.len()?, texts.count("b"..)?, texts.count(..="dead")?, texts.count("dead"..)?), (2, 1, 1, 1));
    assert!(!texts.is_empty()?);
    Ok(())
}

fn expired_is_absent_for_every_condition<B: Backend>(backend: &B) -> Result<()> {
    let (texts, hand) = texts(backend)?;
    let old = texts.put_with("dead", "one", living(100))?;
    hand.set(1_200);
    assert_eq!(kind(texts.put_with("dead", "x", expecting(Expect::Present))), Some(ErrorKind::Conflict));
    assert_eq!(kind(texts.put_with("dead", "x", expecting(Expect::Token(old.token)))), Some(ErrorKind::Conflict));
    assert_eq!(kind(texts.delete_if("dead", Expect::Token(old.token))), Some(ErrorKind::Conflict));
    let mut batch = texts.batch();
    batch.check("dead", Expect::Present)?;
    assert_eq!(kind(texts.commit(batch)), Some(ErrorKind::Conflict));
    let skipped = texts.put_each([("dead", "x", expecting(Expect::Token(old.token)))])?;
    assert_eq!((skipped.len(), skipped[0].actual), (1, None));
    assert_eq!(texts.delete_each([("dead", Expect::Present)])?.len(), 1);
    // A new record, with a life of its own.
    let new = texts.put_with("dead", "two", expecting(Expect::Absent))?;
    assert_eq!((new.version, new.created, new.expires), (1, 1_200, None));
    assert_indexed(&rows(&texts, backend)?);
    Ok(())
}

fn expired_is_absent_for_update_and_get_or_put<B: Backend>(backend: &B) -> Result<()> {
    let (texts, _) = aged(backend)?;
    texts.update("dead", |old| {
        assert_eq!(old, None);
        None
    })?;
    assert_eq!(texts.replace("dead", "new")?, None);
    assert_eq!(texts.meta("dead")?.map(|meta| (meta.version, meta.expires)), Some((1, None)));
    let (other, hand) = texts_named(backend, "other")?;
    other.put_with("a", "old", living(1).meta("m"))?;
    hand.set(2_000);
    assert_eq!(other.get_or_put("a", || "new".into())?, "new");
    let meta = other.meta("a")?.expect("it was put");
    assert_eq!((meta.version, meta.created, meta.expires, &*meta.user), (1, 2_000, None, &b""[..]));
    other.put_with("b", "old", living(1).meta("m"))?;
    hand.set(3_000);
    assert_eq!(other.update("b", |old| Some(format!("{old:?}")))?.as_deref(), Some("None"));
    let meta = other.meta("b")?.expect("it was put");
    assert_eq!((meta.version, meta.expires, &*meta.user), (1, None, &b""[..]));
    assert_indexed(&rows(&other, backend)?);
    assert_indexed(&rows(&texts, backend)?);
    Ok(())
}

fn texts_named<B: Backend>(backend: &B, name: &str) -> Result<(Texts<B>, std::sync::Arc<Hand>)> {
    let hand = Hand::at(1_000);
    Ok((RecordsOptions::new().clock(hand.clone()).open(backend, name)?, hand))
}

fn expired_is_absent_for_deletions<B: Backend>(backend: &B) -> Result<()> {
    let (texts, _) = aged(backend)?;
    assert!(!texts.delete("dead")? && texts.take("dead")?.is_none());
    assert_eq!(texts.delete_each([("dead", Expect::Any), ("ever", Expect::Any)])?, []);
    assert!(texts.delete("alive")?);
    assert_eq!(texts.len()?, 0);
    assert_indexed(&rows(&texts, backend)?);
    Ok(())
}

fn expired_is_absent_for_touch_and_persist<B: Backend>(backend: &B) -> Result<()> {
    let (texts, hand) = aged(backend)?;
    assert_eq!(texts.touch("dead", Duration::from_secs(1))?, None);
    assert_eq!(texts.persist("dead")?, None);
    let touched = texts.touch("alive", Duration::from_nanos(500))?.expect("it is there");
    assert_eq!((touched.expires, touched.created, touched.modified), (Some(1_700), 1_000, 1_200));
    hand.set(1_699);
    assert_eq!(texts.get("alive")?.as_deref(), Some("two"));
    assert_eq!(texts.persist("alive")?.and_then(|meta| meta.expires), None);
    hand.set(9_000);
    assert!(texts.has("alive")?);
    assert_indexed(&rows(&texts, backend)?);
    Ok(())
}

fn a_put_without_a_lifetime_takes_the_old_deadline_away<B: Backend>(backend: &B) -> Result<()> {
    let (texts, hand) = texts(backend)?;
    texts.put_with("a", "one", living(100))?;
    texts.put("a", "two")?;
    texts.put_with("b", "one", living(100))?;
    texts.put_with("b", "two", keeping())?;
    texts.put_with("c", "one", living(100))?;
    texts.put_with("c", "two", living(100))?;
    assert_indexed(&rows(&texts, backend)?);
    hand.set(1_100);
    assert_eq!(texts.get_many(["a", "b", "c"])?, [Some("two".into()), None, None]);
    // An expired record has no deadline to keep.
    assert_eq!(texts.put_with("b", "three", keeping())?.expires, None);
    assert_indexed(&rows(&texts, backend)?);
    Ok(())
}

fn lifetimes_beyond_all_time_are_for_ever<B: Backend>(backend: &B) -> Result<()> {
    let (texts, _) = texts(backend)?;
    let last = u64::MAX - 1_000;
    let put = |time| Ok::<_, mapleaf::Error>(texts.put_with("a", "one", time)?.expires);
    assert_eq!(put(living(last - 1))?, Some(u64::MAX - 1));
    assert_eq!((put(living(last))?, put(living(u64::MAX))?), (None, None));
    assert_eq!(put(PutOptions::new().ttl(Duration::MAX))?, None);
    assert_indexed(&rows(&texts, backend)?);
    Ok(())
}

fn the_sweep_removes_what_has_expired_and_nothing_else<B: Backend>(backend: &B) -> Result<()> {
    let (texts, hand) = aged(backend)?;
    assert_eq!(texts.sweep_expired(10)?, 1);
    assert_eq!(rows(&texts, backend)?[0].len(), 2);
    assert_indexed(&rows(&texts, backend)?);
    assert_eq!((texts.sweep_expired(10)?, texts.len()?), (0, 2));
    hand.set(1_300);
    assert_eq!((texts.sweep_expired(10)?, texts.len()?), (1, 1));
    Ok(())
}

fn the_sweep_removes_no_more_than_its_limit_and_the_earliest_first<B: Backend>(backend: &B) -> Result<()> {
    let hand = Hand::at(1_000);
    let numbers: Records<u32, u32, B> = RecordsOptions::new().clock(hand.clone()).open(backend, "numbers")?;
    numbers.put_each((0..25_u32).map(|n| (n, n, living(100 - u64::from(n)))))?;
    hand.set(5_000);
    assert_eq!(numbers.len()?, 0);
    assert_eq!(numbers.sweep_expired(10)?, 10);
    let left = crate::records_support::rows_of(backend, "numbers", ("u32", "u32"))?;
    assert_indexed(&left);
    let left: Vec<u8> = left[0].iter().map(|(key, _)| key[3]).collect();
    assert_eq!(left, (0..15).collect::<Vec<u8>>());
    assert_eq!((numbers.sweep_expired(10)?, numbers.sweep_expired(10)?, numbers.sweep_expired(10)?), (10, 5, 0));
    assert_eq!(kind(numbers.sweep_expired(0)), Some(ErrorKind::InvalidArgument));
    Ok(())
}

fn a_key_that_was_written_again_is_not_swept<B: Backend>(backend: &B) -> Result<()> {
    let (texts, hand) = texts(backend)?;
    for key in ["a", "b", "c", "d", "e"] {
        texts.put_with(key, "old", living(100))?;
    }
    texts.put("a", "new")?;
    texts.put_with("b", "new", living(500))?;
    texts.touch("c", Duration::from_nanos(500))?;
    texts.delete("d")?;
    hand.set(1_200);
    // Written again after it had expired.
    texts.put("e", "new")?;
    assert_eq!(texts.sweep_expired(100)?, 0);
    assert_eq!(texts.len()?, 4);
    assert_indexed(&rows(&texts, backend)?);
    Ok(())
}

fn the_time_does_not_go_back<B: Backend>(backend: &B) -> Result<()> {
    let (texts, hand) = texts(backend)?;
    texts.put_with("a", "one", living(100))?;
    hand.set(1_100);
    assert!(!texts.has("a")?);
    hand.set(500);
    assert!(!texts.has("a")?);
    let put = texts.put("b", "one")?;
    assert_eq!((put.created, put.modified), (1_100, 1_100));
    hand.set(u64::MAX);
    assert_eq!(texts.put("b", "two")?.modified, u64::MAX - 1);
    assert!(texts.has("b")?);
    Ok(())
}

fn the_time_does_not_go_back_in_another_handle<B: Backend>(backend: &B) -> Result<()> {
    let (texts, hand) = texts(backend)?;
    texts.put_with("a", "one", living(100))?;
    hand.set(1_200);
    texts.put("b", "one")?;
    // As after a restart: a handle that has seen nothing yet, and a clock that was set back.
    let (again, _) = texts_named(backend, "texts")?;
    assert_eq!(again.get("a")?, None);
    assert_eq!(again.len()?, 1);
    let put = again.put("c", "one")?;
    assert_eq!(put.created, 1_200);
    assert_eq!(again.sweep_expired(10)?, 1);
    assert_eq!(
        again.put_with("d", "one", PutOptions::new().ttl(Ttl::After(Duration::from_nanos(5))))?.expires,
        Some(1_205)
    );
    Ok(())
}

fn the_clock_is_written_with_the_record<B: Backend>(backend: &B) -> Result<()> {
    let (texts, hand) = texts(backend)?;
    let clock = |texts: &Texts<B>| Ok::<_, mapleaf::Error>(rows(texts, backend)?[2].clone());
    assert_eq!(clock(&texts)?, []);
    texts.put("a", "one")?;
    let at = |time: u64| vec![(b"clock".to_vec(), time.to_be_bytes().to_vec())];
    assert_eq!(clock(&texts)?, at(1_000));
    hand.set(1_001);
    assert!(texts.get("a")?.is_some());
    assert_eq!(clock(&texts)?, at(1_000));
    texts.touch("a", Duration::from_nanos(7))?;
    assert_eq!(clock(&texts)?, at(1_001));
    Ok(())
}

#[test]
fn the_time_does_not_go_back_when_the_environment_is_opened_again() -> Result<()> {
    let dir = tempfile::tempdir().map_err(mapleaf::Error::other)?;
    let env = Env::open(dir.path())?;
    let (texts, hand) = texts(&env)?;
    texts.put_with("a", "one", living(100))?;
    hand.set(1_100);
    texts.put("b", "one")?;
    drop((texts, env));
    let env = Env::open(dir.path())?;
    let (texts, _) = texts_named(&env, "texts")?;
    assert_eq!((texts.get("a")?, texts.put("b", "two")?.modified), (None, 1_100));
    Ok(())
}
