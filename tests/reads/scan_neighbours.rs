//! The first and the last entry, and the entries next to a key.

use mapleaf::{Dbi, Env, Read, Result};

use crate::common::states::{Law, Numbered, in_every_state, number};

struct Neighbours;

impl Law<i16> for Neighbours {
    fn holds<R: Read>(&self, dbi: &Numbered<i16>, state: &R, present: &[usize]) -> Result<()> {
        let found =
            |entry: Result<Option<(i16, &[u8])>>| Ok::<_, mapleaf::Error>(entry?.map(|(_, value)| number(value)));
        assert_eq!(found(dbi.first(state))?, present.first().copied());
        assert_eq!(found(dbi.last(state))?, present.last().copied());
        for key in (i16::MIN..=i16::MIN + 2).chain(-65..65).chain([i16::MAX]) {
            let below = |n: &usize| key_of(*n) < key;
            let at = |n: &usize| key_of(*n) == key;
            assert_eq!(found(dbi.lower(state, key))?, present.iter().copied().rfind(below), "lower {key}");
            assert_eq!(
                found(dbi.floor(state, key))?,
                present.iter().copied().rfind(|n| below(n) || at(n)),
                "floor {key}"
            );
            assert_eq!(found(dbi.ceiling(state, key))?, present.iter().copied().find(|n| !below(n)), "ceiling {key}");
            let higher = present.iter().copied().find(|n| !below(n) && !at(n));
            assert_eq!(found(dbi.higher(state, key))?, higher, "higher {key}");
            assert_eq!(dbi.contains(state, key)?, present.iter().any(at));
        }
        Ok(())
    }
}

fn key_of(n: usize) -> i16 {
    i16::try_from(n).expect("small") * 10 - 60
}

#[test]
fn lower_floor_ceiling_and_higher_are_the_nearest_entries_in_every_state() -> Result<()> {
    let pool: Vec<i16> = (0..13).map(key_of).collect();
    in_every_state::<i16>(&pool, |key| *key, &Neighbours)
}

#[test]
fn empty_text_sorts_before_all_keys() -> Result<()> {
    let env = Env::temporary()?;
    let dbi: Dbi<&str, u8> = env.dbi("text")?;
    env.transact(|txn| dbi.put(txn, "\0", 1))?;
    let snap = env.snapshot()?;
    assert_eq!((dbi.floor(&snap, "")?, dbi.lower(&snap, "")?), (None, None));
    assert_eq!((dbi.ceiling(&snap, "")?, dbi.higher(&snap, "")?), (Some(("\0", 1)), Some(("\0", 1))));
    assert_eq!(dbi.rank(&snap, "")?, 0);
    let (mut front, mut back) = (dbi.iter(&snap)?, dbi.iter(&snap)?);
    front.seek("")?;
    back.seek_back("")?;
    assert_eq!((front.count(), back.count()), (1, 0));
    assert_eq!(dbi.count(&snap, ""..)?, 1);
    assert_eq!(dbi.count(&snap, ..="")?, 0);
    Ok(())
}

#[test]
fn a_seek_to_a_passed_key_moves_neither_end() -> Result<()> {
    let env = Env::temporary()?;
    let dbi: Dbi<u64, u64> = env.dbi("numbers")?;
    env.transact(|txn| dbi.load(txn, (0..1500).map(|n| (n, n))))?;
    env.transact(|txn| {
        dbi.load(txn, (1500..2000).map(|n| (n, n)))?;
        seeks_back_are_nothing(&dbi, txn, 2000)
    })?;
    seeks_back_are_nothing(&dbi, &env.snapshot()?, 2000)
}

/// Seeks before every step, so at the boundaries of all leaves, too.
fn seeks_back_are_nothing<R: Read>(dbi: &Dbi<u64, u64>, state: &R, len: u64) -> Result<()> {
    let (mut forward, mut back) = (dbi.iter(state)?, dbi.iter(state)?);
    for n in 0..len {
        forward.seek(n / 2)?;
        assert_eq!(forward.next().transpose()?, Some((n, n)));
        back.seek_back(len - 1 - n / 2)?;
        assert_eq!(back.next_back().transpose()?, Some((len - 1 - n, len - 1 - n)));
    }
    assert!(forward.next().is_none() && back.next_back().is_none());
    Ok(())
}

#[test]
fn an_ended_scan_stays_ended_after_a_seek() -> Result<()> {
    let env = Env::temporary()?;
    let dbi: Dbi<u64, u64> = env.dbi("numbers")?;
    env.transact(|txn| dbi.load(txn, (0..2000).map(|n| (n, n))))?;
    env.transact(|txn| {
        dbi.put(txn, 5000, 0)?;
        ended(&dbi, txn, 5001)
    })?;
    ended(&dbi, &env.snapshot()?, 2001)
}

fn ended<R: Read>(dbi: &Dbi<u64, u64>, state: &R, len: u64) -> Result<()> {
    let mut entries = dbi.range(state, 10..len)?;
    entries.seek(900)?;
    entries.seek(3)?;
    assert_eq!(entries.next().transpose()?, Some((900, 900)), "seek never goes back");
    entries.seek_back(1000)?;
    entries.seek_back(1900)?;
    assert_eq!(entries.next_back().transpose()?, Some((1000, 1000)), "seek_back never goes forward");
    entries.seek(1000)?;
    for _ in 0..3 {
        assert!(entries.next().is_none() && entries.next_back().is_none());
        entries.seek(0)?;
        entries.seek_back(len)?;
    }
    Ok(())
}
