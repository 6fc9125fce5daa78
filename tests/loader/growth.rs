//! A load makes the map grow repeatedly, within chunks and within one transaction.

use crate::common::errors::{directory, refused};
use mapleaf::{Dbi, Durability, Env, ErrorKind, Result};

const MIB: usize = 1 << 20;

fn key(n: u64) -> u64 {
    n.wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

#[test]
fn a_load_stores_every_row_once_while_the_map_grows() -> Result<()> {
    // Rows from memory and from runs; in chunks that fit the map, in chunks that make it grow twice, in one chunk.
    for memory in [64 << 10, 256 * MIB] {
        for chunk in [200_000, 3 * MIB, usize::MAX] {
            let dir = directory()?;
            let env = Env::options().map_size(MIB).durability(Durability::Process).open(dir.path())?;
            let ours: Dbi<u64, &[u8]> = env.dbi("ours")?;
            let theirs: Dbi<u64, &[u8]> = env.dbi("theirs")?;
            let snap = env.snapshot()?;
            let mut loader = env.loader().memory(memory).chunk(chunk);
            for n in 0..40_000 {
                let dbi = if n % 2 == 0 { &ours } else { &theirs };
                let value = if n % 1000 == 0 { vec![1; 5000] } else { vec![2; 100] };
                loader.put(dbi, key(n), &value)?;
            }
            let report = loader.finish()?;
            assert_eq!((report.stored, report.chunks == 1), (40_000, chunk == usize::MAX), "{report:?}");
            assert!(env.info()?.map_size >= 4 * MIB as u64, "it grew");
            assert!(ours.is_empty(&snap)? && theirs.is_empty(&snap)?);
            let snap = env.snapshot()?;
            for (dbi, first) in [(&ours, 0), (&theirs, 1)] {
                let mut keys: Vec<u64> = (first..40_000).step_by(2).map(key).collect();
                keys.sort_unstable();
                assert_eq!(dbi.keys(&snap)?.collect::<Result<Vec<_>>>()?, keys);
                for n in (first..40_000).step_by(2) {
                    assert_eq!(dbi.get(&snap, key(n))?.map(<[u8]>::len), Some(if n % 1000 == 0 { 5000 } else { 100 }));
                }
            }
            assert!(env.verify()?.is_clean());
        }
    }
    Ok(())
}

#[test]
fn a_load_over_the_maximum_map_size_leaves_whole_chunks_or_nothing() -> Result<()> {
    for atomic in [false, true] {
        let dir = directory()?;
        let options = Env::options().map_size(MIB).max_map_size(4 * MIB).durability(Durability::Process);
        let env = options.open(dir.path())?;
        let dbi: Dbi<u64, &[u8]> = env.dbi("d")?;
        let loader = env.loader().memory(64 << 10);
        let mut loader = if atomic { loader.atomic() } else { loader.chunk(124 * 1000) };
        loader.load(&dbi, (0..60_000_u64).rev().map(|n| (n, [3; 100])))?;
        let error = refused(loader.finish(), ErrorKind::MapFull);
        assert_eq!(error.operation(), Some("finish"));
        let snap = env.snapshot()?;
        let there: Vec<u64> = dbi.keys(&snap)?.collect::<Result<_>>()?;
        assert!(there.iter().copied().eq(0..there.len() as u64), "the least keys");
        assert_eq!((there.len() % 1000, there.is_empty()), (0, atomic), "{} rows", there.len());
        drop(snap);
        env.transact(|txn| dbi.delete(txn, 0).map(drop))?;
        assert!(env.verify()?.is_clean());
    }
    Ok(())
}
