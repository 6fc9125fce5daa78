//! What cannot be done fails with its kind, and nothing is written.

use std::time::Duration;

use mapleaf::store::{Backend, Expect, Memory, PutOptions, Records, Token, Ttl, read_record};
use mapleaf::{Env, ErrorKind, Result};

use crate::message_backend::MessageBackend;
use crate::records_support::{Rows, Texts, kind, laws, living, rows, rows_of, texts};

laws! {
    keys_that_cannot_be_stored
    keys_that_are_too_long_to_expire
    lifetimes_that_mean_nothing
    tokens_that_are_none
    names_of_stores
    other_types_than_those_it_was_created_with
    a_row_of_a_newer_version_or_with_a_flipped_bit
    a_version_that_cannot_be_raised
    values_that_are_not_of_the_type
    damaged_rows_of_the_index_and_the_clock
}

fn keys_that_cannot_be_stored<B: Backend>(backend: &B) -> Result<()> {
    let texts: Records<String, &str, B> = Records::open(backend, "texts")?;
    let before = rows_of(backend, "texts", ("str", "str"))?;
    let longest = backend.capabilities().max_key_len;
    for (key, wanted) in [(String::new(), ErrorKind::InvalidKey), ("k".repeat(longest + 1), ErrorKind::TooLarge)] {
        let (key, wanted) = (&*key, Some(wanted));
        assert_eq!(kind(texts.put(key, "x")), wanted);
        assert_eq!(kind(texts.put_with(key, "x", PutOptions::new().expect(Expect::Absent))), wanted);
        assert_eq!(kind(texts.replace(key, "x")), wanted);
        assert_eq!(kind(texts.update(key, |_| unreachable!("the key is bad"))), wanted);
        assert_eq!(kind(texts.get_or_put(key, || unreachable!("the key is bad"))), wanted);
        assert_eq!(kind(texts.put_each([(key.to_owned(), "x", PutOptions::new())])), wanted);
        // Reads and deletions take it as absent.
        assert!(texts.get(key)?.is_none() && !texts.has(key)? && texts.entry(key)?.is_none());
        assert!(texts.meta(key)?.is_none() && !texts.delete(key)? && texts.take(key)?.is_none());
        assert!(texts.touch(key, Duration::from_secs(1))?.is_none() && texts.persist(key)?.is_none());
        assert_eq!(kind(texts.require(key)), Some(ErrorKind::NotFound));
        assert_eq!(kind(texts.delete_if(key, Expect::Present)), Some(ErrorKind::Conflict));
        assert_eq!(texts.get_many([key.to_owned()])?, [None]);
    }
    assert_eq!(rows_of(backend, "texts", ("str", "str"))?, before);
    let floats: Records<f64, u32, B> = Records::open(backend, "floats")?;
    assert_eq!(kind(floats.get(f64::NAN)), Some(ErrorKind::InvalidKey));
    assert_eq!(kind(floats.put(f64::NAN, 1)), Some(ErrorKind::InvalidKey));
    assert_eq!(kind(floats.delete(f64::NAN)), Some(ErrorKind::InvalidKey));
    Ok(())
}

fn keys_that_are_too_long_to_expire<B: Backend>(backend: &B) -> Result<()> {
    let texts: Records<String, &str, B> = Records::open(backend, "texts")?;
    let longest = backend.capabilities().max_key_len;
    let (fits, too_long) = ("k".repeat(longest - 8), "k".repeat(longest - 7));
    texts.put(&too_long, "for ever")?;
    let before = rows_of(backend, "texts", ("str", "str"))?;
    let error = texts.put_with(&too_long, "x", living(500)).expect_err("it must be refused");
    // The key is that of the record, not that of the index.
    assert_eq!((error.kind(), error.key()), (ErrorKind::TooLarge, Some(too_long.as_bytes())));
    assert_eq!(kind(texts.touch(&too_long, Duration::from_secs(1))), Some(ErrorKind::TooLarge));
    assert_eq!(rows_of(backend, "texts", ("str", "str"))?, before);
    assert!(texts.put_with(&fits, "x", PutOptions::new().ttl(Duration::from_secs(500)))?.expires.is_some());
    assert_eq!(texts.len()?, 2);
    Ok(())
}

fn lifetimes_that_mean_nothing<B: Backend>(backend: &B) -> Result<()> {
    let (texts, _) = texts(backend)?;
    texts.put("a", "one")?;
    let before = rows(&texts, backend)?;
    let refused = Some(ErrorKind::InvalidArgument);
    assert_eq!(kind(texts.put_with("a", "x", living(0))), refused);
    assert_eq!(kind(texts.touch("a", Duration::ZERO)), refused);
    for seconds in [-1.0, -0.1, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300, f64::MAX] {
        assert_eq!(kind(Ttl::from_secs_f64(seconds)), refused, "{seconds}");
    }
    assert_eq!(rows(&texts, backend)?, before);
    for (seconds, ttl) in [(0.0, Ttl::Clear), (-0.0, Ttl::Clear), (0.25, Ttl::After(Duration::from_millis(250)))] {
        assert_eq!(Ttl::from_secs_f64(seconds)?, ttl);
    }
    // What is shorter than the clock's unit is no time.
    assert_eq!(kind(texts.put_with("a", "x", PutOptions::new().ttl(Ttl::from_secs_f64(1e-12)?))), refused);
    Ok(())
}

fn tokens_that_are_none<B: Backend>(backend: &B) -> Result<()> {
    let (texts, _) = texts(backend)?;
    let token = texts.put("a", "one")?.token.to_string();
    let upper = token.to_uppercase();
    for text in
        ["", "0", "1", "-1", "1.5", &"0".repeat(40), &token[1..], &format!("{token}0"), &format!(" {}", &token[1..])]
    {
        assert_eq!(kind(text.parse::<Token>()), Some(ErrorKind::InvalidArgument), "{text}");
    }
    if upper != token {
        assert_eq!(kind(upper.parse::<Token>()), Some(ErrorKind::InvalidArgument));
    }
    assert_eq!(texts.put_with("a", "two", PutOptions::new().expect(Expect::Token(token.parse()?)))?.version, 2);
    Ok(())
}

fn names_of_stores<B: Backend>(backend: &B) -> Result<()> {
    let open = |name: &str| Records::<u32, u32, B>::open(backend, name);
    for name in ["", "a\0b", "__a", "__store/a", &"n".repeat(240)] {
        let error = open(name).map(drop).expect_err("it must be refused");
        assert_eq!((error.kind(), error.operation()), (ErrorKind::InvalidArgument, Some("open")), "{name:?}");
    }
    // Stores whose names contain one another have nothing in common.
    for (n, name) in (0..).zip(["a", "a/records", "records", "a/b", "aa", &"n".repeat(239)]) {
        let store = open(name)?;
        assert!(store.is_empty()?);
        store.put(1, n)?;
    }
    assert_eq!((open("a")?.get(1)?, open("a/records")?.get(1)?, open("aa")?.get(1)?), (Some(0), Some(1), Some(4)));
    Ok(())
}

fn other_types_than_those_it_was_created_with<B: Backend>(backend: &B) -> Result<()> {
    let (texts, _) = texts(backend)?;
    texts.put("a", "one")?;
    assert_eq!(kind(Records::<u64, &str, B>::open(backend, "texts")), Some(ErrorKind::SchemaMismatch));
    assert_eq!(kind(Records::<&str, u64, B>::open(backend, "texts")), Some(ErrorKind::SchemaMismatch));
    assert!(Records::<String, String, B>::open(backend, "texts")?.has("a")?);
    Ok(())
}

/// Changes rows of a store behind its back.
fn change<B: Backend>(backend: &B, part: &str, (key, value): (&str, &str), rows: &Rows) -> Result<()> {
    let space = backend.open_space(&format!("__store/texts/{part}"), key, value)?;
    let put = |txn: &mut dyn mapleaf::store::BackendTxn<B::Space>| {
        rows.iter().try_for_each(|(key, value)| txn.put(&space, key[..].into(), value[..].into()))
    };
    backend.transact(put).map(drop)
}

fn change_record<B: Backend>(backend: &B, row: &[u8]) -> Result<()> {
    change(backend, "records", ("str", "record(str)"), &vec![(b"a".to_vec(), row.to_vec())])
}

fn a_row_of_a_newer_version_or_with_a_flipped_bit<B: Backend>(backend: &B) -> Result<()> {
    let (texts, _) = texts(backend)?;
    texts.put_with("a", "one", PutOptions::new().meta("meta"))?;
    let row = rows(&texts, backend)?[0][0].1.clone();
    let with = |at: usize, byte: u8| [&row[..at], &[byte], &row[at + 1..]].concat();
    let cases = [
        (with(0, 2), ErrorKind::FormatVersion),
        (with(0, 0), ErrorKind::Corrupted),
        (with(1, 9), ErrorKind::Unsupported),
        (with(2, 9), ErrorKind::Unsupported),
        (with(3, 9), ErrorKind::Unsupported),
        (with(4, 9), ErrorKind::Unsupported),
        (with(5, 2), ErrorKind::FormatVersion),
        (with(6, 1), ErrorKind::Corrupted),
        (with(8, 1), ErrorKind::Corrupted),
        (row[..63].to_vec(), ErrorKind::Corrupted),
        (row[..66].to_vec(), ErrorKind::Corrupted),
        (Vec::new(), ErrorKind::Corrupted),
    ];
    for (bad, wanted) in cases {
        change_record(backend, &bad)?;
        let (before, wanted) = (rows(&texts, backend)?, Some(wanted));
        assert_eq!(kind(read_record(&bad)), wanted);
        let kinds = [
            kind(texts.get("a")),
            kind(texts.require("a")),
            kind(texts.has("a")),
            kind(texts.get_many(["a"])),
            kind(texts.entry("a")),
            kind(texts.meta("a")),
            kind(texts.put("a", "x")),
            kind(texts.delete("a")),
            kind(texts.take("a")),
            kind(texts.update("a", |_| None)),
            kind(texts.get_or_put("a", || unreachable!("it is damaged"))),
            kind(texts.touch("a", Duration::from_secs(1))),
            kind(texts.put_each([("b", "x", PutOptions::new()), ("a", "x", PutOptions::new())])),
            kind(texts.delete_each([("a", Expect::Any)])),
        ];
        assert_eq!(kinds, [wanted; 14], "{bad:?}");
        let error = texts.get("a").expect_err("it must be refused");
        assert_eq!((error.key(), error.dbi(), error.operation()), (Some(&b"a"[..]), Some("texts"), Some("get")));
        assert_eq!(rows(&texts, backend)?, before);
    }
    // Any bit: an error, or some record.
    for bit in 0..row.len() * 8 {
        change_record(backend, &with(bit / 8, row[bit / 8] ^ (1 << (bit % 8))))?;
        let entry = texts.entry("a");
        for kind in [kind(texts.get("a")), kind(texts.meta("a")), kind(entry)].into_iter().flatten() {
            use ErrorKind::{Corrupted, Decode, FormatVersion, Unsupported};
            assert!(matches!(kind, Corrupted | Decode | FormatVersion | Unsupported), "bit {bit}: {kind:?}");
        }
    }
    Ok(())
}

fn a_version_that_cannot_be_raised<B: Backend>(backend: &B) -> Result<()> {
    let (texts, _) = texts(backend)?;
    texts.put("a", "one")?;
    let mut row = rows(&texts, backend)?[0][0].1.clone();
    row[32..40].fill(0xFF);
    change_record(backend, &row)?;
    let before = rows(&texts, backend)?;
    assert_eq!(texts.meta("a")?.map(|meta| meta.version), Some(u64::MAX));
    assert_eq!(kind(texts.put("a", "two")), Some(ErrorKind::Corrupted));
    assert_eq!(kind(texts.update("a", |_| Some("two".into()))), Some(ErrorKind::Corrupted));
    assert_eq!(rows(&texts, backend)?, before);
    assert!(texts.delete("a")?);
    assert_eq!(texts.put("a", "two")?.version, 1);
    Ok(())
}

fn values_that_are_not_of_the_type<B: Backend>(backend: &B) -> Result<()> {
    let (texts, _) = texts(backend)?;
    texts.put("a", "one")?;
    let mut row = rows(&texts, backend)?[0][0].1.clone();
    row[64] = 0xFF;
    change_record(backend, &row)?;
    let before = rows(&texts, backend)?;
    let decode = Some(ErrorKind::Decode);
    assert_eq!((kind(texts.get("a")), kind(texts.entry("a")), kind(texts.take("a"))), (decode, decode, decode));
    assert_eq!((kind(texts.replace("a", "x")), kind(texts.update("a", |_| None))), (decode, decode));
    assert_eq!(rows(&texts, backend)?, before);
    // Verbs that do not read the value still work.
    assert!(texts.has("a")? && texts.meta("a")?.is_some() && texts.touch("a", Duration::from_secs(1))?.is_some());
    assert!(texts.put("a", "two")?.version == 3 && texts.delete("a")?);
    Ok(())
}

fn damaged_rows_of_the_index_and_the_clock<B: Backend>(backend: &B) -> Result<()> {
    let (texts, hand): (Texts<B>, _) = texts(backend)?;
    texts.put_with("a", "one", living(100))?;
    texts.put("b", "one")?;
    // A row that no record has: it is removed and no record with it.
    let stray = [&1_000_u64.to_be_bytes()[..], b"b"].concat();
    change(backend, "expiry", ("bytes", "()"), &vec![(stray, Vec::new())])?;
    assert_eq!(texts.sweep_expired(10)?, 0);
    assert_eq!((rows(&texts, backend)?[1].len(), texts.has("b")?), (1, true));
    change(backend, "expiry", ("bytes", "()"), &vec![(vec![0, 0, 0], Vec::new())])?;
    hand.set(1_100);
    assert_eq!(kind(texts.sweep_expired(10)), Some(ErrorKind::Corrupted));
    assert_eq!(kind(texts.count("a"..)), Some(ErrorKind::Corrupted));
    change(backend, "meta", ("str", "bytes"), &vec![(b"clock".to_vec(), vec![1, 2, 3])])?;
    assert_eq!(kind(texts.put("b", "two")), Some(ErrorKind::Corrupted));
    assert_eq!(kind(texts.len()), Some(ErrorKind::Corrupted));
    assert_eq!(texts.get("b")?.as_deref(), Some("one"));
    Ok(())
}

#[test]
fn an_engine_that_is_closed() -> Result<()> {
    let (memory, messages) = (Memory::new()?, MessageBackend::new()?);
    let closed = Some(ErrorKind::Closed);
    let (first, _) = texts(&memory)?;
    memory.close()?;
    assert_eq!((kind(first.get("a")), kind(first.put("a", "x")), kind(first.delete("a"))), (closed, closed, closed));
    let (second, _) = texts(&messages)?;
    messages.close()?;
    assert_eq!((kind(second.get("a")), kind(second.put("a", "x")), kind(second.delete("a"))), (closed, closed, closed));
    Ok(())
}

#[test]
fn an_environment_that_is_read_only_or_closed() -> Result<()> {
    let dir = tempfile::tempdir().map_err(mapleaf::Error::other)?;
    let env = Env::open(dir.path())?;
    let notes: Records<&str, &str> = env.records("notes")?;
    notes.put("a", "one")?;
    env.close()?;
    let closed = Some(ErrorKind::Closed);
    assert_eq!((kind(notes.get("a")), kind(notes.put("a", "x")), kind(notes.delete("a"))), (closed, closed, closed));
    assert_eq!((kind(notes.len()), kind(notes.sweep_expired(1))), (closed, closed));
    drop((notes, env));
    let env = Env::options().read_only(true).open(dir.path())?;
    assert_eq!(kind(env.records::<&str, &str>("other")), Some(ErrorKind::ReadOnly));
    let notes: Records<&str, &str> = env.records("notes")?;
    assert_eq!(notes.get("a")?.as_deref(), Some("one"));
    let read_only = Some(ErrorKind::ReadOnly);
    assert_eq!((kind(notes.put("a", "x")), kind(notes.delete("a"))), (read_only, read_only));
    assert_eq!(kind(notes.update("a", |_| None)), read_only);
    assert_eq!(kind(notes.get_or_put("b", || "x".into())), read_only);
    assert_eq!(notes.sweep_expired(10)?, 0);
    assert!(notes.info().capabilities.read_only);
    Ok(())
}
