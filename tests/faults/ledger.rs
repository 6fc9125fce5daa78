//! Steps with distinct traces: the content of an environment shows which steps it holds, each as a whole or not at all,
//! and in which order they were made.

use std::collections::BTreeMap;

use mapleaf::{Batch, Dbi, Env, MultiDbi, Result, Snapshot, WriteTxn};

/// The number of keys that steps write and delete.
const KEYS: u32 = 60;

/// The databases of one environment that steps change.
pub struct Ledger {
    /// Each step, and the number of steps before it.
    log: Dbi<u32, u64>,
    data: Dbi<u32, &'static [u8]>,
    pairs: MultiDbi<u32, u32>,
}

/// A number that looks random and is the same in every run.
fn mixed(of: u32) -> u32 {
    let mixed = of.wrapping_mul(0x9E37_79B9);
    (mixed ^ (mixed >> 15)).wrapping_mul(0x85EB_CA6B) >> 8
}

/// The changes of `step`: a value for each key, or a deletion. Some values take several pages.
fn changes(step: u32) -> BTreeMap<u32, Option<Vec<u8>>> {
    let seed = mixed(step);
    let change = |n| {
        let (key, choice) = (mixed(seed + n) % KEYS, mixed(seed + n + 1000));
        let length = [0, 10, 150, 700, 9000][choice as usize % 5];
        (key, (choice / 5 % 4 > 0).then(|| [&step.to_be_bytes()[..], &vec![7; length]].concat()))
    };
    (0..8 + seed % 8).map(change).collect()
}

impl Ledger {
    pub fn open(env: &Env) -> Result<Self> {
        Ok(Self { log: env.dbi("log")?, data: env.dbi("data")?, pairs: env.multi_dbi("pairs")? })
    }

    /// Does `step` in a transaction.
    pub fn step(&self, txn: &mut WriteTxn, step: u32) -> Result<()> {
        let before = self.log.len(txn)?;
        for (key, value) in changes(step) {
            match value {
                Some(value) => self.data.put(txn, key, &value)?,
                None => self.data.delete(txn, key).map(drop)?,
            }
            self.pairs.insert(txn, key % 7, step)?;
        }
        self.log.put(txn, step, before)
    }

    /// Does `step` as a batch after `before` other steps; a batch leaves out the pairs.
    pub fn batch(&self, step: u32, before: u64) -> Result<Batch> {
        let mut batch = Batch::new();
        for (key, value) in changes(step) {
            match value {
                Some(value) => batch.put(&self.data, key, &value)?,
                None => batch.delete(&self.data, key)?,
            };
        }
        batch.insert(&self.log, step, before)?;
        Ok(batch)
    }

    /// Returns the steps of a state in order, after a check that it holds nothing else. `batches` says which steps are
    /// done as batches.
    pub fn check(&self, snap: &Snapshot, batches: impl Fn(u32) -> bool) -> Result<Vec<u32>> {
        let mut order: Vec<(u64, u32)> = Vec::new();
        for entry in self.log.iter(snap)? {
            let (step, before) = entry?;
            order.push((before, step));
        }
        order.sort_unstable();
        let steps: Vec<u32> = order.iter().map(|(_, step)| *step).collect();
        assert!(order.iter().map(|(before, _)| *before).eq(0..order.len() as u64), "one after another: {order:?}");
        let (mut data, mut pairs) = (BTreeMap::new(), Vec::new());
        for &step in &steps {
            for (key, value) in changes(step) {
                match value {
                    Some(value) => data.insert(key, value),
                    None => data.remove(&key),
                };
                if !batches(step) {
                    pairs.push((key % 7, step));
                }
            }
        }
        pairs.sort_unstable();
        pairs.dedup();
        let found = self.data.iter(snap)?.map(|entry| entry.map(|(key, value)| (key, value.to_vec())));
        assert!(found.collect::<Result<BTreeMap<_, _>>>()? == data, "the data of {steps:?}, and no other");
        assert_eq!(self.pairs.pairs(snap)?.collect::<Result<Vec<_>>>()?, pairs, "the pairs of {steps:?}");
        Ok(steps)
    }
}
