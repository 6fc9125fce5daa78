//! Guarded records: which action each verb needs, that it is asked for before anything is looked up, and views that only
//! read.

use std::time::Duration;

use mapleaf::store::policy::{Actor, Guard, Policy, Rule};
use mapleaf::store::{Expect, GuardedRecords, PutOptions, Records};
use mapleaf::{ErrorKind, Result};

use crate::counting::Counting;
use crate::records_support::kind;

type Guarded = GuardedRecords<&'static str, &'static str, Counting>;

const GET: &str = "store.key.get";
const SET: &str = "store.key.set";
const DELETE: &str = "store.key.delete";
const HAS: &str = "store.key.has";
const LIST: &str = "store.key.list";
const ACTIONS: [&str; 7] = ["store.get", "store.info", GET, SET, DELETE, HAS, LIST];

/// A verb on the key `a`, and the actions that it needs.
struct Verb {
    name: &'static str,
    actions: &'static [&'static str],
    call: fn(&Guarded) -> Result<()>,
}

fn ignore<T>(result: Result<T>) -> Result<()> {
    result.map(drop)
}

fn verbs() -> Vec<Verb> {
    let verb = |name, actions, call| Verb { name, actions, call };
    vec![
        verb("store", &["store.get"], |store| ignore(store.store())),
        verb("info", &["store.info"], |store| ignore(store.info())),
        verb("get", &[GET], |store| ignore(store.get("a"))),
        verb("require", &[GET], |store| ignore(store.require("a"))),
        verb("get_many", &[GET], |store| ignore(store.get_many(["a", "b"]))),
        verb("entry", &[GET], |store| ignore(store.entry("a"))),
        verb("meta", &[GET], |store| ignore(store.meta("a"))),
        verb("has", &[HAS], |store| ignore(store.has("a"))),
        verb("len", &[LIST], |store| ignore(store.len())),
        verb("is_empty", &[LIST], |store| ignore(store.is_empty())),
        verb("count", &[LIST], |store| ignore(store.count("a"..))),
        verb("list", &[LIST], |store| ignore(store.list(mapleaf::ListOptions::default().prefix("a")))),
        verb("drop_prefix", &[DELETE], |store| ignore(store.drop_prefix("b"))),
        verb("put", &[SET], |store| ignore(store.put("a", "x"))),
        verb("put_with", &[SET], |store| ignore(store.put_with("a", "x", PutOptions::new()))),
        verb("replace", &[SET, GET], |store| ignore(store.replace("a", "x"))),
        verb("update", &[SET, GET, DELETE], |store| ignore(store.update("a", |_| Some("x".into())))),
        verb("try_update", &[SET, GET, DELETE], |store| {
            ignore(store.try_update("a", |_| mapleaf::Result::Ok(Some("x".into()))))
        }),
        verb("get_or_put", &[SET, GET], |store| ignore(store.get_or_put("a", || "x".into()))),
        verb("try_get_or_put", &[SET, GET], |store| {
            ignore(store.try_get_or_put("a", || mapleaf::Result::Ok("x".into())))
        }),
        verb("delete", &[DELETE], |store| ignore(store.delete("a"))),
        verb("delete_if", &[DELETE], |store| ignore(store.delete_if("a", Expect::Any))),
        verb("take", &[DELETE, GET], |store| ignore(store.take("a"))),
        verb("touch", &[SET], |store| ignore(store.touch("a", Duration::from_secs(1)))),
        verb("persist", &[SET], |store| ignore(store.persist("a"))),
        verb("put_each", &[SET], |store| ignore(store.put_each([("a", "x", PutOptions::new())]))),
        verb("delete_each", &[DELETE], |store| ignore(store.delete_each([("a", Expect::Any)]))),
        verb("commit", &[SET, DELETE, HAS], |store| {
            let mut batch = store.batch();
            batch.put("a", "x")?.delete("b")?.check("c", Expect::Absent)?;
            ignore(store.commit(batch))
        }),
    ]
}

fn texts() -> Result<(Counting, Records<&'static str, &'static str, Counting>)> {
    let backend = Counting::new()?;
    let store = Records::open(&backend, "texts")?;
    Ok((backend, store))
}

/// All rows, which a call that is refused does not change.
fn values(store: &Records<&'static str, &'static str, Counting>) -> Result<Vec<Option<String>>> {
    store.get_many(["a", "b"])
}

#[test]
fn each_verb_needs_its_actions_and_no_other() -> Result<()> {
    for Verb { name, actions, call } in verbs() {
        let (backend, store) = texts()?;
        store.put("a", "old")?;
        let before = values(&store)?;
        // All but one: it must not be among those that the verb needs.
        for left_out in ACTIONS {
            if !actions.contains(&left_out) {
                continue;
            }
            let others = ACTIONS.into_iter().filter(|action| *action != left_out);
            let policy = Policy::new().rule(Rule::allow(others, ["texts"])?);
            let (guarded, calls) = (store.guarded(Actor::new("ann"), policy), backend.calls());
            let error = call(&guarded).expect_err(name);
            assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::PermissionDenied, false), "{name} {left_out}");
            assert_eq!((error.operation(), error.dbi()), (Some(name), Some("texts")));
            assert!(error.to_string().contains(left_out), "{error}");
            assert_eq!(backend.calls(), calls, "{name} without {left_out} reached the backend");
        }
        assert_eq!(values(&store)?, before, "{name}");
        let policy = Policy::new().rule(Rule::allow(actions, ["texts"])?);
        call(&store.guarded(Actor::new("ann"), policy))
            .map_err(|error| mapleaf::Error::other(format!("{name}: {error}")))?;
        // The same on another store.
        let policy = Policy::new().rule(Rule::allow(actions, ["text", "texts2", "*s2", "text.*"])?);
        assert_eq!(kind(call(&store.guarded(Actor::new("ann"), policy))), Some(ErrorKind::PermissionDenied), "{name}");
    }
    Ok(())
}

#[test]
fn what_is_denied_is_denied_alike_whether_the_record_is_there_or_not() -> Result<()> {
    let (backend, store) = texts()?;
    let refused = || {
        let (guarded, calls) = (store.guarded(Actor::new("ann"), Policy::new()), backend.calls());
        let errors: Vec<_> =
            verbs().iter().map(|verb| format!("{:?}", (verb.call)(&guarded).expect_err("it fails"))).collect();
        assert_eq!(backend.calls(), calls);
        errors
    };
    let absent = refused();
    store.put("a", "there")?;
    store.put("b", "there")?;
    assert_eq!(refused(), absent);
    assert_eq!(values(&store)?, [Some("there".into()), Some("there".into())]);
    Ok(())
}

#[test]
fn a_call_with_many_keys_is_refused_for_any_of_them() -> Result<()> {
    let (backend, store) = texts()?;
    store.put("b", "old")?;
    let not_b = mapleaf::store::policy::Condition::new("meta.key", mapleaf::store::policy::Operator::Eq, "b")?;
    let policy = Policy::new().rule(Rule::allow(["*"], ["*"])?).rule(Rule::deny(["*"], ["*"])?.when(not_b));
    let (guarded, calls) = (store.guarded(Actor::new("ann"), policy), backend.calls());
    let put = |key| (key, "new", PutOptions::new());
    let denied = Some(ErrorKind::PermissionDenied);
    assert_eq!(kind(guarded.get_many(["a", "b"])), denied);
    assert_eq!(kind(guarded.put_each([put("a"), put("b")])), denied);
    assert_eq!(kind(guarded.delete_each([("a", Expect::Any), ("b", Expect::Any)])), denied);
    for step in 0..3 {
        let mut batch = guarded.batch();
        batch.put("a", "new")?;
        match step {
            0 => batch.put("b", "new")?,
            1 => batch.delete("b")?,
            _ => batch.check("b", Expect::Present)?,
        };
        assert_eq!(kind(guarded.commit(batch)), denied, "{step}");
    }
    assert_eq!(backend.calls(), calls);
    assert_eq!(values(&store)?, [None, Some("old".into())]);
    guarded.put_each([put("a"), put("c")])?;
    assert_eq!(values(&store)?, [Some("new".into()), Some("old".into())]);
    Ok(())
}

#[test]
fn a_view_that_only_reads_writes_nothing() -> Result<()> {
    let (backend, store) = texts()?;
    store.put("a", "old")?;
    let all = Policy::new().rule(Rule::allow(["*"], ["*"])?);
    for view in [store.read_only(), store.guarded(Actor::new("ann"), all).read_only(), store.read_only().clone()] {
        let before = store.entry("a")?;
        for Verb { name, actions, call } in verbs() {
            let calls = backend.calls();
            let writes = name == "store" || actions.contains(&SET) || actions.contains(&DELETE);
            let expected = writes.then_some(ErrorKind::ReadOnly);
            assert_eq!(kind(call(&view)), expected, "{name}");
            assert_eq!(backend.calls() == calls, writes, "{name}");
        }
        assert_eq!(store.entry("a")?, before);
    }
    // What is not allowed is not read either.
    let nothing = store.guarded(Actor::new("ann"), Policy::new()).read_only();
    assert_eq!(kind(nothing.get("a")), Some(ErrorKind::PermissionDenied));
    Ok(())
}

#[test]
fn without_an_actor_only_a_strict_guard_refuses() -> Result<()> {
    let (backend, store) = texts()?;
    for Verb { name, call, .. } in verbs() {
        store.put("a", "old")?;
        let calls = backend.calls();
        let strict = store.guarded_by(Guard::new().scope(Policy::new()).strict(true));
        assert_eq!(kind(call(&strict)), Some(ErrorKind::PermissionDenied), "{name}");
        assert_eq!(backend.calls(), calls);
        assert_eq!(kind(call(&store.guarded_by(Guard::new().scope(Policy::new())))), None, "{name}");
    }
    Ok(())
}

#[test]
fn prefixes_and_paths_are_asked_for_as_they_are_written() -> Result<()> {
    use mapleaf::store::policy::{Condition, Operator};
    use mapleaf::store::{Query, RecordsOptions, Retain, Revision};
    use mapleaf::{ListOptions, Path};

    let backend = Counting::new()?;
    let texts: Records<&str, &str, _> = RecordsOptions::new().change_log(Retain::Count(9)).open(&backend, "texts")?;
    let paths: Records<Path, &str, _> = Records::open(&backend, "paths")?;
    let under = |prefix: &str| Condition::new("meta.prefix", Operator::Eq, prefix);
    let may = |action: &str, prefix: &str| Ok::<_, mapleaf::Error>(Rule::allow([action], ["*"])?.when(under(prefix)?));
    let ann = || Actor::new("ann");
    let (a, b, below) = (Path::parse("/a")?, Path::parse("/b")?, Path::parse("/a/c")?);
    paths.put(&a, "text")?;

    let policy =
        Policy::new().rule(may(LIST, "a:")?).rule(may(LIST, "/a")?).rule(may(DELETE, "/a")?).rule(may(SET, "/b")?);
    let (guarded, guarded_paths) = (texts.guarded(ann(), policy.clone()), paths.guarded(ann(), policy));
    assert!(guarded.list(ListOptions::default().prefix("a:"))?.items.is_empty());
    assert!(guarded.watch("a:").is_ok() && guarded_paths.query(&Query::subtree(&a)).is_ok());
    assert_eq!(guarded_paths.move_prefix([(a.clone(), b.clone())])?, 1);
    let calls = backend.calls();
    let denied = Some(ErrorKind::PermissionDenied);
    assert_eq!(kind(guarded.list(ListOptions::default())), denied);
    assert_eq!(kind(guarded.list(ListOptions::default().prefix("a"))), denied);
    assert_eq!(kind(guarded.watch("")), denied);
    assert_eq!(kind(guarded.changes_since(Revision::START, 9)), denied);
    assert_eq!(kind(guarded_paths.query(&Query::subtree(&below))), denied);
    assert_eq!(kind(guarded_paths.move_prefix([(b.clone(), a.clone())])), denied);
    assert_eq!(kind(guarded_paths.move_prefix([(a.clone(), b), (a.clone(), below)])), denied);
    assert_eq!(kind(paths.read_only().move_prefix([(a, Path::parse("/d")?)])), Some(ErrorKind::ReadOnly));
    assert_eq!(kind(texts.read_only().drop_prefix("a")), Some(ErrorKind::ReadOnly));
    assert_eq!(backend.calls(), calls);

    let guarded = texts.guarded(ann(), Policy::new().rule(may(LIST, "")?));
    assert!(guarded.changes_since(Revision::START, 9)?.events.is_empty());
    Ok(())
}
