//! Reads by position: rank, nth, count, sample, estimate.

use std::collections::BTreeMap;

use mapleaf::{Dbi, Env, Read, Result, Snapshot};

use crate::common::states::{Law, Numbered, in_every_state, number};

struct Ranks;

impl Law<u32> for Ranks {
    fn holds<R: Read>(&self, dbi: &Numbered<u32>, state: &R, present: &[usize]) -> Result<()> {
        assert_eq!(dbi.len(state)?, present.len() as u64);
        assert_eq!(dbi.is_empty(state)?, present.is_empty());
        for (rank, n) in present.iter().enumerate() {
            let (key, value) = dbi.nth(state, rank as u64)?.expect("there are so many");
            assert_eq!((key, number(value)), (key_of(*n), *n));
            assert_eq!(dbi.rank(state, key)?, rank as u64, "rank and nth undo one another");
            assert_eq!(dbi.rank(state, key + 1)?, rank as u64 + 1, "a key that is absent has a rank too");
        }
        assert_eq!(dbi.nth(state, present.len() as u64)?, None);
        assert_eq!(dbi.nth(state, u64::MAX)?, None);
        assert_eq!(dbi.rank(state, 0)?, 0);
        assert_eq!(dbi.rank(state, u32::MAX)?, present.len() as u64);
        for n in [0, 1, present.len(), present.len() + 5] {
            let chosen = dbi.sample(state, n, 7)?;
            assert_eq!(chosen.len(), n.min(present.len()));
            assert!(chosen.is_sorted_by(|a, b| a.0 < b.0));
            assert!(
                chosen.iter().all(|(key, value)| present.contains(&number(value)) && *key == key_of(number(value)))
            );
        }
        Ok(())
    }

    fn holds_of_snapshots(&self, dbi: &Numbered<u32>, snap: &Snapshot, present: &[usize]) -> Result<()> {
        let stat = dbi.stat(snap)?;
        assert_eq!(stat.entries, present.len() as u64);
        assert_eq!(stat.leaf_pages == 0, present.is_empty());
        Ok(())
    }
}

fn key_of(n: usize) -> u32 {
    u32::try_from(n).expect("small") * 10 + 5
}

#[test]
fn rank_and_nth_are_inverse_in_every_state() -> Result<()> {
    let pool: Vec<u32> = (0..40).map(key_of).collect();
    in_every_state::<u32>(&pool, |key| *key, &Ranks)
}

#[test]
fn each_entry_is_equally_likely_in_a_sample() -> Result<()> {
    let env = Env::temporary()?;
    let dbi: Dbi<u32, ()> = env.dbi("numbers")?;
    env.transact(|txn| dbi.load(txn, (0..20).map(|n| (n, ()))))?;
    let snap = env.snapshot()?;
    let mut drawn = BTreeMap::new();
    for seed in 0..4000 {
        for (key, ()) in dbi.sample(&snap, 5, seed)? {
            *drawn.entry(key).or_insert(0_u32) += 1;
        }
    }
    // Each entry is expected 1000 times, with a standard deviation of 27.
    assert!(drawn.len() == 20 && drawn.values().all(|times| (850..1150).contains(times)), "{drawn:?}");
    Ok(())
}

#[test]
fn an_estimate_is_exact_within_a_leaf_and_close_beyond_it() -> Result<()> {
    let env = Env::temporary()?;
    let dbi: Dbi<u64, &str> = env.dbi("numbers")?;
    let text = "x".repeat(40);
    let scattered = |n: u64| n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20;
    for part in 0..10 {
        env.transact(|txn| (part * 2000..(part + 1) * 2000).try_for_each(|n| dbi.put(txn, scattered(n), &text)))?;
    }
    let snap = env.snapshot()?;
    let keys = dbi.keys(&snap)?.collect::<Result<Vec<_>>>()?;
    assert!(dbi.stat(&snap)?.leaf_pages > 200);
    let mut within_a_leaf = 0;
    for (from, to) in [(0, 3), (500, 520), (7000, 7001), (19_990, 20_000)] {
        let range = keys[from]..=keys[to - 1];
        let leaves = dbi.par_scan(&snap, range.clone(), usize::MAX)?.len();
        if leaves == 1 {
            within_a_leaf += 1;
            assert_eq!(dbi.estimate(&snap, range)?, (to - from) as u64);
        }
    }
    assert!(within_a_leaf >= 2);
    for (from, to) in [(0, 20_000), (0, 5000), (3000, 17_000), (15_000, 20_000)] {
        let (estimate, exact) = (dbi.estimate(&snap, keys[from]..=keys[to - 1])?, (to - from) as u64);
        assert!(estimate.abs_diff(exact) * 4 < exact, "{estimate} for {exact}");
    }
    assert_eq!(dbi.estimate(&snap, keys[9]..keys[3])?, 0);
    assert_eq!(dbi.estimate(&snap, ..)?, 20_000, "the whole is known");
    env.transact(|txn| {
        dbi.clear(txn)?;
        dbi.put(txn, 7, "one")?;
        assert_eq!(dbi.estimate(txn, ..)?, 1, "what was cleared is not counted");
        Ok(())
    })
}
