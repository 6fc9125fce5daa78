//! A DBI of any types, read as bytes, holds what the typed handle stores: every read agrees with a model of bytes, in
//! snapshots and in transactions with pending changes.

use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};

use mapleaf::key::{Key, KeyBuf, Reverse};
use mapleaf::{Dbi, DbiKind, Env, ErrorKind, ListOptions, Msgpack, MultiDbi, RawDbi, Read, Result, WriteTxn};
use proptest::collection::vec;
use proptest::prelude::*;

type Model = BTreeMap<Vec<u8>, Vec<u8>>;

/// A DBI of each kind, and how a number is stored in it.
struct Kinds {
    plain: Dbi<(Reverse<u8>, &'static str), Msgpack<Vec<u16>>>,
    pairs: MultiDbi<&'static str, u8>,
    bytes: Dbi<&'static [u8], &'static [u8]>,
    numbers: Dbi<u64, u32>,
}

const NAMES: [(&str, DbiKind, &str, &str); 4] = [
    ("plain", DbiKind::Plain, "(reverse<u8>,str)", "msgpack"),
    ("pairs", DbiKind::Multi, "str", "u8"),
    ("bytes", DbiKind::Plain, "bytes", "bytes"),
    ("numbers", DbiKind::Plain, "u64", "u32"),
];

impl Kinds {
    fn open(env: &Env) -> Result<Self> {
        Ok(Self {
            plain: env.dbi("plain")?,
            pairs: env.multi_dbi("pairs")?,
            bytes: env.dbi("bytes")?,
            numbers: env.dbi("numbers")?,
        })
    }

    /// Stores a number in each DBI, or removes it.
    fn change(&self, txn: &mut WriteTxn, n: u8, stored: bool) -> Result<()> {
        let (text, bytes) = (["a\0", "", "ab", "\u{ff}"][usize::from(n % 4)], [n, n.wrapping_mul(7)]);
        let bytes = &bytes[..=usize::from(n % 2)];
        if stored {
            self.plain.put(txn, (Reverse(n / 4), text), &vec![u16::from(n); usize::from(n % 3)])?;
            self.pairs.insert(txn, text, n)?;
            self.bytes.put(txn, bytes, text.as_bytes())?;
            self.numbers.put(txn, n.into(), n.into())?;
        } else {
            self.plain.delete(txn, (Reverse(n / 4), text))?;
            self.pairs.remove(txn, text, n)?;
            self.bytes.delete(txn, bytes)?;
            self.numbers.delete(txn, n.into())?;
        }
        Ok(())
    }

    /// The entries of each DBI, from its typed handle.
    fn models(&self, state: &impl Read) -> Result<[Model; 4]> {
        fn all<'a>(entries: impl Iterator<Item = Result<(&'a [u8], &'a [u8])>>) -> Result<Model> {
            entries.map(|entry| entry.map(|(key, value)| (key.to_vec(), value.to_vec()))).collect()
        }
        // A pair is stored as the tuple of its key and its value, without a value.
        let pairs = self.pairs.pairs(state)?.map(|pair| {
            let (key, value) = pair?;
            let (pair, mut buf) = ((&*key, value), KeyBuf::new());
            let bytes = <(&str, u8)>::encode(&pair, &mut buf)?;
            Ok((bytes.to_vec(), Vec::new()))
        });
        let pairs = pairs.collect::<Result<Model>>()?;
        Ok([
            all(self.plain.iter(state)?.raw())?,
            pairs,
            all(self.bytes.iter(state)?.raw())?,
            all(self.numbers.iter(state)?.raw())?,
        ])
    }
}

type Ends = (Bound<Vec<u8>>, Bound<Vec<u8>>);

/// Whether a key is between two ends.
fn is_within(key: &[u8], (start, end): &Ends) -> bool {
    let after = match start {
        Bound::Included(start) => key >= &start[..],
        Bound::Excluded(start) => key > &start[..],
        Bound::Unbounded => true,
    };
    let before = match end {
        Bound::Included(end) => key <= &end[..],
        Bound::Excluded(end) => key < &end[..],
        Bound::Unbounded => true,
    };
    after && before
}

fn agree(raw: &RawDbi, state: &impl Read, model: &Model, probes: &[Vec<u8>], ends: &[Ends]) -> Result<()> {
    let owned = |entry: Option<(&[u8], &[u8])>| entry.map(|(key, value)| (key.to_vec(), value.to_vec()));
    let of = |entry: Option<(&Vec<u8>, &Vec<u8>)>| entry.map(|(key, value)| (key.clone(), value.clone()));
    let all: Vec<_> = model.iter().map(|(key, value)| (&key[..], &value[..])).collect();
    assert_eq!(raw.iter(state)?.collect::<Result<Vec<_>>>()?, all);
    assert!(raw.iter(state)?.rev().map(Result::ok).eq(all.iter().rev().map(|entry| Some(*entry))), "backward");
    assert!(raw.keys(state)?.map(Result::ok).eq(all.iter().map(|(key, _)| Some(*key))), "keys");
    assert!(raw.values(state)?.map(Result::ok).eq(all.iter().map(|(_, value)| Some(*value))), "values");
    assert_eq!((raw.len(state)?, raw.is_empty(state)?), (all.len() as u64, all.is_empty()));
    assert_eq!(raw.info(state)?.entries, all.len() as u64);
    assert_eq!(
        [owned(raw.first(state)?), owned(raw.last(state)?)],
        [of(model.first_key_value()), of(model.last_key_value())]
    );
    for (n, entry) in all.iter().enumerate() {
        assert_eq!(raw.nth(state, n as u64)?, Some(*entry));
    }
    assert_eq!(raw.nth(state, all.len() as u64)?, None);
    for key in probes {
        assert_eq!(raw.get(state, key)?, model.get(key).map(|value| &value[..]));
        assert_eq!(raw.contains(state, key)?, model.contains_key(key));
        let below = || all.iter().filter(|(other, _)| *other < &key[..]);
        assert_eq!(raw.rank(state, key)?, below().count() as u64);
        assert_eq!(raw.lower(state, key)?, below().next_back().copied());
        assert_eq!(raw.floor(state, key)?, all.iter().rfind(|(other, _)| *other <= &key[..]).copied());
        assert_eq!(raw.ceiling(state, key)?, all.iter().find(|(other, _)| *other >= &key[..]).copied());
        assert_eq!(raw.higher(state, key)?, all.iter().find(|(other, _)| *other > &key[..]).copied());
        let found = raw.prefix(state, key)?.collect::<Result<Vec<_>>>()?;
        assert!(found.iter().eq(all.iter().filter(|(other, _)| other.starts_with(key))), "prefix {key:?}");
        let mut entries = raw.iter(state)?;
        entries.seek(key)?;
        assert_eq!(entries.next().transpose()?, raw.ceiling(state, key)?, "seek");
        let mut entries = raw.iter(state)?;
        entries.seek_back(key)?;
        assert_eq!(entries.next_back().transpose()?, raw.floor(state, key)?, "seek back");
    }
    for ends in ends {
        let within: Vec<_> = all.iter().filter(|(key, _)| is_within(key, ends)).copied().collect();
        assert_eq!(raw.range(state, ends.clone())?.collect::<Result<Vec<_>>>()?, within, "{ends:?}");
        assert!(
            raw.range(state, ends.clone())?.rev().map(Result::ok).eq(within.iter().rev().map(|entry| Some(*entry)))
        );
        assert_eq!(raw.count(state, ends.clone())?, within.len() as u64);
        let mut seen = Vec::new();
        let flow = raw.for_each(state, ends.clone(), |key, value| {
            seen.push((key, value));
            if seen.len() == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        assert_eq!(seen, within[..within.len().min(3)]);
        assert_eq!(flow.is_break(), within.len() >= 3);
    }
    pages_agree(raw, state, &all)
}

/// As [`agree`], for each DBI; its own keys are probed too.
fn all_agree(raws: &[RawDbi], state: &impl Read, models: &[Model], probes: &[Vec<u8>], ends: &[Ends]) -> Result<()> {
    raws.iter().zip(models).try_for_each(|(raw, model)| {
        let stored = model.keys().step_by(3);
        agree(raw, state, model, &probes.iter().chain(stored).cloned().collect::<Vec<_>>(), ends)
    })
}

/// All entries, page by page.
fn pages_agree(raw: &RawDbi, state: &impl Read, all: &[(&[u8], &[u8])]) -> Result<()> {
    let (mut listed, mut after) = (Vec::new(), None);
    loop {
        let page = raw.list(state, ListOptions::default().limit(4).after(after))?;
        listed.extend(page.items);
        after = page.cursor;
        if !page.has_more {
            break;
        }
    }
    assert_eq!(listed, all);
    Ok(())
}

fn ends() -> impl Strategy<Value = Vec<Ends>> {
    let key = || vec(prop_oneof![Just(0), Just(1), Just(0xFF), any::<u8>()], 0..4);
    let end = || {
        prop_oneof![
            3 => key().prop_map(Bound::Included),
            3 => key().prop_map(Bound::Excluded),
            1 => Just(Bound::Unbounded)
        ]
    };
    vec((end(), end()), 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_read_agrees_with_the_typed_handle(
        committed in vec((any::<u8>(), prop::bool::weighted(0.8)), 0..120),
        pending in vec((any::<u8>(), any::<bool>()), 0..40),
        ends in ends(),
        probes in vec(vec(any::<u8>(), 0..4), 1..8),
    ) {
        let run = || -> Result<()> {
            let env = Env::temporary()?;
            let kinds = Kinds::open(&env)?;
            let raws = NAMES.map(|(name, ..)| env.raw_dbi(name).expect("it exists"));
            env.transact(|txn| committed.iter().try_for_each(|(n, stored)| kinds.change(txn, *n, *stored)))?;
            let snap = env.snapshot()?;
            all_agree(&raws, &snap, &kinds.models(&snap)?, &probes, &ends)?;
            env.transact(|txn| {
                pending.iter().try_for_each(|(n, stored)| kinds.change(txn, *n, *stored))?;
                all_agree(&raws, txn, &kinds.models(txn)?, &probes, &ends)
            })
        };
        run().expect("no error");
    }
}

#[test]
fn a_handle_describes_its_dbi() -> Result<()> {
    let env = Env::temporary()?;
    let kinds = Kinds::open(&env)?;
    env.transact(|txn| (0..9).try_for_each(|n| kinds.change(txn, n, true)))?;
    let snap = env.snapshot()?;
    let infos = env.dbis()?;
    for (name, kind, key_type, value_type) in NAMES {
        let raw = env.raw_dbi(name)?;
        assert_eq!((raw.name(), raw.kind(), raw.key_type(), raw.value_type()), (name, kind, key_type, value_type));
        assert!(infos.contains(&raw.info(&snap)?), "{raw:?}");
        assert_eq!(raw.stat(&snap)?.entries, raw.len(&snap)?);
    }
    assert_eq!(format!("{:?}", env.raw_dbi("pairs")?), r#"RawDbi(MultiDbi<str, u8>, "pairs")"#);
    Ok(())
}

#[test]
fn a_pair_splits_behind_its_key() -> Result<()> {
    let env = Env::temporary()?;
    let kinds = Kinds::open(&env)?;
    env.transact(|txn| (0..40).try_for_each(|n| kinds.change(txn, n, true)))?;
    let (raw, snap) = (env.raw_dbi("pairs")?, env.snapshot()?);
    let mut split = Vec::new();
    for pair in raw.keys(&snap)? {
        let (key, value) = raw.split_pair(pair?)?;
        split.push((mapleaf::key::display("(str)", key)?, mapleaf::key::display("(u8)", value)?));
    }
    let typed =
        kinds.pairs.pairs(&snap)?.map(|pair| pair.map(|(key, value)| (format!("({key:?},)"), format!("({value},)"))));
    assert_eq!(split, typed.collect::<Result<Vec<_>>>()?);
    let refused = raw.split_pair(b"no end").expect_err("no pair");
    assert_eq!(
        (refused.kind(), refused.dbi(), refused.key()),
        (ErrorKind::Decode, Some("pairs"), Some(&b"no end"[..]))
    );
    let refused = env.raw_dbi("plain")?.split_pair(b"a\0\x01").expect_err("no MultiDbi");
    assert_eq!(refused.kind(), ErrorKind::InvalidArgument);
    Ok(())
}
