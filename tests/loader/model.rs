//! A load leaves the same content as puts of all its rows: in any order, over several databases, with repeated keys,
//! over existing rows; in memory, through runs, in chunks and in one transaction.

use std::collections::BTreeMap;

use crate::common::errors::directory;
use mapleaf::{Dbi, Durability, Env, LoadReport, Loader, MultiDbi, Read, Result};
use proptest::collection::vec;
use proptest::prelude::*;

/// A row: its database, and the numbers that its key and value are made of.
#[derive(Clone, Debug)]
enum Row {
    Number(u64, Vec<u8>),
    Text(String, Vec<u8>),
    Pair(u8, u16),
}

#[derive(Debug, Default, PartialEq)]
struct Model {
    numbers: BTreeMap<u64, Vec<u8>>,
    texts: BTreeMap<String, Vec<u8>>,
    pairs: Vec<(u8, u16)>,
}

struct Dbis {
    numbers: Dbi<u64, &'static [u8]>,
    texts: Dbi<String, &'static [u8]>,
    pairs: MultiDbi<u8, u16>,
}

impl Dbis {
    fn open(env: &Env) -> Result<Self> {
        Ok(Self { numbers: env.dbi("numbers")?, texts: env.dbi("texts")?, pairs: env.multi_dbi("pairs")? })
    }

    fn take(&self, loader: &mut Loader, row: &Row) -> Result<()> {
        match row {
            Row::Number(key, value) => loader.put(&self.numbers, *key, value),
            Row::Text(key, value) => loader.put(&self.texts, key, value),
            Row::Pair(key, value) => loader.insert(&self.pairs, *key, *value),
        }
    }

    fn read(&self, state: &impl Read) -> Result<Model> {
        let entry = |entry: Result<(u64, &[u8])>| entry.map(|(key, value)| (key, value.to_vec()));
        let text = |entry: Result<(String, &[u8])>| entry.map(|(key, value)| (key, value.to_vec()));
        Ok(Model {
            numbers: self.numbers.iter(state)?.map(entry).collect::<Result<_>>()?,
            texts: self.texts.iter(state)?.map(text).collect::<Result<_>>()?,
            pairs: self.pairs.pairs(state)?.collect::<Result<_>>()?,
        })
    }
}

impl Model {
    fn put(&mut self, row: &Row) {
        match row.clone() {
            Row::Number(key, value) => drop(self.numbers.insert(key, value)),
            Row::Text(key, value) => drop(self.texts.insert(key, value)),
            Row::Pair(key, value) => {
                self.pairs.push((key, value));
                self.pairs.sort_unstable();
                self.pairs.dedup();
            }
        }
    }

    fn len(&self) -> usize {
        self.numbers.len() + self.texts.len() + self.pairs.len()
    }
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let len = prop_oneof![6 => 0..120_usize, 2 => 900..1500_usize, 1 => 10_000..40_000_usize];
    let value = (any::<u8>(), len).prop_map(|(byte, len)| vec![byte; len]);
    let row = prop_oneof![
        (prop_oneof![0..300_u64, any::<u64>()], value.clone()).prop_map(|(key, value)| Row::Number(key, value)),
        ("[a-c]{1,4}|common:prefix:[a-z]{0,3}", value).prop_map(|(key, value)| Row::Text(key, value)),
        (0..9_u8, 0..50_u16).prop_map(|(key, value)| Row::Pair(key, value)),
    ];
    vec(row, 0..400)
}

/// Loads the rows over existing ones. Returns the report and the content after it.
fn load(before: &[Row], rows: &[Row], how: impl FnOnce(Loader) -> Loader) -> Result<(LoadReport, Model, u64)> {
    let dir = directory()?;
    let env = Env::options().durability(Durability::Process).open(dir.path())?;
    let dbis = Dbis::open(&env)?;
    let mut first = env.loader();
    before.iter().try_for_each(|row| dbis.take(&mut first, row))?;
    first.finish()?;
    let commits = env.info()?.commits;
    let mut loader = how(env.loader());
    rows.iter().try_for_each(|row| dbis.take(&mut loader, row))?;
    let report = loader.finish()?;
    assert!(env.verify()?.is_clean());
    let commits = env.info()?.commits - commits;
    Ok((report, dbis.read(&env.snapshot()?)?, commits))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_load_leaves_the_content_that_puts_would(before in rows(), rows in rows(), chunk in 0..60_000_usize, memory in 0..300_000_usize) {
        let (mut model, mut loaded) = (Model::default(), Model::default());
        for row in &rows {
            loaded.put(row);
        }
        for row in before.iter().chain(&rows) {
            model.put(row);
        }

        let (report, found, commits) = load(&before, &rows, |loader| loader)?;
        prop_assert_eq!(&found, &model);
        prop_assert_eq!((report.rows, report.stored), (rows.len() as u64, loaded.len() as u64));
        prop_assert_eq!((report.runs, report.spilled), (0, 0), "what fits memory goes through no file");
        prop_assert_eq!(commits, report.chunks);

        let (chunked, found, commits) = load(&before, &rows, |loader| loader.memory(memory).chunk(chunk))?;
        prop_assert_eq!(&found, &model);
        prop_assert_eq!((chunked.rows, chunked.stored, chunked.bytes), (report.rows, report.stored, report.bytes));
        prop_assert_eq!(commits, chunked.chunks);

        let (atomic, found, commits) = load(&before, &rows, |loader| loader.memory(memory).atomic())?;
        prop_assert_eq!(&found, &model);
        prop_assert_eq!(atomic.stored, report.stored);
        prop_assert_eq!((commits, atomic.chunks), (u64::from(!rows.is_empty()), commits));
    }
}

#[test]
fn many_runs_are_merged_in_several_passes() -> Result<()> {
    let dir = directory()?;
    let env = Env::options().durability(Durability::Process).open(dir.path())?;
    let (ours, theirs): (Dbi<u64, u64>, Dbi<u64, u64>) = (env.dbi("ours")?, env.dbi("theirs")?);
    let mut loader = env.loader().memory(64 << 10);
    let rows = 80_000_u64;
    let key = |n: u64| n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 45;
    let mut model = BTreeMap::new();
    for n in 0..rows {
        let dbi = if n % 3 == 0 { &ours } else { &theirs };
        loader.put(dbi, key(n), n)?;
        model.insert((n % 3 != 0, key(n)), n);
    }
    let report = loader.finish()?;
    // More runs than one merge pass can read with the least memory.
    assert!(report.runs > 14 * 5 && report.spilled > 2 * report.bytes, "{report:?}");
    assert_eq!((report.rows, report.stored), (rows, model.len() as u64));
    let snap = env.snapshot()?;
    let mut found = BTreeMap::new();
    for (of, dbi) in [(false, &ours), (true, &theirs)] {
        for entry in dbi.iter(&snap)? {
            let (key, value) = entry?;
            found.insert((of, key), value);
        }
    }
    assert!(found == model);
    assert!(env.verify()?.is_clean());
    Ok(())
}
