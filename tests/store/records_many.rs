//! Many records at once: those whose condition holds, or all or none.

use mapleaf::store::{Backend, Expect, PutOptions, RecordConflict, RecordConflicts, Records};
use mapleaf::{ErrorKind, Result};

use crate::records_support::{assert_indexed, expecting, kind, laws, living, rows, texts};

laws! {
    put_each_puts_the_rest_and_returns_what_it_skipped
    delete_each_deletes_the_rest_and_returns_what_it_skipped
    nothing_to_do_commits_nothing
    a_batch_commits_all
    a_batch_lists_all_conflicts_and_writes_nothing
    a_check_writes_nothing
    a_key_that_occurs_twice_beside_a_condition_is_refused
    without_conditions_the_last_of_a_key_wins
    a_bad_record_among_many_writes_none
    many_are_read_from_one_state_in_the_given_order
    every_change_of_a_commit_has_a_token_of_its_own
    a_batch_belongs_to_its_store
}

fn skipped(conflicts: &[RecordConflict]) -> Vec<(usize, String, bool)> {
    let of = |conflict: &RecordConflict| {
        (conflict.index, conflict.key_as::<&str>().expect("a text"), conflict.actual.is_some())
    };
    conflicts.iter().map(of).collect()
}

fn put_each_puts_the_rest_and_returns_what_it_skipped<B: Backend>(backend: &B) -> Result<()> {
    let (texts, _) = texts(backend)?;
    let old = texts.put("a", "one")?;
    let new = texts.put("a", "two")?;
    texts.put("b", "one")?;
    let conflicts = texts.put_each([
        ("a", "x", expecting(Expect::Token(old.token))),
        ("b", "x", expecting(Expect::Absent)),
        ("c", "x", expecting(Expect::Absent)),
        ("d", "x", expecting(Expect::Present)),
        ("e", "x", PutOptions::new()),
    ])?;
    assert_eq!(skipped(&conflicts), [(0, "a".into(), true), (1, "b".into(), true), (3, "d".into(), false)]);
    assert_eq!(conflicts[0].actual, Some(new.token));
    let values = texts.get_many(["a", "b", "c", "d", "e"])?;
    let texts_of = |texts: [Option<&str>; 5]| texts.map(|text| text.map(str::to_owned));
    assert_eq!(values, texts_of([Some("two"), Some("one"), Some("x"), None, Some("x")]));
    assert_eq!(texts.put_each([("a", "x", expecting(Expect::Token(new.token)))])?, []);
    Ok(())
}

fn delete_each_deletes_the_rest_and_returns_what_it_skipped<B: Backend>(backend: &B) -> Result<()> {
    let (texts, _) = texts(backend)?;
    let old = texts.put("a", "one")?;
    texts.put("a", "two")?;
    let b = texts.put_with("b", "one", living(500))?;
    texts.put("c", "one")?;
    let conflicts = texts.delete_each([
        ("a", Expect::Token(old.token)),
        ("b", Expect::Token(b.token)),
        ("c", Expect::Absent),
        ("d", Expect::Present),
        ("e", Expect::Any),
    ])?;
    assert_eq!(skipped(&conflicts), [(0, "a".into(), true), (2, "c".into(), true), (3, "d".into(), false)]);
    assert_eq!((texts.len()?, texts.has("b")?), (2, false));
    assert_indexed(&rows(&texts, backend)?);
    Ok(())
}

fn nothing_to_do_commits_nothing<B: Backend>(backend: &B) -> Result<()> {
    let (texts, _) = texts(backend)?;
    let before = rows(&texts, backend)?;
    assert_eq!(texts.put_each(Vec::<(&str, &str, PutOptions)>::new())?, []);
    assert_eq!(texts.delete_each([("a", Expect::Any); 0])?, []);
    assert_eq!(texts.commit(texts.batch())?, []);
    assert_eq!(texts.get_many(["a"; 0])?, [] as [Option<String>; 0]);
    assert_eq!(rows(&texts, backend)?, before);
    Ok(())
}

fn a_batch_commits_all<B: Backend>(backend: &B) -> Result<()> {
    let (texts, _) = texts(backend)?;
    let a = texts.put("a", "one")?;
    let b = texts.put("b", "one")?;
    let mut batch = texts.batch();
    batch.put_with("a", "two", expecting(Expect::Token(a.token)))?;
    batch.delete_if("b", Expect::Token(b.token))?.check("c", Expect::Absent)?;
    batch.put_with("d", "new", living(100).meta("m"))?.delete("e")?;
    assert_eq!(batch.len(), 5);
    let made = texts.commit(batch)?;
    assert_eq!(made.iter().map(|meta| meta.version).collect::<Vec<_>>(), [2, 1]);
    assert_eq!([texts.meta("a")?, texts.meta("d")?], [Some(made[0].clone()), Some(made[1].clone())]);
    assert_eq!(texts.get_many(["a", "b", "d"])?, [Some("two".into()), None, Some("new".into())]);
    assert_indexed(&rows(&texts, backend)?);
    Ok(())
}

fn a_batch_lists_all_conflicts_and_writes_nothing<B: Backend>(backend: &B) -> Result<()> {
    let (texts, hand) = texts(backend)?;
    let old = texts.put("a", "one")?;
    let new = texts.put("a", "two")?;
    texts.put_with("b", "one", living(500))?;
    let before = rows(&texts, backend)?;
    hand.set(1_100);
    let mut batch = texts.batch();
    batch.put("new", "x")?.put_with("a", "x", expecting(Expect::Token(old.token)))?;
    batch.put_with("b", "x", living(9).expect(Expect::Absent))?.check("c", Expect::Present)?;
    batch.delete_if("d", Expect::Token(new.token))?.put_with("e", "x", living(9).expect(Expect::Absent))?;
    let error = texts.commit(batch).expect_err("it must be refused");
    assert_eq!((error.kind(), error.is_retryable(), error.operation()), (ErrorKind::Conflict, true, Some("commit")));
    let conflicts = error.downcast::<RecordConflicts>().expect("its cause");
    let wanted = [(1, "a", true), (2, "b", true), (3, "c", false), (4, "d", false)];
    assert_eq!(skipped(&conflicts), wanted.map(|(index, key, is_there)| (index, key.to_owned(), is_there)));
    assert_eq!(conflicts[0].actual, Some(new.token));
    assert_eq!(rows(&texts, backend)?, before);
    Ok(())
}

fn a_check_writes_nothing<B: Backend>(backend: &B) -> Result<()> {
    let (texts, hand) = texts(backend)?;
    texts.put("a", "one")?;
    let before = rows(&texts, backend)?;
    hand.set(2_000);
    let mut batch = texts.batch();
    batch.check("a", Expect::Present)?.check("b", Expect::Absent)?;
    assert_eq!(texts.commit(batch)?, []);
    assert_eq!(rows(&texts, backend)?, before);
    Ok(())
}

fn a_key_that_occurs_twice_beside_a_condition_is_refused<B: Backend>(backend: &B) -> Result<()> {
    let (texts, _) = texts(backend)?;
    let before = rows(&texts, backend)?;
    let twice = [("a", "x", PutOptions::new()), ("b", "x", expecting(Expect::Absent)), ("a", "y", PutOptions::new())];
    let error = texts.put_each(twice).expect_err("it must be refused");
    assert_eq!((error.kind(), error.key()), (ErrorKind::InvalidArgument, Some(&b"a"[..])));
    assert_eq!(kind(texts.delete_each([("a", Expect::Any), ("a", Expect::Absent)])), Some(ErrorKind::InvalidArgument));
    let mut batch = texts.batch();
    batch.put("a", "x")?.check("a", Expect::Any)?;
    assert_eq!(kind(texts.commit(batch)), Some(ErrorKind::InvalidArgument));
    assert_eq!(rows(&texts, backend)?, before);
    Ok(())
}

fn without_conditions_the_last_of_a_key_wins<B: Backend>(backend: &B) -> Result<()> {
    let (texts, _) = texts(backend)?;
    let options = PutOptions::new;
    assert_eq!(texts.put_each([("a", "x", living(5)), ("b", "y", options()), ("a", "z", options())])?, []);
    assert_eq!(texts.get_many(["a", "b"])?, [Some("z".into()), Some("y".into())]);
    assert_eq!(texts.meta("a")?.map(|meta| (meta.version, meta.expires)), Some((2, None)));
    assert_eq!(texts.delete_each([("a", Expect::Any), ("a", Expect::Any)])?, []);
    let mut batch = texts.batch();
    batch.put("a", "x")?.put("a", "y")?.delete("a")?.put("a", "z")?.delete("b")?.put("b", "w")?;
    assert_eq!(texts.commit(batch)?.len(), 4);
    assert_eq!(texts.get_many(["a", "b"])?, [Some("z".into()), Some("w".into())]);
    assert_indexed(&rows(&texts, backend)?);
    Ok(())
}

fn a_bad_record_among_many_writes_none<B: Backend>(backend: &B) -> Result<()> {
    let (texts, _) = texts(backend)?;
    let before = rows(&texts, backend)?;
    let options = PutOptions::new;
    assert_eq!(kind(texts.put_each([("a", "x", options()), ("", "x", options())])), Some(ErrorKind::InvalidKey));
    let long = "k".repeat(2_000);
    let records = [("a", "x", options()), (&long, "x", options())];
    let long_keys: Records<String, &str, B> = Records::open(backend, "texts")?;
    let records = records.map(|(key, value, options)| (key.to_owned(), value, options));
    assert_eq!(kind(long_keys.put_each(records)), Some(ErrorKind::TooLarge));
    assert_eq!(kind(texts.put_each([("a", "x", options()), ("b", "x", living(0))])), Some(ErrorKind::InvalidArgument));
    let mut batch = texts.batch();
    assert_eq!(kind(batch.put("", "x")), Some(ErrorKind::InvalidKey));
    assert_eq!(kind(batch.put_with("a", "x", living(0))), Some(ErrorKind::InvalidArgument));
    assert!(batch.is_empty());
    // A key that cannot be stored is absent.
    batch.delete("")?.check("", Expect::Absent)?;
    assert_eq!(texts.commit(batch)?, []);
    let conflicts = texts.delete_each([("", Expect::Present), ("", Expect::Any)])?;
    assert_eq!((conflicts.len(), conflicts[0].index, &*conflicts[0].key), (1, 0, &b""[..]));
    assert_eq!(rows(&texts, backend)?, before);
    Ok(())
}

fn many_are_read_from_one_state_in_the_given_order<B: Backend>(backend: &B) -> Result<()> {
    let (texts, _) = texts(backend)?;
    texts.put("a", "one")?;
    texts.put("b", "two")?;
    let values = texts.get_many(["b", "c", "a", "b", ""])?;
    let wanted = [Some("two"), None, Some("one"), Some("two"), None];
    assert_eq!(values, wanted.map(|text| text.map(str::to_owned)));
    Ok(())
}

fn every_change_of_a_commit_has_a_token_of_its_own<B: Backend>(backend: &B) -> Result<()> {
    let (texts, _) = texts(backend)?;
    let keys = ["a", "b", "c", "d"];
    texts.put_each(keys.map(|key| (key, "x", PutOptions::new())))?;
    let mut tokens = Vec::new();
    for key in keys {
        tokens.extend(texts.meta(key)?.map(|meta| meta.token));
    }
    assert!(tokens.len() == 4 && tokens.is_sorted_by(|one, two| one < two), "{tokens:?}");
    Ok(())
}

fn a_batch_belongs_to_its_store<B: Backend>(backend: &B) -> Result<()> {
    let (texts, _) = texts(backend)?;
    let other: Records<&'static str, &'static str, B> = Records::open(backend, "other")?;
    let mut batch = other.batch();
    batch.put("a", "x")?;
    assert_eq!(kind(texts.commit(batch)), Some(ErrorKind::InvalidArgument));
    let mut batch = texts.clone().batch();
    batch.put("a", "x")?;
    assert_eq!(texts.commit(batch)?.len(), 1);
    Ok(())
}
