//! The change feed has every change of a store, once, in the order of the commits, and nothing else.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use mapleaf::store::{
    Backend, EventKind, Expect, FeedTrimmed, RecordEvent, Records, RecordsOptions, Retain, Revision, WatchItem,
};
use mapleaf::{Durability, Env, Error, ErrorKind, Result};
use proptest::prelude::*;
use proptest::strategy::ValueTree;

use crate::records_support::{Hand, Texts, expecting, kind, laws, living, texts};

laws! {
    every_verb_adds_what_it_changed
    what_changes_nothing_is_not_added
    records_before_and_after_are_those_of_the_store
    pages_follow_one_another
    only_the_last_changes_are_kept_by_count
    only_changes_up_to_the_limit_are_kept_by_bytes
    only_young_changes_are_kept_by_age
    a_handle_from_before_the_log_adds_to_it_too
    a_log_that_begins_late_says_what_it_misses
    an_ended_log_is_gone_for_all_handles
    the_limit_is_that_of_the_last_opening
    a_store_without_a_log_refuses
    limits_of_zero_are_refused
    a_commit_may_have_more_changes_than_are_kept
    a_watch_receives_what_follows
    a_watch_receives_many_at_once
    a_watch_goes_on_from_a_revision
    a_slow_watch_is_told_what_it_missed
    replaying_the_feed_gives_the_records_of_four_writers
    the_feed_is_the_history_of_the_model
}

const ALL: Retain = Retain::Count(1_000_000);

/// The store `texts` with a log, and a clock that shows 1,000.
fn logged<B: Backend>(backend: &B, retain: Retain) -> Result<(Texts<B>, std::sync::Arc<Hand>)> {
    let hand = Hand::at(1_000);
    Ok((RecordsOptions::new().clock(hand.clone()).change_log(retain).open(backend, "texts")?, hand))
}

type Event = RecordEvent<String, String>;

fn all<B: Backend>(texts: &Texts<B>) -> Result<Vec<Event>> {
    Ok(texts.changes_since(Revision::START, usize::MAX)?.events)
}

/// The kind, the key, and the values before and after.
type Short = (EventKind, String, Option<String>, Option<String>);

fn short(event: &Event) -> Short {
    let value = |entry: &Option<mapleaf::store::Entry<String, String>>| entry.as_ref().map(|entry| entry.value.clone());
    (event.kind, event.key.clone(), value(&event.previous), value(&event.current))
}

fn shorts<B: Backend>(texts: &Texts<B>) -> Result<Vec<Short>> {
    Ok(all(texts)?.iter().map(short).collect())
}

fn put(key: &str, before: Option<&str>, after: &str) -> Short {
    (EventKind::Put, key.into(), before.map(Into::into), Some(after.into()))
}

fn gone(kind: EventKind, key: &str, before: &str) -> Short {
    (kind, key.into(), Some(before.into()), None)
}

fn every_verb_adds_what_it_changed<B: Backend>(backend: &B) -> Result<()> {
    let (texts, hand) = logged(backend, ALL)?;
    texts.put("a", "1")?;
    texts.replace("a", "2")?;
    texts.update("a", |_| Some("3".into()))?;
    texts.get_or_put("b", || "4".into())?;
    texts.touch("b", Duration::from_nanos(100))?;
    texts.persist("b")?;
    texts.take("a")?;
    texts.update("b", |_| None)?;
    let mut batch = texts.batch();
    batch.put("c", "5")?.put("d", "6")?.delete("c")?;
    texts.commit(batch)?;
    texts.put_with("e", "7", living(10))?;
    texts.put_with("f", "8", living(20))?;
    hand.set(2_000);
    // Written over after it has expired.
    texts.put("e", "9")?;
    assert_eq!(texts.sweep_expired(10)?, 1);
    texts.delete("e")?;
    let wanted = [
        put("a", None, "1"),
        put("a", Some("1"), "2"),
        put("a", Some("2"), "3"),
        put("b", None, "4"),
        put("b", Some("4"), "4"),
        put("b", Some("4"), "4"),
        gone(EventKind::Delete, "a", "3"),
        gone(EventKind::Delete, "b", "4"),
        put("c", None, "5"),
        put("d", None, "6"),
        gone(EventKind::Delete, "c", "5"),
        put("e", None, "7"),
        put("f", None, "8"),
        gone(EventKind::Expired, "e", "7"),
        put("e", None, "9"),
        gone(EventKind::Expired, "f", "8"),
        gone(EventKind::Delete, "e", "9"),
    ];
    assert_eq!(shorts(&texts)?, wanted);
    let events = all(&texts)?;
    assert!(events.is_sorted_by(|one, other| one.revision < other.revision), "{events:?}");
    assert!(events[8].revision.commit() == events[10].revision.commit(), "a batch is one commit");
    assert_eq!((events[0].at, events[16].at), (1_000, 2_000));
    Ok(())
}

fn what_changes_nothing_is_not_added<B: Backend>(backend: &B) -> Result<()> {
    let (texts, hand) = logged(backend, ALL)?;
    texts.put("a", "1")?;
    texts.put_with("b", "2", living(10))?;
    hand.set(2_000);
    assert!(!texts.delete("absent")? && !texts.delete("b")?);
    assert_eq!(texts.take("absent")?, None);
    texts.update("a", |old| old.map(Into::into))?;
    texts.get_or_put("a", || "2".into())?;
    texts.persist("a")?;
    assert_eq!(texts.touch("absent", Duration::from_secs(1))?, None);
    assert!(texts.put_with("a", "2", expecting(Expect::Absent)).is_err());
    assert!(texts.try_update("a", |_| Err::<Option<String>, _>(Error::other("no"))).is_err());
    let mut batch = texts.batch();
    batch.put("c", "5")?.put_with("a", "6", expecting(Expect::Absent))?;
    assert!(texts.commit(batch).is_err());
    assert_eq!(shorts(&texts)?, [put("a", None, "1"), put("b", None, "2")]);
    Ok(())
}

fn records_before_and_after_are_those_of_the_store<B: Backend>(backend: &B) -> Result<()> {
    let (texts, _) = logged(backend, ALL)?;
    let first = texts.put_with("a", "1", mapleaf::store::PutOptions::new().meta("m"))?;
    let second = texts.put("a", "2")?;
    texts.delete("a")?;
    let events = all(&texts)?;
    let meta = |entry: &Option<mapleaf::store::Entry<String, String>>| entry.as_ref().map(|entry| entry.meta.clone());
    assert_eq!((meta(&events[0].previous), meta(&events[0].current)), (None, Some(first.clone())));
    assert_eq!((meta(&events[1].previous), meta(&events[1].current)), (Some(first), Some(second.clone())));
    assert_eq!((meta(&events[2].previous), meta(&events[2].current)), (Some(second), None));
    Ok(())
}

fn pages_follow_one_another<B: Backend>(backend: &B) -> Result<()> {
    let (texts, _) = logged(backend, ALL)?;
    let start = texts.revision()?;
    let mut batch = texts.batch();
    for key in ["a", "b", "c", "d"] {
        batch.put(key, "1")?;
    }
    texts.commit(batch)?;
    texts.put("e", "1")?;
    texts.put("f", "1")?;
    for limit in 1..8 {
        let (mut keys, mut at) = (String::new(), start);
        loop {
            let page = texts.changes_since(at, limit)?;
            assert!(page.events.len() <= limit);
            keys.extend(page.events.iter().map(|event| &*event.key));
            at = page.next;
            assert_eq!(page.has_more, keys.len() < 6, "{limit}");
            if !page.has_more {
                break;
            }
        }
        assert_eq!(keys, "abcdef");
        assert!(texts.changes_since(at, limit)?.events.is_empty());
        assert_eq!(at.to_string().parse::<Revision>()?, at);
    }
    Ok(())
}

#[track_caller]
fn trimmed<B: Backend>(texts: &Texts<B>, since: Revision) -> Revision {
    let error = texts.changes_since(since, 10).expect_err("they are not kept");
    assert_eq!(error.kind(), ErrorKind::NotFound);
    error.downcast::<FeedTrimmed>().expect("the cause").start_from
}

fn only_the_last_changes_are_kept_by_count<B: Backend>(backend: &B) -> Result<()> {
    let (texts, _) = logged(backend, Retain::Count(3))?;
    let start = texts.revision()?;
    for n in 0..10 {
        assert_eq!(texts.changes_since(Revision::START, 10).is_ok(), n <= 3, "{n}");
        texts.put("a", ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"][n])?;
    }
    let from = trimmed(&texts, start);
    assert_eq!(trimmed(&texts, Revision::START), from);
    let kept: Vec<_> = texts.changes_since(from, 10)?.events.iter().map(short).collect();
    assert_eq!(kept, [put("a", Some("6"), "7"), put("a", Some("7"), "8"), put("a", Some("8"), "9")]);
    Ok(())
}

fn a_commit_may_have_more_changes_than_are_kept<B: Backend>(backend: &B) -> Result<()> {
    let (texts, _) = logged(backend, Retain::Count(3))?;
    let start = texts.revision()?;
    let mut batch = texts.batch();
    for key in ["a", "b", "c", "d", "e"] {
        batch.put(key, "1")?;
    }
    texts.commit(batch)?;
    if let Err(error) = texts.changes_since(start, 10) {
        let from = error.downcast::<FeedTrimmed>().expect("the cause").start_from;
        assert!(from <= texts.revision()?, "{from}");
    }
    for key in ["f", "g", "h", "i"] {
        texts.put(key, "1")?;
    }
    let kept = texts.changes_since(trimmed(&texts, start), 10)?.events;
    assert_eq!(kept.iter().map(|event| &*event.key).collect::<String>(), "ghi");
    Ok(())
}

fn only_changes_up_to_the_limit_are_kept_by_bytes<B: Backend>(backend: &B) -> Result<()> {
    let (texts, _) = logged(backend, Retain::Bytes(10_000))?;
    let start = texts.revision()?;
    let long = "x".repeat(1_000);
    for _ in 0..30 {
        texts.put("a", &long)?;
    }
    // Each has the record before and after it, of 1,064 bytes each.
    let kept = texts.changes_since(trimmed(&texts, start), 100)?.events.len();
    assert_eq!(kept, 4);
    texts.delete("a")?;
    texts.put("b", "small")?;
    assert!(texts.changes_since(trimmed(&texts, start), 100)?.events.len() > kept);
    Ok(())
}

fn only_young_changes_are_kept_by_age<B: Backend>(backend: &B) -> Result<()> {
    let (texts, hand) = logged(backend, Retain::Age(Duration::from_nanos(500)))?;
    let start = texts.revision()?;
    for key in ["a", "b", "c"] {
        texts.put(key, "1")?;
    }
    hand.set(1_500);
    texts.put("d", "1")?;
    assert_eq!(shorts(&texts)?.len(), 4);
    hand.set(1_501);
    texts.put("e", "1")?;
    let kept = texts.changes_since(trimmed(&texts, start), 100)?.events;
    assert_eq!(kept.iter().map(|event| &*event.key).collect::<String>(), "de");
    Ok(())
}

fn a_handle_from_before_the_log_adds_to_it_too<B: Backend>(backend: &B) -> Result<()> {
    let (before, _) = texts(backend)?;
    let (after, _) = logged(backend, ALL)?;
    before.put("b", "2")?;
    assert_eq!(shorts(&after)?, [put("b", None, "2")]);
    assert_eq!(shorts(&before)?, [put("b", None, "2")]);
    Ok(())
}

fn a_log_that_begins_late_says_what_it_misses<B: Backend>(backend: &B) -> Result<()> {
    let (texts, _) = texts(backend)?;
    let start = texts.revision()?;
    texts.put("a", "1")?;
    let (logged_now, _) = logged(backend, ALL)?;
    texts.put("b", "2")?;
    let from = trimmed(&texts, start);
    assert_eq!(trimmed(&texts, Revision::START), from);
    let events: Vec<_> = texts.changes_since(from, 10)?.events.iter().map(short).collect();
    assert_eq!(events, [put("b", None, "2")]);
    // What is written between two logs is missed by the second one.
    let between = texts.revision()?;
    logged_now.end_change_log()?;
    texts.put("c", "3")?;
    let (again, _) = logged(backend, ALL)?;
    texts.put("d", "4")?;
    let from = trimmed(&again, between);
    let events: Vec<_> = again.changes_since(from, 10)?.events.iter().map(short).collect();
    assert_eq!(events, [put("d", None, "4")]);
    let mut watch = again.watch("")?.since(between);
    assert_eq!(watch.recv()?, WatchItem::Lagged(1));
    assert_eq!(short_of(watch.recv()?).1, "d");
    Ok(())
}

fn an_ended_log_is_gone_for_all_handles<B: Backend>(backend: &B) -> Result<()> {
    let (one, _) = logged(backend, ALL)?;
    let (other, _) = texts(backend)?;
    one.put("a", "1")?;
    other.end_change_log()?;
    other.end_change_log()?;
    one.put("b", "2")?;
    assert_eq!(kind(one.changes_since(Revision::START, 10)), Some(ErrorKind::Unsupported));
    let (again, _) = logged(backend, ALL)?;
    let start = again.revision()?;
    one.put("c", "3")?;
    let events: Vec<_> = again.changes_since(start, 10)?.events.iter().map(short).collect();
    assert_eq!(events, [put("c", None, "3")]);
    Ok(())
}

fn the_limit_is_that_of_the_last_opening<B: Backend>(backend: &B) -> Result<()> {
    let (texts, _) = logged(backend, ALL)?;
    for _ in 0..50 {
        texts.put("a", "1")?;
    }
    let (again, _) = logged(backend, Retain::Count(2))?;
    // Each change removes up to 16.
    for left in [35, 20, 5, 2] {
        again.put("a", "1")?;
        assert_eq!(texts.changes_since(trimmed(&texts, Revision::START), 100)?.events.len(), left);
    }
    Ok(())
}

fn a_store_without_a_log_refuses<B: Backend>(backend: &B) -> Result<()> {
    let (texts, _) = texts(backend)?;
    assert_eq!(kind(texts.changes_since(Revision::START, 10)), Some(ErrorKind::Unsupported));
    assert_eq!(kind(texts.watch("")), Some(ErrorKind::Unsupported));
    Ok(())
}

fn limits_of_zero_are_refused<B: Backend>(backend: &B) -> Result<()> {
    for retain in [Retain::Count(0), Retain::Age(Duration::ZERO), Retain::Bytes(0)] {
        assert_eq!(kind(logged(backend, retain)), Some(ErrorKind::InvalidArgument));
    }
    let (texts, _) = logged(backend, ALL)?;
    assert_eq!(kind(texts.changes_since(Revision::START, 0)), Some(ErrorKind::InvalidArgument));
    Ok(())
}

fn event(item: Option<WatchItem<String, String>>) -> Option<Short> {
    match item {
        Some(WatchItem::Event(event)) => Some(short(&event)),
        Some(other) => panic!("{other:?}"),
        None => None,
    }
}

fn a_watch_receives_what_follows<B: Backend>(backend: &B) -> Result<()> {
    let (texts, _) = logged(backend, ALL)?;
    texts.put("user:1", "before")?;
    let mut watch = texts.watch("user:")?;
    let mut ranged = texts.watch_range("b".."c")?;
    assert_eq!(watch.recv_timeout(Duration::from_millis(1))?, None);
    let writer = texts.clone();
    let writing = thread::spawn(move || {
        (0..100).try_for_each(|_| {
            writer.put("other", "1")?;
            writer.put("user:1", "2")?;
            writer.delete("user:1").map(drop)
        })
    });
    let mut before = Some("before");
    for _ in 0..100 {
        assert_eq!(short_of(watch.recv()?), put("user:1", before.take(), "2"));
        assert_eq!(short_of(watch.recv()?), gone(EventKind::Delete, "user:1", "2"));
    }
    writing.join().expect("no panic")?;
    assert_eq!((event(watch.try_recv()?), event(ranged.try_recv()?)), (None, None));
    Ok(())
}

fn a_watch_receives_many_at_once<B: Backend>(backend: &B) -> Result<()> {
    let (texts, _) = logged(backend, ALL)?;
    let mut watch = texts.watch("a")?;
    let mut versions = Vec::new();
    for _ in 0..100 {
        versions.push(texts.put("a", "1")?.version);
        texts.put("b", "1")?;
    }
    for version in versions {
        match watch.try_recv()? {
            Some(WatchItem::Event(event)) => assert_eq!(event.current.map(|entry| entry.meta.version), Some(version)),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(watch.try_recv()?, None);
    Ok(())
}

fn short_of(item: WatchItem<String, String>) -> Short {
    event(Some(item)).expect("an event")
}

fn a_watch_goes_on_from_a_revision<B: Backend>(backend: &B) -> Result<()> {
    let (texts, _) = logged(backend, ALL)?;
    let mut watch = texts.watch("")?;
    let at = watch.revision();
    for key in ["a", "b", "c", "d"] {
        texts.put(key, "1")?;
    }
    assert_eq!(short_of(watch.recv()?).1, "a");
    assert_eq!(short_of(watch.recv()?).1, "b");
    let mut again = texts.watch("")?.since(watch.revision());
    drop(watch);
    assert_eq!(short_of(again.recv()?).1, "c");
    let mut first = texts.watch("")?.since(at);
    assert_eq!((0..4).map(|_| first.recv().map(|item| short_of(item).1)).collect::<Result<String>>()?, "abcd");
    assert_eq!(first.try_recv()?, None);
    Ok(())
}

fn a_slow_watch_is_told_what_it_missed<B: Backend>(backend: &B) -> Result<()> {
    let (texts, _) = logged(backend, Retain::Count(5))?;
    let mut watch = texts.watch("")?;
    texts.put("a", "1")?;
    assert_eq!(short_of(watch.recv()?).1, "a");
    for _ in 0..20 {
        texts.put("b", "1")?;
    }
    assert_eq!(watch.recv()?, WatchItem::Lagged(15));
    for _ in 0..5 {
        assert_eq!(short_of(watch.recv()?).1, "b");
    }
    assert_eq!(watch.try_recv()?, None);
    let mut late = texts.watch("")?.since(Revision::START);
    assert_eq!(late.recv()?, WatchItem::Lagged(1));
    Ok(())
}

/// Makes the changes of a feed, and checks that each is based on the one before.
fn replay(map: &mut BTreeMap<String, String>, events: &[Event]) {
    for event in events {
        let (kind, key, before, after) = short(event);
        assert_eq!(map.get(&key), before.as_ref(), "{event:?}");
        assert_eq!(kind == EventKind::Put, after.is_some());
        match after {
            Some(after) => map.insert(key, after),
            None => map.remove(&key),
        };
    }
}

fn records<B: Backend>(texts: &Texts<B>) -> Result<BTreeMap<String, String>> {
    let keys = ["a", "b", "c", "d", "e", "f"];
    let values = texts.get_many(keys)?;
    Ok(keys.into_iter().zip(values).filter_map(|(key, value)| Some((key.into(), value?))).collect())
}

fn replaying_the_feed_gives_the_records_of_four_writers<B: Backend>(backend: &B) -> Result<()> {
    let (texts, _) = logged(backend, ALL)?;
    let write = |texts: Texts<B>, seed: usize| {
        move || {
            (0..60_usize).try_for_each(|n| {
                let key = ["a", "b", "c", "d", "e", "f"][(n * 7 + seed) % 6];
                match (n + seed) % 4 {
                    0 => texts.delete(key).map(drop),
                    1 => texts.update(key, |old| Some(format!("{}{seed}", old.unwrap_or_default().len()))).map(drop),
                    _ => texts.put(key, ["1", "2", "3", "4"][seed]).map(drop),
                }
            })
        }
    };
    let writers: Vec<_> = (0..4).map(|seed| thread::spawn(write(texts.clone(), seed))).collect();
    for writer in writers {
        writer.join().expect("no panic")?;
    }
    let mut map = BTreeMap::new();
    replay(&mut map, &all(&texts)?);
    assert_eq!(map, records(&texts)?);
    Ok(())
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Put(usize),
    PutFor(usize, u64),
    Delete(usize),
    Update(usize),
    Sweep(usize),
    Wait(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (0..6_usize).prop_map(Step::Put),
        2 => (0..6_usize, 1..30_u64).prop_map(|(key, time)| Step::PutFor(key, time)),
        2 => (0..6_usize).prop_map(Step::Delete),
        2 => (0..6_usize).prop_map(Step::Update),
        1 => (1..4_usize).prop_map(Step::Sweep),
        2 => (1..20_u64).prop_map(Step::Wait),
    ];
    prop::collection::vec(step, 1..80)
}

/// With all expired records swept, the feed up to here gives the records as they are.
fn the_feed_is_the_history_of_the_model<B: Backend>(backend: &B) -> Result<()> {
    let (texts, hand) = logged(backend, ALL)?;
    let (mut at, mut map, mut now) = (texts.revision()?, BTreeMap::new(), 1_000);
    let config = ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    // Each case goes on with the store of the last one.
    for _ in 0..40 {
        let steps = steps().new_tree(&mut runner).expect("steps").current();
        for (n, step) in steps.into_iter().enumerate() {
            let key = |key: usize| ["a", "b", "c", "d", "e", "f"][key];
            let value = ["one", "two", "three"][n % 3];
            match step {
                Step::Put(at) => drop(texts.put(key(at), value)?),
                Step::PutFor(at, time) => drop(texts.put_with(key(at), value, living(time))?),
                Step::Delete(at) => drop(texts.delete(key(at))?),
                Step::Update(at) => drop(texts.update(key(at), |old| old.map(|old| format!("{}+", &old[..1])))?),
                Step::Sweep(limit) => drop(texts.sweep_expired(limit)?),
                Step::Wait(time) => {
                    now += time;
                    hand.set(now);
                }
            }
        }
        while texts.sweep_expired(100)? > 0 {}
        let page = texts.changes_since(at, usize::MAX)?;
        replay(&mut map, &page.events);
        at = page.next;
        assert_eq!(map, records(&texts)?);
    }
    Ok(())
}

#[test]
fn a_moved_record_is_deleted_and_put_with_its_token() -> Result<()> {
    let env = Env::temporary()?;
    let paths: Records<mapleaf::Path, u32> = RecordsOptions::new().change_log(ALL).open(&env, "paths")?;
    let path = mapleaf::Path::parse;
    let written = paths.put(&path("/a/b")?, 1)?;
    assert_eq!(paths.move_prefix([(path("/a")?, path("/c")?)])?, 1);
    assert_eq!(paths.drop_prefix(&path("/c")?)?, 1);
    let events = paths.changes_since(Revision::START, 10)?.events;
    let short: Vec<_> = events.iter().map(|event| (event.kind, event.key.to_string())).collect();
    let wanted =
        [(EventKind::Put, "/a/b"), (EventKind::Put, "/c/b"), (EventKind::Delete, "/a/b"), (EventKind::Delete, "/c/b")];
    assert_eq!(short, wanted.map(|(kind, key)| (kind, key.to_owned())));
    assert_eq!(events[1].current.as_ref().map(|entry| &entry.meta), Some(&written));
    Ok(())
}

#[test]
fn a_feed_goes_on_after_a_restart() -> Result<()> {
    let dir = tempfile::tempdir().map_err(Error::other)?;
    let open = || Env::options().durability(Durability::Process).open(dir.path());
    let env = open()?;
    let (texts, _) = logged(&env, ALL)?;
    let start = texts.revision()?;
    texts.put("a", "1")?;
    drop((texts, env));
    let env = open()?;
    // Opened without the option.
    let (texts, _) = texts_of(&env)?;
    texts.put("b", "2")?;
    let events: Vec<_> = texts.changes_since(start, 10)?.events.iter().map(short).collect();
    assert_eq!(events, [put("a", None, "1"), put("b", None, "2")]);
    let mut watch = texts.watch("")?.since(start);
    assert_eq!(short_of(watch.recv()?).1, "a");
    env.close()?;
    assert_eq!(watch.by_ref().find_map(Result::err).map(|error| error.kind()), Some(ErrorKind::Closed));
    assert!(watch.next().is_none());
    Ok(())
}

fn texts_of(env: &Env) -> Result<(Texts<Env>, std::sync::Arc<Hand>)> {
    texts(env)
}

#[test]
fn what_a_transaction_undoes_is_not_in_the_feed() -> Result<()> {
    let env = Env::temporary()?;
    let (texts, _) = logged(&env, ALL)?;
    let numbers: Records<u64, u64> = RecordsOptions::new().change_log(ALL).open(&env, "numbers")?;
    let undone = env.transact(|txn| {
        texts.in_txn(txn).put("a", "1")?;
        Err::<(), _>(Error::other("undone"))
    });
    assert!(undone.is_err());
    env.transact(|txn| {
        texts.in_txn(txn).put("b", "2")?;
        numbers.in_txn(txn).put(1, 1)?;
        let undone = txn.savepoint(|txn| {
            texts.in_txn(txn).put("b", "3")?;
            Err::<(), _>(Error::other("undone"))
        });
        assert!(undone.is_err());
        numbers.in_txn(txn).put(2, 2)?;
        texts.in_txn(txn).delete("b").map(drop)
    })?;
    assert_eq!(shorts(&texts)?, [put("b", None, "2"), gone(EventKind::Delete, "b", "2")]);
    let of_numbers = numbers.changes_since(Revision::START, 10)?.events;
    assert_eq!(of_numbers.iter().map(|event| event.key).collect::<Vec<_>>(), [1, 2]);
    let commits = all(&texts)?.iter().map(|event| event.revision.commit()).collect::<Vec<_>>();
    assert!(of_numbers.iter().all(|event| event.revision.commit() == commits[0]));
    Ok(())
}

#[test]
fn a_log_that_began_elsewhere_is_named_in_a_transaction() -> Result<()> {
    let env = Env::temporary()?;
    let (before, _) = texts(&env)?;
    let (_, _) = logged(&env, ALL)?;
    let refused = env.transact(|txn| before.in_txn(txn).put("a", "1").map(drop));
    assert_eq!(kind(refused), Some(ErrorKind::Conflict));
    before.put("a", "1")?;
    env.transact(|txn| before.in_txn(txn).put("a", "2").map(drop))?;
    assert_eq!(shorts(&before)?.len(), 2);
    Ok(())
}
