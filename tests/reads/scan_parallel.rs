//! Parallel scans by rayon give the entries of a sequential scan in the same order, wherever the range is split.
#![cfg(feature = "rayon")]

use crate::common::process;
use std::collections::BTreeMap;
use std::fs;
use std::ops::Bound;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::common::damage::{PAGE, Random, options, typed};
use crate::common::errors::{directory, io, refused_with};
use mapleaf::{Dbi, Env, Error, ErrorKind, ParEntries, Result, Snapshot};
use proptest::prelude::*;
use rayon::ThreadPool;
use rayon::prelude::*;

type Texts = Dbi<&'static str, u64>;

fn pool(threads: usize) -> Result<ThreadPool> {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().map_err(Error::other)
}

/// Text long enough that a leaf holds few and the tree has several levels.
fn text(n: u16) -> String {
    format!("{n:05}{}", "x".repeat(100 + usize::from(n % 97)))
}

fn filled(numbers: impl IntoIterator<Item = u16>) -> Result<(Env, Texts, BTreeMap<String, u64>)> {
    let env = Env::temporary()?;
    let texts: Texts = env.dbi("texts")?;
    let model: BTreeMap<_, _> = numbers.into_iter().map(|n| (text(n), n.into())).collect();
    env.transact(|txn| model.iter().try_for_each(|(key, value)| texts.put(txn, key, *value)))?;
    Ok((env, texts, model))
}

fn bound() -> impl Strategy<Value = Bound<u16>> {
    let end = || 0..4_000_u16;
    prop_oneof![end().prop_map(Bound::Included), end().prop_map(Bound::Excluded), Just(Bound::Unbounded)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn a_parallel_scan_finds_what_a_scan_finds_in_the_same_order(
        numbers in prop::collection::vec(0..4_000_u16, 0..1500),
        ranges in prop::collection::vec((bound(), bound()), 6),
        threads in 1..5_usize,
    ) {
        let law = || -> Result<()> {
            let ((env, texts, _), pool) = (filled(numbers.iter().copied())?, pool(threads)?);
            let snap = env.snapshot()?;
            for (low, high) in &ranges {
                // Includes reversed ranges.
                let (low, high) = (low.map(text), high.map(text));
                let range = || (low.as_ref().map(String::as_str), high.as_ref().map(String::as_str));
                let expected = texts.range(&snap, range())?.collect::<Result<Vec<_>>>()?;
                let entries = texts.par_iter(&snap, range())?;
                let found = pool.install(|| entries.clone().collect::<Result<Vec<_>>>())?;
                assert_eq!(found, expected, "{low:?} {high:?}");
                assert_eq!(pool.install(|| entries.count()), expected.len());
                let parts = texts.par_scan(&snap, range(), 7)?;
                let found = pool.install(|| parts.into_par_iter().flat_map_iter(|part| part).collect::<Result<Vec<_>>>())?;
                assert_eq!(found, expected, "parts of {low:?} {high:?}");
            }
            Ok(())
        };
        law().map_err(|error| TestCaseError::fail(format!("{error:?}")))?;
    }
}

#[test]
fn a_large_range_is_split() -> Result<()> {
    let (env, texts, model) = filled(0..4_000)?;
    let (snap, folds) = (env.snapshot()?, AtomicUsize::new(0));
    let sums = || -> Result<u64> {
        let entries = texts.par_iter(&snap, ..)?;
        let started = || {
            folds.fetch_add(1, Ordering::Relaxed);
            0
        };
        let summed = entries.try_fold(started, |sum, entry| Result::Ok(sum + entry?.1));
        summed.try_reduce(|| 0, |left, right| Ok(left + right))
    };
    assert_eq!(pool(4)?.install(sums)?, model.values().sum::<u64>());
    assert!(folds.load(Ordering::Relaxed) >= 4, "{folds:?} parts for 4 threads");
    Ok(())
}

#[test]
fn parallel_scans_of_no_and_of_one_entry() -> Result<()> {
    for (numbers, count) in [(0..0, 0), (7..8, 1)] {
        let (env, texts, _) = filled(numbers)?;
        let snap = env.snapshot()?;
        assert_eq!(texts.par_iter(&snap, ..)?.count(), count);
        assert_eq!(texts.par_iter(&snap, "z".."a")?.count(), 0);
        assert_eq!(texts.par_iter(&snap, text(8).as_str()..)?.count(), 0);
    }
    Ok(())
}

#[test]
fn a_parallel_scan_that_ends_early_reads_no_further() -> Result<()> {
    let (env, texts, _) = filled(0..4_000)?;
    let (snap, seen) = (env.snapshot()?, AtomicUsize::new(0));
    // One thread, so that no other continues meanwhile.
    let entries = texts.par_iter(&snap, ..)?;
    let found = pool(1)?.install(|| entries.find_any(|_| seen.fetch_add(1, Ordering::Relaxed) == 5));
    assert!(found.is_some_and(|entry| entry.is_ok()));
    assert_eq!(seen.load(Ordering::Relaxed), 6);
    Ok(())
}

#[test]
fn a_parallel_scan_fails_to_open_as_a_scan_does() -> Result<()> {
    let (env, texts, _) = filled(0..2_000)?;
    let (other, snap) = (Env::temporary()?, env.snapshot()?);
    let words = ["par_iter", "texts"];
    refused_with(texts.par_iter(&other.snapshot()?, ..), ErrorKind::InvalidArgument, &words);
    env.drop_dbi("texts")?;
    refused_with(texts.par_iter(&env.snapshot()?, ..), ErrorKind::NotFound, &words);
    assert_eq!(texts.par_iter(&snap, ..)?.count(), 2_000);
    Ok(())
}

/// Damages `whole` once: a page of zeros, or one bit, more often in a header or a slot.
fn damaged(whole: &[u8], seed: u64) -> Vec<u8> {
    let (mut random, mut bytes) = (Random(seed << 32), whole.to_vec());
    let page = (2 + random.below(bytes.len() / PAGE - 2)) * PAGE;
    match random.below(3) {
        0 => bytes[page..page + PAGE].fill(0),
        1 => bytes[page + random.below(64)] ^= 1 << random.below(8),
        _ => bytes[page + random.below(PAGE)] ^= 1 << random.below(8),
    }
    bytes
}

/// Errors by kind: the messages of parts and scans name different methods.
fn seen(item: Result<(&str, u64)>) -> Result<(&str, u64), ErrorKind> {
    item.map_err(|error| error.kind())
}

/// Parts end at separators, which a scan does not read; a damaged separator makes neighbouring parts overlap or leave a
/// gap. So where `verify` finds faults, keys may come twice or not at all; where it finds none, parts and scans agree.
#[test]
fn damage_is_an_error_item_of_a_parallel_scan_and_a_clean_file_reads_as_by_a_scan() -> Result<()> {
    process::apart("damage_is_an_error_item_of_a_parallel_scan_and_a_clean_file_reads_as_by_a_scan", || {
        let dir = directory()?;
        let (path, data) = (dir.path().join("env"), dir.path().join("env").join("data.mdb"));
        let env = options().open(&path)?;
        let texts: Texts = env.dbi("texts")?;
        let keys: Vec<_> = (0..3_000).map(text).collect();
        env.transact(|txn| keys.iter().try_for_each(|key| texts.put(txn, key, 1)))?;
        drop((env, texts));
        let (whole, pool) = (io(fs::read(&data))?, pool(3)?);
        // A node has at least 8 bytes of header, a key of 105, a value of 8, and a slot of 2.
        let room = whole.len() / PAGE * (PAGE / 123);
        let (mut failed, mut clean, mut differ) = (0, 0, 0);
        for seed in 0..300 {
            io(fs::write(&data, damaged(&whole, seed)))?;
            let Ok(env) = options().open(&path) else { continue };
            let (Ok(texts), Ok(snap)) = (env.dbi::<&str, u64>("texts"), env.snapshot()) else { continue };
            let Ok(entries) = texts.par_iter(&snap, ..) else { continue };
            let items: Vec<_> = pool.install(|| entries.collect());
            assert!(items.len() <= 2 * room, "seed {seed}: {} items where there is room for {room}", items.len());
            for error in items.iter().filter_map(|item| item.as_ref().err()) {
                typed(error);
                assert_eq!((error.operation(), error.dbi()), (Some("par_iter"), Some("texts")), "{error:?}");
            }
            failed += u32::from(items.iter().any(Result::is_err));
            if env.verify()?.is_clean() {
                let scanned: Vec<_> = texts.iter(&snap)?.map(seen).collect();
                assert!(items.into_iter().map(seen).eq(scanned.iter().copied()), "seed {seed}: parts and scan differ");
                clean += 1;
                differ += u32::from(!scanned.into_iter().flatten().eq(keys.iter().map(|key| (key.as_str(), 1))));
            }
        }
        assert!(
            failed > 60 && clean > 30 && differ > 5,
            "{failed} with an error, {clean} clean, {differ} of them changed"
        );
        Ok(())
    })
}

#[test]
fn a_parallel_scan_is_send_sync_clone_and_debug() -> Result<()> {
    fn all<T: Send + Sync + Clone + std::fmt::Debug>(_: &T) {}
    let (env, texts, _) = filled(0..3)?;
    let snap = env.snapshot()?;
    let entries: ParEntries<'_, Snapshot, &'static str, u64> = texts.par_iter(&snap, ..)?;
    all(&entries);
    assert!(format!("{entries:?}").contains("texts"));
    Ok(())
}
