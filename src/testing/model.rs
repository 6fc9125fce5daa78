//! Random operations, against ordered maps of the standard library.

use std::collections::BTreeMap;
use std::ops::Bound;

use crate::error::{Error, ErrorKind, Result};
use crate::store::{Backend, BackendRead, BackendTxn, KeySpan, Order};
use crate::testing::engines::Engines;
use crate::testing::expect::{all, collect, modelled, same, space};
use crate::testing::random::Random;

type Model = BTreeMap<Vec<u8>, Vec<u8>>;

const TRANSACTIONS: usize = 300;
const SPACES: usize = 2;

/// Random transactions of puts, deletions and deleted spans in two spaces, of which some fail, do in each step what they do
/// to ordered maps; so do look-ups and scans in them, and all snapshots that were kept meanwhile.
///
/// # Errors
/// How the law is broken.
pub fn random_operations_match_a_model<B: Backend>(engines: &Engines<B>) -> Result<()> {
    let engine = engines.make()?;
    let spaces = [space(&engine, "model0")?, space(&engine, "model1")?];
    let mut random = Random(1);
    let mut models = [Model::new(), Model::new()];
    let mut kept: Vec<(B::Snapshot, [Model; SPACES])> = Vec::new();
    for n in 0..TRANSACTIONS {
        let (seed, fails) = (random.next(), random.below(8) == 0);
        let outcome = engine.transact(|txn| {
            // The work may run again, and must do the same then.
            let (mut random, mut models) = (Random(seed), models.clone());
            for _ in 0..=random.below(12) {
                let at = random.below(SPACES);
                step(txn, &spaces[at], &mut models[at], &mut random)?;
            }
            if fails { Err(Error::new(ErrorKind::Capacity, "this transaction fails")) } else { Ok(models) }
        });
        match outcome {
            Ok((changed, _)) => models = changed,
            Err(error) if fails && error.kind() == ErrorKind::Capacity => {}
            Err(error) => return Err(error),
        }
        if n % 10 == 0 {
            for (space, model) in spaces.iter().zip(&models) {
                let expected = modelled(model, (Bound::Unbounded, Bound::Unbounded), Order::Ascending, usize::MAX);
                same(&format!("the rows after {n} transactions"), &all(&engine, space)?, &expected)?;
            }
            kept.push((engine.snapshot()?, models.clone()));
        }
        if kept.len() > 5 {
            let (snapshot, models) = kept.swap_remove(random.below(5));
            check_snapshot::<B>(&snapshot, &spaces, &models, &mut random)?;
        }
    }
    kept.iter().try_for_each(|(snapshot, models)| check_snapshot::<B>(snapshot, &spaces, models, &mut random))
}

/// One operation in a transaction.
fn step<S>(txn: &mut dyn BackendTxn<S>, space: &S, model: &mut Model, random: &mut Random) -> Result<()> {
    let key = random.key();
    match random.below(10) {
        0..=3 => {
            let value = random.value();
            txn.put(space, (&key[..]).into(), (&value[..]).into())?;
            model.insert(key, value);
        }
        4 | 5 => {
            txn.delete(space, &key)?;
            model.remove(&key);
        }
        6 => {
            let (lower, upper) = (random.key(), random.key());
            let span = random_span(&lower, &upper, random);
            txn.delete_span(space, span)?;
            model.retain(|key, _| !std::ops::RangeBounds::<[u8]>::contains(&span, key));
        }
        7 => same("a look-up in a transaction", &txn.get(space, &key)?.map(Vec::from), &model.get(&key).cloned())?,
        _ => {
            let upper = random.key();
            let span = random_span(&key, &upper, random);
            let (order, most) = ([Order::Ascending, Order::Descending][random.below(2)], 1 + random.below(10));
            let found = collect(most, |each| txn.scan(space, span, order, most, each))?;
            same(&format!("a scan of {span:?} in a transaction"), &found, &modelled(model, span, order, most))?;
        }
    }
    Ok(())
}

fn random_span<'k>(lower: &'k [u8], upper: &'k [u8], random: &mut Random) -> KeySpan<'k> {
    let mut bound = |key| match random.below(5) {
        0 => Bound::Unbounded,
        1 | 2 => Bound::Included(key),
        _ => Bound::Excluded(key),
    };
    (bound(lower), bound(upper))
}

/// A snapshot has the rows of the models, in whole and in spans.
fn check_snapshot<B: Backend>(
    snapshot: &B::Snapshot,
    spaces: &[B::Space; SPACES],
    models: &[Model; SPACES],
    random: &mut Random,
) -> Result<()> {
    for (space, model) in spaces.iter().zip(models) {
        for order in [Order::Ascending, Order::Descending] {
            let (lower, upper) = (random.key(), random.key());
            for span in [(Bound::Unbounded, Bound::Unbounded), random_span(&lower, &upper, random)] {
                let expected = modelled(model, span, order, usize::MAX);
                let found = collect(usize::MAX, |each| snapshot.scan(space, span, order, usize::MAX, each))?;
                same(&format!("the rows of {span:?} in a snapshot"), &found, &expected)?;
                same(
                    &format!("the count of {span:?} in a snapshot"),
                    &snapshot.count(space, span)?,
                    &(expected.len() as u64),
                )?;
            }
        }
        let key = random.key();
        same("a look-up in a snapshot", &snapshot.get(space, &key)?.map(Vec::from), &model.get(&key).cloned())?;
    }
    Ok(())
}
