//! Bytes: the empty key, keys of the greatest length, keys one byte longer, and keys of megabytes, at all positions.

use mapleaf::{Env, ErrorKind, Result};

use crate::law::{Case, holds};

/// A key of megabytes.
pub const LONG: usize = 3 << 20;

/// The length of a long tuple element. Escaping megabytes again for each method would take long.
pub const LONG_ELEMENT: usize = 66_000;

pub fn refusal(key: &[u8], max: usize) -> Option<ErrorKind> {
    match key.len() {
        0 => Some(ErrorKind::InvalidKey),
        len => (len > max).then_some(ErrorKind::TooLarge),
    }
}

/// The greatest length of a key.
pub const MAX: usize = if cfg!(feature = "longer-keys") { 1982 } else { 511 };

/// Keys of bytes: short, and of the greatest length.
pub fn stored() -> Vec<Vec<u8>> {
    let mut stored: Vec<Vec<u8>> = [0, b'm', 0xFF].into_iter().map(|byte| vec![byte; MAX]).collect();
    stored.extend([vec![0], vec![0, 0], vec![0xFF], vec![0xFF; 2], vec![0xFF; MAX - 1], vec![b'm'; MAX - 1]]);
    stored.push([vec![b'm'; MAX - 1], vec![b'n']].concat());
    stored.push([vec![b'm'; MAX - 1], vec![0]].concat());
    stored
        .extend((0..30_u8).map(|n| vec![b'a' + n % 26, n, 0xFF, 0].into_iter().take(1 + usize::from(n % 4)).collect()));
    stored.sort();
    stored.dedup();
    stored
}

fn ends() -> Vec<Vec<u8>> {
    let mut ends = vec![vec![], vec![0], vec![0; MAX + 1], b"c".to_vec(), vec![b'm'; MAX], vec![b'm'; MAX + 1]];
    ends.extend([[vec![b'm'; MAX], vec![0]].concat(), vec![b'n'; MAX + 1], vec![0xFF; MAX], vec![0xFF; MAX + 1]]);
    ends
}

fn probes() -> Vec<Vec<u8>> {
    let mut probes = vec![vec![0; LONG], vec![b'm'; LONG], vec![b'c'; LONG], vec![0xFF; LONG], vec![b'n'; MAX]];
    probes.extend([vec![b'm'; MAX - 1], vec![b'l'; MAX + 2], b"q\x01".to_vec(), vec![b'z', 25, 0xFF]]);
    probes.push([vec![0xFF; MAX - 1], vec![0xFE; 2]].concat());
    probes
}

#[test]
fn byte_keys_that_cannot_be_stored_are_absent_at_their_position() -> Result<()> {
    assert_eq!(Env::temporary()?.max_key_size(), MAX, "pages of 4 KiB");
    holds::<&[u8], Vec<u8>>(&Case {
        stored: stored(),
        probes: probes(),
        ends: ends(),
        arg: |key| key,
        order: Clone::clone,
        refusal: |key| refusal(key, MAX),
    })
}

#[test]
fn arrays_longer_than_a_key_are_absent_at_their_position() -> Result<()> {
    // None of these keys can be stored, so the database is empty; the methods still answer.
    holds::<[u8; 2000], Vec<u8>>(&Case {
        stored: vec![],
        probes: vec![[0; 2000], [7; 2000]],
        ends: vec![[0; 2000], [0xFF; 2000]],
        arg: |key| *key,
        order: |key| key.to_vec(),
        refusal: |_| Some(ErrorKind::TooLarge),
    })
}

#[cfg(feature = "rayon")]
#[test]
fn parallel_scans_end_where_keys_that_cannot_be_stored_sort() -> Result<()> {
    use rayon::iter::ParallelIterator as _;

    let env = Env::temporary()?;
    let dbi: mapleaf::Dbi<&[u8], ()> = env.dbi("d")?;
    env.transact(|txn| stored().iter().try_for_each(|key| dbi.put(txn, key, ())))?;
    let snap = env.snapshot()?;
    for low in ends() {
        for high in probes() {
            let inside = stored().iter().filter(|key| **key >= low && **key < high).count();
            assert_eq!(dbi.par_iter(&snap, &low[..]..&high[..])?.count(), inside);
        }
    }
    Ok(())
}
