//! Records inside a transaction of an environment, and in its states.

use std::time::Duration;

use mapleaf::store::{Expect, PutOptions, RecordConflict, RecordConflicts, Records};
use mapleaf::{Dbi, Env, Error, ErrorKind, Result};

use crate::records_support::{Texts, assert_indexed, expecting, kind, living, rows, texts};

#[test]
fn records_and_plain_dbis_are_committed_together() -> Result<()> {
    let env = Env::temporary()?;
    let (texts, _) = texts(&env)?;
    let (other, plain): (Records<u32, u32>, Dbi<&str, u32>) = (env.records("other")?, env.dbi("texts")?);
    let write = |fail: bool| {
        env.transact(|txn| {
            plain.put(txn, "a", 1)?;
            let metas =
                [texts.in_txn(txn).put("a", "one")?, other.in_txn(txn).put(1, 2)?, texts.in_txn(txn).put("b", "x")?];
            if fail { Err(Error::new(ErrorKind::Other, "thought better of it")) } else { Ok(metas) }
        })
    };
    let before = rows(&texts, &env)?;
    assert!(write(true).is_err());
    assert_eq!(rows(&texts, &env)?, before);
    assert!(other.is_empty()? && plain.is_empty(&env.snapshot()?)?);
    let [a, one, b] = write(false)?;
    // Tokens are known before the commit, and no two changes share one, whatever their store.
    assert_eq!(
        [texts.meta("a")?, texts.meta("b")?, other.meta(1)?],
        [Some(a.clone()), Some(b.clone()), Some(one.clone())]
    );
    assert!(a.token < one.token && one.token < b.token);
    assert_eq!(plain.get(&env.snapshot()?, "a")?, Some(1));
    Ok(())
}

#[test]
fn a_transaction_reads_its_own_records() -> Result<()> {
    let env = Env::temporary()?;
    let (texts, hand) = texts(&env)?;
    texts.put("a", "one")?;
    env.transact(|txn| {
        let mut texts = texts.in_txn(txn);
        let first = texts.put_with("a", "two", living(100))?;
        assert_eq!((texts.get("a")?, texts.has("b")?), (Some("two"), false));
        assert_eq!(texts.state().meta("a")?.as_ref(), Some(&first));
        // A condition on what this transaction wrote.
        let second = texts.put_with("a", "three", living(100).expect(Expect::Token(first.token)))?;
        assert_eq!((second.version, second.token > first.token), (3, true));
        let error = texts.put_with("a", "x", expecting(Expect::Token(first.token))).expect_err("it must be refused");
        assert_eq!(error.downcast::<RecordConflict>().expect("its cause").actual, Some(second.token));
        assert_eq!(texts.update("a", |old| old.map(|old| old.to_owned() + "!"))?.as_deref(), Some("three!"));
        assert_eq!(texts.replace("b", "one")?, None);
        assert_eq!((texts.take("b")?.as_deref(), texts.delete("b")?), (Some("one"), false));
        assert_eq!(texts.get_or_put("c", || "one".into())?, "one");
        assert_eq!(texts.get_or_put("c", || unreachable!("it is there"))?, "one");
        assert_eq!(texts.state().get_many(["a", "b", "c"])?, [Some("three!"), None, Some("one")]);
        assert_eq!((texts.state().len()?, texts.state().count("b"..)?), (2, 1));
        assert_eq!(texts.touch("c", Duration::from_nanos(9))?.and_then(|meta| meta.expires), Some(1_009));
        assert_eq!(texts.persist("c")?.and_then(|meta| meta.expires), None);
        assert!(texts.delete_if("c", Expect::Present)?);
        Ok(())
    })?;
    assert_indexed(&rows(&texts, &env)?);
    hand.set(1_100);
    env.transact(|txn| {
        let mut texts = texts.in_txn(txn);
        assert_eq!((texts.get("a")?, texts.state().len()?), (None, 0));
        assert!(!texts.delete("a")?);
        assert_eq!((texts.sweep_expired(10)?, kind(texts.sweep_expired(0))), (1, Some(ErrorKind::InvalidArgument)));
        Ok(())
    })?;
    assert_eq!(rows(&texts, &env)?[0], []);
    Ok(())
}

#[test]
fn many_records_in_a_transaction() -> Result<()> {
    let env = Env::temporary()?;
    let (texts, _) = texts(&env)?;
    let mut batch = texts.batch();
    batch.put("a", "one")?.put_with("b", "one", expecting(Expect::Absent))?.delete("c")?;
    let mut conflicting = texts.batch();
    conflicting.put("x", "x")?.check("a", Expect::Absent)?.check("y", Expect::Present)?;
    env.transact(|txn| {
        let mut texts = texts.in_txn(txn);
        assert_eq!(texts.apply(batch)?.len(), 2);
        let error = texts.apply(conflicting).expect_err("it must be refused");
        assert_eq!(error.downcast::<RecordConflicts>().expect("its cause").len(), 2);
        let skipped = texts.put_each([("a", "x", expecting(Expect::Absent)), ("d", "x", PutOptions::new())])?;
        assert_eq!((skipped.len(), skipped[0].index), (1, 0));
        assert_eq!(texts.delete_each([("b", Expect::Any), ("e", Expect::Present)])?.len(), 1);
        Ok(())
    })?;
    let wanted = [Some("one".to_owned()), None, Some("x".to_owned()), None];
    assert_eq!(texts.get_many(["a", "b", "d", "x"])?, wanted);
    Ok(())
}

#[test]
fn a_verb_that_fails_undoes_only_itself() -> Result<()> {
    let env = Env::temporary()?;
    let (texts, hand) = texts(&env)?;
    texts.put_with("a", "one", living(500))?;
    env.transact(|txn| {
        let mut texts = texts.in_txn(txn);
        let before = texts.put("b", "one")?;
        assert_eq!(kind(texts.put("", "x")), Some(ErrorKind::InvalidKey));
        assert_eq!(kind(texts.put_with("a", "x", living(0))), Some(ErrorKind::InvalidArgument));
        let refused = texts.try_update::<Box<dyn std::error::Error>>("a", |_| Err("no".into()));
        assert_eq!(refused.map_err(|error| error.to_string()), Err("no".into()));
        assert_eq!(texts.state().meta("b")?.as_ref(), Some(&before));
        hand.set(1_100);
        // All writes of one handle have one time, also after one of them failed.
        assert!(texts.put("c", "one")?.modified >= before.modified);
        Ok(())
    })?;
    assert_eq!(texts.len()?, 3);
    assert_indexed(&rows(&texts, &env)?);
    Ok(())
}

/// A transaction that is full in the middle of a verb keeps the record and its row in the expiry index together.
#[test]
fn a_full_transaction_never_parts_a_record_from_its_deadline() -> Result<()> {
    let mut failures = 0;
    for limit in (2_000..12_000).step_by(97) {
        let env = Env::options().max_txn_bytes(limit).temporary()?;
        let (texts, _) = texts(&env)?;
        env.transact(|txn| {
            let mut texts = texts.in_txn(txn);
            for n in 0..40_u64 {
                let value = "v".repeat(200);
                // New records with deadlines, and later the same ones with other deadlines.
                let key = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m"][(n % 13) as usize];
                if let Err(error) = texts.put_with(key, &value, living(100 + n)) {
                    assert_eq!(error.kind(), ErrorKind::TooLarge);
                    failures += 1;
                }
            }
            Ok(())
        })?;
        assert_indexed(&rows(&texts, &env)?);
    }
    assert!(failures > 100, "{failures}");
    Ok(())
}

#[test]
fn savepoints_and_held_transactions_hold_records() -> Result<()> {
    let env = Env::temporary()?;
    let (texts, _) = texts(&env)?;
    let mut txn = env.begin()?;
    texts.in_txn(&mut txn).put_with("a", "one", living(100))?;
    let mut inner = txn.savepoint_guard();
    let undone = texts.in_txn(&mut inner).put_with("a", "two", living(200))?;
    drop(inner);
    let kept = texts.in_txn(&mut txn).put("b", "one")?;
    // What was undone does not give its token back.
    assert!(kept.token > undone.token);
    txn.commit()?;
    assert_eq!(texts.get_many(["a", "b"])?, [Some("one".into()), Some("one".into())]);
    assert_indexed(&rows(&texts, &env)?);
    let mut txn = env.begin()?;
    texts.in_txn(&mut txn).put("c", "one")?;
    txn.abort();
    assert!(!texts.has("c")?);
    Ok(())
}

#[test]
fn a_snapshot_keeps_its_records() -> Result<()> {
    let env = Env::temporary()?;
    let before = env.snapshot()?;
    let (texts, hand) = texts(&env)?;
    let put = texts.put_with("a", "one", living(100).meta("m"))?;
    let snap = env.snapshot()?;
    texts.put("a", "two")?;
    texts.put("b", "one")?;
    // A state older than the store has no records.
    assert_eq!((texts.at(&before).get("a")?, texts.at(&before).len()?), (None, 0));
    let state = texts.at(&snap);
    let value: Option<&str> = state.get("a")?;
    assert_eq!((value, state.require("a")?, state.has("b")?), (Some("one"), "one", false));
    assert_eq!((state.meta("a")?.as_ref(), state.len()?, state.count(..)?), (Some(&put), 1, 1));
    assert_eq!(state.entry("a")?.map(|entry| (entry.key, entry.value)), Some(("a".to_owned(), "one")));
    assert_eq!(kind(state.require("b")), Some(ErrorKind::NotFound));
    // Time passes in old states too.
    hand.set(1_100);
    assert!(
        state.is_empty()? && state.get("a")?.is_none() && state.entry("a")?.is_none() && state.meta("a")?.is_none()
    );
    assert_eq!(value, Some("one"));
    Ok(())
}

#[test]
fn a_transaction_of_another_environment_is_refused() -> Result<()> {
    let (env, other) = (Env::temporary()?, Env::temporary()?);
    let (texts, _) = texts(&env)?;
    let refused = Some(ErrorKind::InvalidArgument);
    other.transact(|txn| {
        let mut texts = texts.in_txn(txn);
        assert_eq!(
            (kind(texts.put("a", "x")), kind(texts.get("a")), kind(texts.delete("a"))),
            (refused, refused, refused)
        );
        Ok(())
    })?;
    assert_eq!(kind(texts.at(&other.snapshot()?).get("a")), refused);
    Ok(())
}

#[test]
fn a_verb_by_itself_inside_a_transaction_is_nested() -> Result<()> {
    let env = Env::temporary()?;
    let (texts, _): (Texts<Env>, _) = texts(&env)?;
    env.transact(|_| {
        assert_eq!(kind(texts.put("a", "x")), Some(ErrorKind::Nested));
        assert_eq!(kind(env.records::<u32, u32>("other")), Some(ErrorKind::Nested));
        Ok(())
    })?;
    assert!(texts.is_empty()?);
    Ok(())
}
