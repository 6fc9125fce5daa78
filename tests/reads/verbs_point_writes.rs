//! What each write of one key stores, returns, and leaves unchanged.

use mapleaf::{Dbi, Env, ErrorKind, Msgpack, Result};

#[test]
fn insert_keeps_what_is_there_and_put_replaces_it() -> Result<()> {
    let env = Env::temporary()?;
    let dbi: Dbi<&str, u32> = env.dbi("ages")?;
    env.transact(|txn| {
        assert!(dbi.insert(txn, "ann", 1)?);
        assert!(!dbi.insert(txn, "ann", 2)?);
        assert_eq!(dbi.get(txn, "ann")?, Some(1));
        dbi.put(txn, "ann", 3)?;
        assert_eq!(dbi.replace(txn, "ann", 4)?, Some(3));
        assert_eq!(dbi.replace(txn, "bob", 5)?, None);
        Ok(())
    })?;
    env.transact(|txn| {
        assert!(!dbi.insert(txn, "bob", 6)?, "what an earlier transaction stored is there");
        assert!(dbi.delete(txn, "bob")?);
        assert!(!dbi.delete(txn, "bob")?);
        assert!(dbi.insert(txn, "bob", 7)?, "what this one removed is not");
        Ok(())
    })?;
    let snap = env.snapshot()?;
    assert_eq!((dbi.get(&snap, "ann")?, dbi.get(&snap, "bob")?), (Some(4), Some(7)));
    Ok(())
}

#[test]
fn update_sees_the_old_value_once_and_removes_on_none() -> Result<()> {
    let env = Env::temporary()?;
    let dbi: Dbi<u8, &[u8]> = env.dbi("lists")?;
    env.transact(|txn| {
        let grow = |old: Option<&[u8]>| Some([old.unwrap_or_default(), b"x"].concat());
        assert_eq!(dbi.update(txn, 1, grow)?, Some(b"x".to_vec()));
        assert_eq!(dbi.update(txn, 1, grow)?, Some(b"xx".to_vec()));
        let mut calls = 0;
        let made = dbi.update(txn, 2, |old| {
            calls += 1;
            assert!(old.is_none());
            None
        })?;
        assert_eq!((made, calls, dbi.contains(txn, 2)?), (None, 1, false));
        assert_eq!(dbi.update(txn, 1, |_| None)?, None);
        assert!(dbi.is_empty(txn)?);
        Ok(())
    })
}

#[test]
fn get_or_put_asks_for_a_value_only_when_there_is_none() -> Result<()> {
    let env = Env::temporary()?;
    let dbi: Dbi<u8, String> = env.dbi("names")?;
    env.transact(|txn| {
        assert_eq!(dbi.get_or_put(txn, 1, || "first".into())?, "first");
        let second = dbi.get_or_put(txn, 1, || unreachable!("there is one already"))?;
        assert_eq!(second, "first");
        assert_eq!(dbi.take(txn, 1)?, Some("first".to_owned()));
        assert_eq!(dbi.take(txn, 1)?, None);
        Ok(())
    })
}

#[test]
fn a_stored_empty_value_is_present() -> Result<()> {
    let env = Env::temporary()?;
    let bytes: Dbi<u8, &[u8]> = env.dbi("bytes")?;
    let text: Dbi<u8, &str> = env.dbi("text")?;
    let unit: Dbi<u8, ()> = env.dbi("unit")?;
    let null: Dbi<u8, Msgpack<Option<bool>>> = env.dbi("null")?;
    env.transact(|txn| {
        bytes.put(txn, 1, b"")?;
        text.put(txn, 1, "")?;
        unit.put(txn, 1, ())?;
        null.put(txn, 1, &None)?;
        assert!(!bytes.insert(txn, 1, b"x")? && !text.insert(txn, 1, "x")? && !unit.insert(txn, 1, ())?);
        assert_eq!(null.get_or_put(txn, 1, || Some(true))?, None);
        Ok(())
    })?;
    let snap = env.snapshot()?;
    assert_eq!(bytes.get(&snap, 1)?, Some(&b""[..]));
    assert_eq!(text.get(&snap, 1)?, Some(""));
    assert_eq!(unit.get(&snap, 1)?, Some(()));
    assert_eq!(null.get(&snap, 1)?, Some(None));
    assert!(bytes.contains(&snap, 1)? && text.contains(&snap, 1)? && unit.contains(&snap, 1)?);
    assert_eq!(null.get_many(&snap, [0, 1])?, [None, Some(None)]);
    assert_eq!(unit.keys(&snap)?.collect::<Result<Vec<_>>>()?, [1]);
    env.transact(|txn| {
        assert_eq!(bytes.take(txn, 1)?, Some(vec![]));
        assert_eq!(unit.replace(txn, 1, ())?, Some(()));
        assert_eq!(unit.pop_first(txn)?, Some((1, ())));
        assert!(text.delete(txn, 1)?);
        Ok(())
    })
}

#[test]
fn append_takes_only_a_key_above_all_others() -> Result<()> {
    let env = Env::temporary()?;
    let dbi: Dbi<i64, u8> = env.dbi("log")?;
    env.transact(|txn| dbi.append(txn, -5, 0))?;
    env.transact(|txn| {
        for key in [-5, -6, i64::MIN] {
            assert_eq!(dbi.append(txn, key, 1).map_err(|error| error.kind()), Err(ErrorKind::InvalidArgument));
        }
        assert_eq!(dbi.get(txn, -5)?, Some(0), "a refused append changes nothing");
        dbi.append(txn, -4, 2)?;
        assert!(dbi.append(txn, -4, 3).is_err(), "its own entries count");
        assert_eq!(dbi.pop_last(txn)?, Some((-4, 2)));
        dbi.append(txn, -4, 4)?;
        assert!(dbi.delete(txn, -5)? && dbi.delete(txn, -4)?);
        dbi.append(txn, i64::MIN, 5)?;
        Ok(())
    })
}

#[test]
fn an_invalid_key_is_refused_by_every_method_that_stores_it() -> Result<()> {
    let env = Env::temporary()?;
    let dbi: Dbi<&[u8], u8> = env.dbi("bytes")?;
    let floats: Dbi<f64, u8> = env.dbi("floats")?;
    let longest = vec![7; env.max_key_size()];
    let longer = vec![7; env.max_key_size() + 1];
    env.transact(|txn| {
        dbi.put(txn, &longest, 1)?;
        for (key, kind) in [(&b""[..], ErrorKind::InvalidKey), (&longer, ErrorKind::TooLarge)] {
            let refused = [
                dbi.put(txn, key, 2),
                dbi.append(txn, key, 2),
                dbi.insert(txn, key, 2).map(drop),
                dbi.replace(txn, key, 2).map(drop),
                dbi.update(txn, key, |_| Some(2)).map(drop),
                dbi.get_or_put(txn, key, || unreachable!("there is no such key")).map(drop),
                dbi.load(txn, [(key, 2)]).map(drop),
            ];
            for (verb, outcome) in refused.into_iter().enumerate() {
                assert_eq!(outcome.map_err(|error| error.kind()), Err(kind), "verb {verb}, {} bytes", key.len());
            }
            assert_eq!(dbi.update(txn, key, |old| old)?, None, "nothing is there, and nothing is made");
            assert!(!dbi.delete(txn, key)? && !dbi.contains(txn, key)?);
            assert_eq!((dbi.take(txn, key)?, dbi.get(txn, key)?), (None, None));
            assert_eq!(dbi.get_many(txn, [key])?, [None]);
        }
        assert_eq!((dbi.len(txn)?, dbi.get(txn, &longest)?), (1, Some(1)));
        assert_eq!(floats.put(txn, f64::NAN, 1).map_err(|error| error.kind()), Err(ErrorKind::InvalidKey));
        assert_eq!(floats.count(txn, f64::NAN..).map_err(|error| error.kind()), Err(ErrorKind::InvalidKey));
        assert_eq!(floats.iter(txn)?.seek(f64::NAN).map_err(|error| error.kind()), Err(ErrorKind::InvalidKey));
        Ok(())
    })?;
    assert_eq!(dbi.count(&env.snapshot()?, &longer[..]..)?, 0, "a bound may be longer than any key");
    Ok(())
}
