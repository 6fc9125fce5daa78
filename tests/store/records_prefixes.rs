//! Paths: queries of subtrees, moves and deletions of whole subtrees.
// What a path decodes lazily is no part of its order.
#![allow(clippy::mutable_key_type)]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::thread;

use mapleaf::store::{Backend, Expect, Meta, PutOptions, Query, RecordConflicts, Records, RecordsOptions, Ttl};
use mapleaf::{ErrorKind, Path, Result};

use crate::records_support::{Hand, assert_indexed, kind, laws, rows_of};

laws! {
    a_query_is_what_a_sorted_map_gives
    a_query_without_values_has_tokens
    a_query_keeps_its_state_and_outlives_the_handle
    threads_that_share_a_query_lose_and_repeat_nothing
    a_move_keeps_all_but_the_keys
    a_place_that_is_taken_undoes_all_moves
    paths_of_a_move_that_overlap_are_refused
    expired_records_do_not_move_and_do_not_stand_in_the_way
    a_drop_spares_what_is_beside_it_and_can_be_repeated
}

type Notes<B> = Records<Path, &'static str, B>;

fn notes<B: Backend>(backend: &B) -> Result<(Notes<B>, Arc<Hand>)> {
    let hand = Hand::at(1_000);
    Ok((RecordsOptions::new().clock(hand.clone()).open(backend, "notes")?, hand))
}

fn path(text: &str) -> Path {
    Path::parse(text).expect("a path")
}

const KEYS: [&str; 9] = ["/a", "/a/b", "/a/b/c", "/a/b/d", "/a/x", "/a-b", "/ab", "/b", "/a/z/y/x"];

fn fill<B: Backend>(store: &Notes<B>) -> Result<BTreeMap<Path, Meta>> {
    KEYS.iter().map(|key| Ok((path(key), store.put(&path(key), key)?))).collect()
}

fn state<B: Backend>(store: &Notes<B>) -> Result<Vec<(Path, Meta)>> {
    store
        .query(&Query::subtree(&Path::from(Vec::new())))?
        .map(|entry| entry.map(|entry| (entry.key, entry.meta)))
        .collect()
}

fn a_query_is_what_a_sorted_map_gives<B: Backend>(backend: &B) -> Result<()> {
    let (store, hand) = notes(backend)?;
    let mut model = fill(&store)?;
    for n in 0..150 {
        let key = path(&format!("/many/{n:03}/below"));
        model.insert(key.clone(), store.put(&key, "text")?);
    }
    store.put_with(&path("/a/gone"), "old", PutOptions::new().ttl(std::time::Duration::from_nanos(5)))?;
    store.put(&path("/many/007"), "text").map(|meta| model.insert(path("/many/007"), meta))?;
    hand.set(2_000);
    for top in
        ["/a", "/a/b", "/ab", "/many", "/none", "/many/007"].map(path).into_iter().chain([Path::from(Vec::new())])
    {
        for (offset, limit) in [(0, u64::MAX), (1, 2), (3, 100), (0, 64), (65, 65), (500, 1), (0, 0)] {
            for (is_children, is_reverse) in [(false, false), (false, true), (true, false), (true, true)] {
                let is_in = |key: &Path| {
                    let is_below = key.len() > top.len() && key.segments()[..top.len()] == *top.segments();
                    if is_children { is_below && key.len() == top.len() + 1 } else { is_below || *key == top }
                };
                let mut wanted: Vec<Path> = model.keys().filter(|key| is_in(key)).cloned().collect();
                wanted.sort();
                if is_reverse {
                    wanted.reverse();
                }
                let wanted: Vec<Path> =
                    wanted.into_iter().skip(offset).take(usize::try_from(limit).unwrap_or(usize::MAX)).collect();
                let query = if is_children { Query::children(&top) } else { Query::subtree(&top) };
                let query = query.reverse(is_reverse).offset(offset as u64).limit(limit);
                let got: Vec<Path> = store.query(&query)?.map(|entry| Ok(entry?.key)).collect::<Result<_>>()?;
                assert_eq!(got, wanted, "{query:?}");
            }
        }
    }
    Ok(())
}

fn a_query_without_values_has_tokens<B: Backend>(backend: &B) -> Result<()> {
    let (store, _) = notes(backend)?;
    let model = fill(&store)?;
    for entry in store.query(&Query::subtree(&path("/a")).values(false))? {
        let entry = entry?;
        assert_eq!((entry.value, Some(&entry.meta)), (None, model.get(&entry.key)));
    }
    let entry = store.query(&Query::subtree(&path("/b")))?.next().expect("it is there")?;
    assert_eq!((entry.value.as_deref(), Some(&entry.meta)), (Some("/b"), model.get(&path("/b"))));
    Ok(())
}

fn a_query_keeps_its_state_and_outlives_the_handle<B: Backend>(backend: &B) -> Result<()> {
    let (store, hand) = notes(backend)?;
    for n in 0..200 {
        store.put_with(
            &path(&format!("/a/{n:03}")),
            "old",
            PutOptions::new().ttl(std::time::Duration::from_nanos(50)),
        )?;
    }
    let mut query = store.query(&Query::subtree(&path("/a")))?;
    assert!(query.next().is_some());
    // It is dropped in the middle, and fresh.
    let mut half = store.query(&Query::subtree(&path("/a")))?;
    half.next();
    drop((half, store.query(&Query::subtree(&path("/a")))?));
    assert_eq!(store.drop_prefix(&path("/a"))?, 200);
    store.put(&path("/a/050"), "new")?;
    hand.set(2_000);
    drop(store);
    let rest: Vec<_> = query.by_ref().collect::<Result<_>>()?;
    assert!(rest.len() == 199 && rest.iter().all(|entry| entry.value.as_deref() == Some("old")));
    assert!(query.next().is_none() && query.next().is_none());
    Ok(())
}

fn threads_that_share_a_query_lose_and_repeat_nothing<B: Backend>(backend: &B) -> Result<()> {
    let (store, _) = notes(backend)?;
    for n in 0..300 {
        store.put(&path(&format!("/a/{n:03}")), "text")?;
    }
    let query = Mutex::new(store.query(&Query::subtree(&path("/a")))?);
    let next = || query.lock().expect("no thread panics").next();
    let take = || std::iter::from_fn(next).map(|entry| Ok(entry?.key)).collect::<Result<Vec<Path>>>();
    let mut all = Vec::new();
    thread::scope(|scope| -> Result<()> {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(take)).collect();
        for thread in threads {
            all.extend(thread.join().expect("no panic")?);
        }
        Ok(())
    })?;
    all.sort();
    assert_eq!(all, (0..300).map(|n| path(&format!("/a/{n:03}"))).collect::<Vec<_>>());
    Ok(())
}

fn a_move_keeps_all_but_the_keys<B: Backend>(backend: &B) -> Result<()> {
    let (store, hand) = notes(backend)?;
    fill(&store)?;
    let options = PutOptions::new().meta("user").ttl(std::time::Duration::from_micros(9));
    store.put_with(&path("/a/b"), "text", options)?;
    store.touch(&path("/a/b"), std::time::Duration::from_micros(8))?;
    let before = state(&store)?;
    hand.set(2_000);
    assert_eq!(store.move_prefix([(path("/a"), path("/moved/to/a")), (path("/b"), path("/bb"))])?, 7);
    let mut wanted: Vec<(Path, Meta)> = before
        .into_iter()
        .map(|(key, meta)| {
            let text = key.to_string();
            let key = match text.as_str() {
                "/b" => path("/bb"),
                text if text == "/a" || text.starts_with("/a/") => path(&format!("/moved/to{text}")),
                _ => key,
            };
            (key, meta)
        })
        .collect();
    wanted.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(state(&store)?, wanted);
    assert_eq!(store.get(&path("/moved/to/a/b/c"))?.as_deref(), Some("/a/b/c"));
    assert_indexed(&rows_of(backend, "notes", ("path", "str"))?);
    // The token still names the record.
    let token = store.meta(&path("/bb"))?.expect("it was moved").token;
    store.put_with(&path("/bb"), "next", PutOptions::new().expect(Expect::Token(token)).ttl(Ttl::Keep))?;
    // Nothing to move, no pairs.
    assert_eq!((store.move_prefix([(path("/a"), path("/c"))])?, store.move_prefix([])?), (0, 0));
    Ok(())
}

fn a_place_that_is_taken_undoes_all_moves<B: Backend>(backend: &B) -> Result<()> {
    let (store, _) = notes(backend)?;
    fill(&store)?;
    let one = store.put(&path("/t/b/c"), "text")?;
    let two = store.put(&path("/t/x"), "text")?;
    let before = rows_of(backend, "notes", ("path", "str"))?;
    let error = store.move_prefix([(path("/b"), path("/c")), (path("/a"), path("/t"))]).expect_err("a place is taken");
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Conflict, Some("move_prefix")));
    let conflicts = error.downcast::<RecordConflicts>().expect("its cause");
    let places: Vec<_> = conflicts.iter().map(|c| (c.index, c.key_as::<Path>().ok(), c.actual)).collect();
    assert_eq!(places, [(1, Some(path("/t/b/c")), Some(one.token)), (1, Some(path("/t/x")), Some(two.token)),]);
    assert_eq!(rows_of(backend, "notes", ("path", "str"))?, before);
    Ok(())
}

fn paths_of_a_move_that_overlap_are_refused<B: Backend>(backend: &B) -> Result<()> {
    let (store, _) = notes(backend)?;
    fill(&store)?;
    let before = rows_of(backend, "notes", ("path", "str"))?;
    for pairs in [
        vec![("/a", "/a")],
        vec![("/a", "/a/q")],
        vec![("/a/b", "/a")],
        vec![("/a", "/c"), ("/c", "/d")],
        vec![("/a", "/c"), ("/b", "/c/d")],
        vec![("/a", "/c"), ("/a/b", "/d")],
        vec![("/b", "/c"), ("/ab", "/c")],
    ] {
        let pairs = pairs.into_iter().map(|(from, to)| (path(from), path(to)));
        assert_eq!(kind(store.move_prefix(pairs)), Some(ErrorKind::InvalidArgument));
    }
    assert_eq!(kind(store.move_prefix([(Path::from(Vec::new()), path("/c"))])), Some(ErrorKind::InvalidArgument));
    assert_eq!(rows_of(backend, "notes", ("path", "str"))?, before);
    // Names that only begin alike do not overlap.
    assert_eq!(store.move_prefix([(path("/a"), path("/a-c")), (path("/ab"), path("/a-d"))])?, 7);
    Ok(())
}

fn expired_records_do_not_move_and_do_not_stand_in_the_way<B: Backend>(backend: &B) -> Result<()> {
    let (store, hand) = notes(backend)?;
    let short = || PutOptions::new().ttl(std::time::Duration::from_nanos(5));
    store.put_with(&path("/a/old"), "old", short())?;
    store.put(&path("/a/new"), "new")?;
    store.put_with(&path("/b/new"), "old", short())?;
    hand.set(2_000);
    assert_eq!(store.move_prefix([(path("/a"), path("/b"))])?, 1);
    let keys: Vec<Path> = state(&store)?.into_iter().map(|(key, _)| key).collect();
    assert_eq!(keys, [path("/b/new")]);
    assert_indexed(&rows_of(backend, "notes", ("path", "str"))?);
    assert_eq!(store.sweep_expired(10)?, 1);
    assert_eq!(store.get(&path("/b/new"))?.as_deref(), Some("new"));
    Ok(())
}

fn a_drop_spares_what_is_beside_it_and_can_be_repeated<B: Backend>(backend: &B) -> Result<()> {
    let (store, hand) = notes(backend)?;
    fill(&store)?;
    store.put_with(&path("/a/old"), "old", PutOptions::new().ttl(std::time::Duration::from_nanos(5)))?;
    hand.set(2_000);
    assert_eq!(store.drop_prefix(&path("/a"))?, 6);
    let keys: Vec<Path> = state(&store)?.into_iter().map(|(key, _)| key).collect();
    let mut wanted = ["/a-b", "/ab", "/b"].map(path);
    wanted.sort();
    assert_eq!(keys, wanted);
    let [_, expiry, _] = rows_of(backend, "notes", ("path", "str"))?;
    assert!(expiry.is_empty());
    assert_eq!(store.drop_prefix(&path("/a"))?, 0);
    let both = [path("/ab"), path("/b"), path("/b/c")];
    assert_eq!(store.drop_prefixes(&both)?, 2);
    assert_eq!(store.len()?, 1);
    Ok(())
}
