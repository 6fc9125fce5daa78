//! Scans: order, bounds, ends.

use std::collections::BTreeMap;
use std::ops::Bound;

use crate::error::Result;
use crate::store::{Backend, BackendRead, Changes, KeySpan, Order};
use crate::testing::engines::Engines;
use crate::testing::expect::{change, collect, modelled, same, space};

/// A scan gives the rows of any span in byte order, or in exactly the reverse, up to where the caller breaks. Bounds may
/// be absent, at or between keys, in the wrong order, empty, or too long to be keys. Counts agree.
///
/// # Errors
/// How the law is broken.
pub fn scans_are_ordered<B: Backend>(engines: &Engines<B>) -> Result<()> {
    let engine = engines.make()?;
    let space = space(&engine, "scans")?;
    // Keys that are prefixes of others, that differ in one bit, and that begin with the lowest and the highest byte.
    let mut keys: Vec<Vec<u8>> = vec![vec![0], vec![0, 0], vec![0, 1], vec![255], vec![255, 255], b"a".to_vec()];
    keys.extend((0..40_u8).map(|n| vec![b'k', n * 3, n % 5]));
    let model: BTreeMap<_, _> = keys.into_iter().map(|key| (key.clone(), [&key[..], b"-value"].concat())).collect();
    let changes = model.iter().rev().map(|(key, value)| change(&space, key, value)).collect();
    engine.commit(Changes { conditions: Vec::new(), changes })?;

    let snapshot = engine.snapshot()?;
    let too_long = vec![b'k'; engine.capabilities().max_key_len + 1];
    let edges: [&[u8]; 12] = [
        b"",
        &[0],
        &[0, 0],
        &[0, 0, 0],
        b"a",
        b"b",
        &[b'k', 30, 0],
        &[b'k', 31],
        &[b'k', 60],
        &[255, 255],
        &[255; 3],
        &too_long,
    ];
    let bounds = edges.iter().flat_map(|edge| [Bound::Included(*edge), Bound::Excluded(*edge)]);
    let bounds: Vec<Bound<&[u8]>> = bounds.chain([Bound::Unbounded]).collect();
    for lower in &bounds {
        for upper in &bounds {
            let span: KeySpan<'_> = (*lower, *upper);
            let expected = modelled(&model, span, Order::Ascending, usize::MAX).len() as u64;
            same(&format!("the count of {span:?}"), &snapshot.count(&space, span)?, &expected)?;
            for order in [Order::Ascending, Order::Descending] {
                for most in [1, 7, usize::MAX] {
                    let found = collect(most, |each| snapshot.scan(&space, span, order, most, each))?;
                    same(&format!("{most} rows of {span:?}, {order:?}"), &found, &modelled(&model, span, order, most))?;
                }
            }
        }
    }
    // What the caller expects to take is no limit.
    let found = collect(usize::MAX, |each| {
        snapshot.scan(&space, (Bound::Unbounded, Bound::Unbounded), Order::Ascending, 1, each)
    })?;
    same("the rows of a scan that goes on", &found.len(), &model.len())
}
