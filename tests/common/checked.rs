//! States that can be checked: commit number `n` alone determines the content of every database.

use std::ops::{ControlFlow, Range};

use mapleaf::{Dbi, Env, ListOptions, MultiDbi, Result, Snapshot, WriteTxn};

/// Every commit rewrites this many keys.
const KEYS: u32 = 240;
/// Every commit adds one key to the window; the newest ones, this many, stay.
const WINDOW: u64 = 90;
/// Every commit moves an amount between two of this many accounts.
const ACCOUNTS: u16 = 40;

/// The databases of one environment.
pub struct Checked {
    head: Dbi<u32, u64>,
    values: Dbi<u32, &'static [u8]>,
    window: Dbi<u64, u64>,
    accounts: Dbi<u16, i64>,
    pairs: MultiDbi<u16, u64>,
}

/// The value that commit `n` stores under a rewritten key. Some values are longer than a page.
fn value(n: u64, key: u32) -> Vec<u8> {
    let length = 8 + if key.is_multiple_of(40) { 3000 + usize::try_from(n % 50).unwrap_or(0) * 90 } else { 30 };
    let mut value = vec![u8::try_from((n + u64::from(key)) % 256).unwrap_or(0); length];
    value[..8].copy_from_slice(&n.to_be_bytes());
    value
}

/// The keys in the window after commit `n`.
fn window(n: u64) -> Range<u64> {
    (n + 1).saturating_sub(WINDOW).max(1)..n + 1
}

fn set_of(key: u64) -> u16 {
    u16::try_from(key % 7).unwrap_or(0)
}

impl Checked {
    pub fn open(env: &Env) -> Result<Self> {
        Ok(Self {
            head: env.dbi("head")?,
            values: env.dbi("values")?,
            window: env.dbi("window")?,
            accounts: env.dbi("accounts")?,
            pairs: env.multi_dbi("pairs")?,
        })
    }

    /// Makes the next state and returns its number.
    pub fn step(&self, txn: &mut WriteTxn) -> Result<u64> {
        let n = self.head.get(txn, 0)?.unwrap_or(0) + 1;
        self.head.put(txn, 0, n)?;
        (0..KEYS).try_for_each(|key| self.values.put(txn, key, &value(n, key)))?;
        self.window.put(txn, n, n * 3)?;
        self.pairs.insert(txn, set_of(n), n)?;
        let (from, to) = (n % u64::from(ACCOUNTS), n * 7 % u64::from(ACCOUNTS));
        for (account, amount) in [(from, -5_i64), (to, 5)] {
            let account = u16::try_from(account).unwrap_or(0);
            self.accounts.update(txn, account, |held| Some(held.unwrap_or(0) + amount))?;
        }
        if n > WINDOW {
            assert!(self.window.delete(txn, n - WINDOW)?);
            assert!(self.pairs.remove(txn, set_of(n - WINDOW), n - WINDOW)?);
        }
        Ok(n)
    }

    /// Returns the number of the state that `snap` shows, after a check that every database is of that commit. `turn`
    /// selects the read methods.
    pub fn check(&self, snap: &Snapshot, turn: u64) -> Result<u64> {
        let n = self.head.get(snap, 0)?.unwrap_or(0);
        if n == 0 {
            assert!(self.values.is_empty(snap)? && self.window.is_empty(snap)? && self.pairs.is_empty(snap)?);
            return Ok(0);
        }
        self.check_values(snap, n, turn)?;
        self.check_window(snap, n, turn)?;
        let mut sum = 0;
        let flow = self.accounts.for_each(snap, .., |_, amount| {
            sum += amount;
            ControlFlow::Continue(())
        })?;
        assert_eq!(flow, ControlFlow::Continue(()));
        assert_eq!(sum, 0, "in state {n}");
        let pairs: Vec<(u16, u64)> = self.pairs.pairs(snap)?.collect::<Result<_>>()?;
        let mut expected: Vec<(u16, u64)> = window(n).map(|key| (set_of(key), key)).collect();
        expected.sort_unstable();
        assert_eq!(pairs, expected, "in state {n}");
        Ok(n)
    }

    fn check_values(&self, snap: &Snapshot, n: u64, turn: u64) -> Result<()> {
        let mut found: Vec<(u32, &[u8])> = match turn % 4 {
            0 => self.values.iter(snap)?.collect::<Result<_>>()?,
            1 => self.values.iter(snap)?.rev().collect::<Result<_>>()?,
            2 => self.values.par_scan(snap, .., 3)?.into_iter().flatten().collect::<Result<_>>()?,
            _ => {
                let values = self.values.get_many(snap, 0..KEYS)?;
                (0..).zip(values).filter_map(|(key, value)| Some((key, value?))).collect()
            }
        };
        found.sort_unstable();
        assert_eq!(found.len(), KEYS as usize, "in state {n}");
        for (key, stored) in found {
            assert!(stored == value(n, key), "key {key} in state {n} is of another");
        }
        Ok(())
    }

    fn check_window(&self, snap: &Snapshot, n: u64, turn: u64) -> Result<()> {
        let expected = window(n);
        let middle = expected.start + (expected.end - expected.start) / 2;
        assert_eq!(self.window.len(snap)?, expected.end - expected.start, "in state {n}");
        assert_eq!(self.window.rank(snap, middle)?, middle - expected.start, "in state {n}");
        assert_eq!(self.window.first(snap)?, Some((expected.start, expected.start * 3)), "in state {n}");
        assert_eq!(self.window.last(snap)?, Some((n, n * 3)), "in state {n}");
        let found: Vec<(u64, u64)> = if turn.is_multiple_of(2) {
            let mut entries = self.window.iter(snap)?;
            entries.seek(middle)?;
            entries.collect::<Result<_>>()?
        } else {
            let behind = ListOptions::default().limit(200);
            let page = self.window.list(snap, behind)?;
            page.items.into_iter().filter(|(key, _)| *key >= middle).collect()
        };
        assert!(found.into_iter().eq((middle..expected.end).map(|key| (key, key * 3))), "in state {n}");
        Ok(())
    }
}
