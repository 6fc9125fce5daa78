//! Derived keys in databases: ranges and prefixes by whole keys, by their tuples and by leading fields.

use std::cmp::Ordering;

use crate::common::intervals::{agree, scans};
use crate::common::states::{Law, Numbered, in_every_state, number};
use mapleaf::scan::{KeyBounds, KeyPrefix, TextPrefix};
use mapleaf::{Dbi, Env, ErrorKind, MultiDbi, Read, Result};

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, mapleaf::Key)]
struct Reading {
    line: u8,
    station: Station,
    time: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, mapleaf::Key)]
struct Station(String);

fn reading(line: u8, station: &str, time: u16) -> Reading {
    Reading { line, station: Station(station.to_owned()), time }
}

fn pool() -> Vec<Reading> {
    let keys = [
        (0, "", 0),
        (1, "", 0),
        (1, "a", 9),
        (7, "", 5),
        (7, "a", 0),
        (7, "a", 9),
        (7, "a\0", 1),
        (7, "ab", 1),
        (7, "b", 2),
        (255, "z", 0),
        (255, "z", u16::MAX),
    ];
    keys.map(|(line, station, time)| reading(line, station, time)).into()
}

#[test]
fn derived_keys_bound_a_range() -> Result<()> {
    let ends = [
        reading(0, "", 0),
        reading(1, "a", 8),
        reading(7, "a", 0),
        reading(7, "a", 5),
        reading(7, "aa", 0),
        reading(255, "z", u16::MAX),
    ];
    let ends: Vec<&Reading> = ends.iter().collect();
    agree::<Reading, &Reading>(&pool(), |key| key, &ends, |key, end| key.cmp(end))
}

/// The tuple of all fields in place of a key; a newtype is the tuple of its one field.
#[test]
fn tuples_of_all_fields_bound_a_range() -> Result<()> {
    type End = (u8, (&'static str,), u16);
    let ends: [End; 6] =
        [(0, ("",), 0), (1, ("a",), 8), (7, ("a",), 0), (7, ("a",), 5), (7, ("aa",), 0), (255, ("z",), u16::MAX)];
    agree::<Reading, End>(
        &pool(),
        |key| key,
        &ends,
        |key, end| (key.line, key.station.0.as_str(), key.time).cmp(&(end.0, end.1.0, end.2)),
    )
}

#[test]
fn one_leading_field_bounds_a_range() -> Result<()> {
    let ends = [(0,), (1,), (3,), (7,), (254,), (255,)];
    agree::<Reading, (u8,)>(&pool(), |key| key, &ends, |key, end| key.line.cmp(&end.0))
}

#[test]
fn two_leading_fields_bound_a_range() -> Result<()> {
    let stations = ["", "a", "a\0", "b", "z"].map(|name| Station(name.to_owned()));
    let ends: Vec<(u8, &Station)> =
        [1, 7, 255].into_iter().flat_map(|n| stations.iter().map(move |s| (n, s))).collect();
    agree::<Reading, (u8, &Station)>(&pool(), |key| key, &ends, |key, end| (key.line, &key.station).cmp(end))
}

/// Ends of different lengths, and prefixes.
struct EndsAndPrefixes;

fn inside(present: &[usize], is_inside: impl Fn(&Reading) -> bool) -> Vec<usize> {
    let pool = pool();
    present.iter().copied().filter(|n| is_inside(&pool[*n])).collect()
}

impl Law<Reading> for EndsAndPrefixes {
    fn holds<R: Read>(&self, dbi: &Numbered<Reading>, state: &R, present: &[usize]) -> Result<()> {
        let bounds = KeyBounds::new;
        for start in &pool() {
            for line in [0, 1, 3, 7, 255] {
                let expected = inside(present, |key| key >= start && key.line <= line);
                scans(dbi, state, bounds().at_least(start).at_most((line,)), &expected)?;
                let expected = inside(present, |key| key.line > line && key < start);
                scans(dbi, state, bounds().above((line,)).below(start), &expected)?;
                let end = (start.line, &start.station);
                let expected =
                    inside(present, |key| key.line >= line && (key.line, &key.station).cmp(&end) != Ordering::Greater);
                scans(dbi, state, bounds().at_least((line,)).at_most(end), &expected)?;
            }
        }
        for Reading { line, station, time } in pool() {
            prefix(dbi, state, (line,), &inside(present, |key| key.line == line))?;
            let whole = inside(present, |key| key.line == line && key.station == station);
            prefix(dbi, state, (line, &station), &whole)?;
            let all = inside(present, |key| *key == Reading { line, station: station.clone(), time });
            prefix(dbi, state, (line, &station, time), &all)?;
            for text in ["", "a", "ab", "\0", "z"] {
                let expected = inside(present, |key| key.line == line && key.station.0.starts_with(text));
                prefix_text(dbi, state, (line, text), &expected)?;
            }
        }
        Ok(())
    }
}

fn prefix<R: Read>(
    dbi: &Numbered<Reading>,
    state: &R,
    prefix: impl KeyPrefix<Reading>,
    expected: &[usize],
) -> Result<()> {
    let found = dbi.prefix(state, prefix)?.values().map(|value| Ok(number(value?))).collect::<Result<Vec<_>>>()?;
    assert_eq!(found, expected);
    Ok(())
}

fn prefix_text<R: Read>(
    dbi: &Numbered<Reading>,
    state: &R,
    prefix: impl TextPrefix<Reading>,
    expected: &[usize],
) -> Result<()> {
    let found = dbi.prefix_text(state, prefix)?.values().map(|value| Ok(number(value?))).collect::<Result<Vec<_>>>()?;
    assert_eq!(found, expected);
    Ok(())
}

#[test]
fn ends_of_different_lengths_and_prefixes_select_by_leading_fields() -> Result<()> {
    in_every_state::<Reading>(&pool(), |key| key, &EndsAndPrefixes)
}

#[test]
fn a_newtype_of_text_has_prefixes_and_ends_in_text() -> Result<()> {
    let env = Env::temporary()?;
    let stations: Dbi<Station, u8> = env.dbi("stations")?;
    let blobs: Dbi<Blob, u8> = env.dbi("blobs")?;
    let snap = env.transact(|txn| {
        for (n, name) in (0..).zip(["", "a", "a\0b", "ab", "b"]) {
            stations.put(txn, &Station(name.to_owned()), n)?;
            blobs.put(txn, &Blob(name.as_bytes().to_vec()), n)?;
        }
        Ok(())
    });
    snap?;
    let snap = env.snapshot()?;
    let found = |entries: mapleaf::Entries<'_, _, Station, u8>| entries.values().collect::<Result<Vec<_>>>();
    assert_eq!(found(stations.prefix(&snap, "")?)?, [0, 1, 2, 3, 4]);
    assert_eq!(found(stations.prefix(&snap, "a")?)?, [1, 2, 3]);
    assert_eq!(found(stations.prefix(&snap, "a\0")?)?, [2]);
    assert_eq!(found(stations.prefix(&snap, ("a",))?)?, [1], "the whole field");
    assert_eq!(found(stations.prefix_text(&snap, ("a",))?)?, [1, 2, 3]);
    assert_eq!(found(stations.range(&snap, ("a",)..("b",))?)?, [1, 2, 3]);
    assert_eq!(found(stations.range(&snap, Station("a\0".into())..)?)?, [2, 3, 4]);
    assert_eq!(blobs.prefix(&snap, &b"a\0"[..])?.values().collect::<Result<Vec<_>>>()?, [2]);
    Ok(())
}

#[derive(Clone, Debug, mapleaf::Key)]
struct Blob(Vec<u8>);

#[test]
fn every_verb_takes_derived_keys() -> Result<()> {
    let env = Env::temporary()?;
    let readings: Dbi<Reading, u8> = env.dbi("readings")?;
    let pairs: MultiDbi<Station, Reading> = env.multi_dbi("pairs")?;
    env.transact(|txn| {
        let rows = [((1, ("a",), 1), 1), ((1, ("b",), 2), 2), ((2, ("a",), 3), 3)];
        readings.load(txn, rows)?;
        assert!(pairs.insert(txn, &Station("x".into()), &reading(2, "b", 1))?);
        assert!(pairs.insert(txn, &Station("x".into()), &reading(1, "b", 1))?);
        Ok(())
    })?;
    let snap = env.snapshot()?;
    assert_eq!(readings.get(&snap, &reading(1, "b", 2))?, Some(2));
    assert_eq!(readings.get(&snap, &reading(1, "b", 3))?, None);
    let tuples = [(2, ("a",), 3), (1, ("z",), 0), (1, ("a",), 1)];
    assert_eq!(readings.get_many(&snap, tuples)?, [Some(3), None, Some(1)]);
    assert_eq!(readings.last(&snap)?, Some((reading(2, "a", 3), 3)));
    assert_eq!(readings.rank(&snap, &reading(2, "", 0))?, 2);
    let mut entries = readings.iter(&snap)?;
    entries.seek(&reading(1, "aa", 0))?;
    assert_eq!(entries.keys().collect::<Result<Vec<_>>>()?, [reading(1, "b", 2), reading(2, "a", 3)]);
    let values = pairs.values(&snap, &Station("x".into()))?.collect::<Result<Vec<_>>>()?;
    assert_eq!(values, [reading(1, "b", 1), reading(2, "b", 1)]);
    let deleted = env.transact(|txn| readings.delete_prefix(txn, (1,)))?;
    assert_eq!(deleted, 2);
    Ok(())
}

#[test]
fn another_type_or_name_is_another_schema() -> Result<()> {
    mod other {
        /// Stored alike, under another name.
        #[derive(Clone, Debug, mapleaf::Key)]
        pub struct Stop(pub String);

        /// Another type of the same name and fields.
        #[derive(Clone, Debug, mapleaf::Key)]
        #[key(name = "Station")]
        pub struct Renamed(pub String);
    }
    let env = Env::temporary()?;
    let _: Dbi<Station, ()> = env.dbi("stations")?;
    let refused = env.dbi::<other::Stop, ()>("stations").map(|_| ()).expect_err("it holds stations");
    assert_eq!(refused.kind(), ErrorKind::SchemaMismatch);
    assert!(refused.to_string().contains("Station=str"), "{refused}");
    let _: Dbi<other::Renamed, ()> = env.dbi("stations")?;
    Ok(())
}
