//! Checks a law in every state in which a database can be read.

use mapleaf::{Dbi, Env, Key, Read, Result, Snapshot};

/// So long that a few entries fill a leaf.
const VALUE: usize = 700;

/// A database whose values hold the number of their key in the pool.
pub type Numbered<K> = Dbi<K, &'static [u8]>;

/// A law of every state. `present` are the numbers of the stored keys, ascending.
pub trait Law<K: Key> {
    fn holds<R: Read>(&self, dbi: &Numbered<K>, state: &R, present: &[usize]) -> Result<()>;

    /// A law of snapshots only.
    fn holds_of_snapshots(&self, _: &Numbered<K>, _: &Snapshot, _: &[usize]) -> Result<()> {
        Ok(())
    }
}

/// The value of key `n` of the pool.
pub fn value(n: usize) -> Vec<u8> {
    let mut value = vec![0; VALUE];
    value[..8].copy_from_slice(&n.to_be_bytes());
    value
}

/// The number of the key to which a value belongs.
pub fn number(value: &[u8]) -> usize {
    usize::from_be_bytes(*value.first_chunk().expect("every value has a number"))
}

/// Checks the law in snapshots of an empty database, of one with a single entry and of a full one, and in transactions:
/// over the base alone, over their own changes alone, over both, and over a cleared base.
///
/// `pool` holds ascending keys; all, one or a part of them are stored.
pub fn in_every_state<K: Key>(
    pool: &[K::Owned],
    arg: for<'a> fn(&'a K::Owned) -> K::Arg<'a>,
    law: &impl Law<K>,
) -> Result<()> {
    let env = Env::temporary()?;
    let all: Vec<usize> = (0..pool.len()).collect();
    let every = |step: usize| all.iter().copied().filter(|n| n % step == 0).collect::<Vec<_>>();
    let put = |txn: &mut mapleaf::WriteTxn, dbi: &Numbered<K>, numbers: &[usize]| {
        numbers.iter().try_for_each(|n| dbi.put(txn, arg(&pool[*n]), &value(*n)))
    };

    let full: Numbered<K> = env.dbi("full")?;
    let single: Numbered<K> = env.dbi("single")?;
    let empty: Numbered<K> = env.dbi("empty")?;
    let middle = [pool.len() / 2];
    env.transact(|txn| {
        put(txn, &full, &all)?;
        put(txn, &single, &middle)
    })?;

    let snap = env.snapshot()?;
    for (dbi, present) in [(&full, &all[..]), (&single, &middle), (&empty, &[])] {
        law.holds(dbi, &snap, present)?;
        law.holds_of_snapshots(dbi, &snap, present)?;
        env.transact(|txn| law.holds(dbi, txn, present))?;
    }

    env.transact(|txn| {
        put(txn, &empty, &all)?;
        law.holds(&empty, txn, &all)?;

        // The base has all keys. The transaction deletes some, replaces some, and puts some of the deleted ones back.
        for n in every(2) {
            assert!(full.delete(txn, arg(&pool[n]))?);
        }
        put(txn, &full, &every(3))?;
        let mixed: Vec<_> = all.iter().copied().filter(|n| n % 2 != 0 || n % 3 == 0).collect();
        law.holds(&full, txn, &mixed)?;

        // The base has one key. The transaction adds keys around it.
        put(txn, &single, &every(4))?;
        let mut around = [&middle[..], &every(4)].concat();
        around.sort_unstable();
        around.dedup();
        law.holds(&single, txn, &around)?;

        full.clear(txn)?;
        law.holds(&full, txn, &[])?;
        put(txn, &full, &every(3))?;
        law.holds(&full, txn, &every(3))
    })
}
