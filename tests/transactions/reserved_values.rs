//! `put_reserved` stores what its closure writes into zeros, as `put` would. If the closure fails or panics, nothing
//! changes.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use mapleaf::{Dbi, Durability, Env, Error, ErrorKind, Result, WriteTxn};
use proptest::collection::vec;
use proptest::prelude::*;

type Rows = Dbi<u8, Vec<u8>>;
type Model = BTreeMap<u8, Vec<u8>>;

#[derive(Clone, Debug)]
enum Step {
    Put(u8, usize),
    Reserved(u8, usize),
    /// The closure fails, or panics.
    Failing(u8, usize, bool),
    Delete(u8),
    Look,
    /// These steps in a savepoint, which is kept or undone.
    Savepoint(Vec<Step>, bool),
}

fn lengths() -> impl Strategy<Value = usize> {
    prop_oneof![4 => 0..100_usize, 2 => 500..5000_usize, 1 => 60_000..200_000_usize]
}

fn step() -> impl Strategy<Value = Step> {
    let leaf = prop_oneof![
        3 => (any::<u8>(), lengths()).prop_map(|(key, len)| Step::Put(key % 24, len)),
        6 => (any::<u8>(), lengths()).prop_map(|(key, len)| Step::Reserved(key % 24, len)),
        2 => (any::<u8>(), lengths(), any::<bool>()).prop_map(|(key, len, panics)| Step::Failing(key % 24, len, panics)),
        2 => any::<u8>().prop_map(|key| Step::Delete(key % 24)),
        1 => Just(Step::Look),
    ];
    leaf.prop_recursive(2, 12, 6, |inner| {
        (vec(inner, 0..6), any::<bool>()).prop_map(|(steps, kept)| Step::Savepoint(steps, kept))
    })
}

fn pattern(seed: usize, bytes: &mut [u8]) {
    bytes.iter_mut().zip(seed..).for_each(|(byte, n)| *byte = n.to_le_bytes()[0] ^ 0x3C);
}

fn check(rows: &Rows, txn: &WriteTxn, model: &Model) -> Result<()> {
    assert_eq!(rows.len(txn)?, model.len() as u64);
    assert!(rows.iter(txn)?.collect::<Result<Model>>()? == *model);
    Ok(())
}

fn run(steps: &[Step], rows: &Rows, txn: &mut WriteTxn, model: &mut Model) -> Result<()> {
    for (n, step) in steps.iter().enumerate() {
        match step {
            Step::Put(key, len) => {
                let mut value = vec![0; *len];
                pattern(n, &mut value);
                rows.put(txn, *key, &value)?;
                model.insert(*key, value);
            }
            Step::Reserved(key, len) => {
                rows.put_reserved(txn, *key, *len, |bytes| {
                    assert_eq!((bytes.len(), bytes.iter().all(|byte| *byte == 0)), (*len, true));
                    // The rest stays zero.
                    pattern(n, &mut bytes[..len / 2]);
                })?;
                let mut value = vec![0; *len];
                pattern(n, &mut value[..len / 2]);
                model.insert(*key, value);
            }
            Step::Failing(key, len, panics) => {
                let tried = catch_unwind(AssertUnwindSafe(|| {
                    rows.try_put_reserved(txn, *key, *len, |bytes| {
                        bytes.fill(9);
                        if *panics { resume_unwind(Box::new("on purpose")) } else { Err(Error::other(std::fmt::Error)) }
                    })
                }));
                assert!(tried.is_err() == *panics && !matches!(tried, Ok(Ok(()))));
                assert!(rows.get(txn, *key)? == model.get(key).cloned());
            }
            Step::Delete(key) => assert_eq!(rows.delete(txn, *key)?, model.remove(key).is_some()),
            Step::Look => check(rows, txn, model)?,
            Step::Savepoint(steps, kept) => {
                let mut inside = model.clone();
                let ran = txn.savepoint_or(|txn| {
                    run(steps, rows, txn, &mut inside).map_err(Some)?;
                    if *kept { Ok(()) } else { Err(None) }
                });
                match ran {
                    Ok(()) => *model = inside,
                    Err(None) => {}
                    Err(Some(error)) => return Err(error),
                }
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn a_model_agrees(committed in vec(step(), 0..8), steps in vec(step(), 0..24)) {
        let env = Env::options().durability(Durability::Process).temporary()?;
        let rows: Rows = env.dbi("rows")?;
        let mut model = Model::new();
        for steps in [&committed, &steps, &committed] {
            env.transact(|txn| {
                run(steps, &rows, txn, &mut model)?;
                check(&rows, txn, &model)
            })?;
        }
        let snap = env.snapshot()?;
        prop_assert!(rows.iter(&snap)?.collect::<Result<Model>>()? == model);
        prop_assert_eq!(env.verify()?.faults.len(), 0);
    }
}

#[test]
fn what_cannot_be_stored_is_refused_before_the_closure_runs() -> Result<()> {
    let env = Env::options().max_txn_bytes(100_000).temporary()?;
    let rows: Dbi<&str, &[u8]> = env.dbi("rows")?;
    env.transact(|txn| {
        let mut refused = |key: &str, len| {
            let refused = rows.put_reserved(txn, key, len, |_| panic!("it is not called"));
            let error = refused.expect_err("it cannot be stored");
            assert_eq!(error.operation(), Some("put_reserved"));
            error.kind()
        };
        assert_eq!(refused("", 1), ErrorKind::InvalidKey);
        assert_eq!(refused(&"k".repeat(3000), 1), ErrorKind::TooLarge);
        assert_eq!(refused("key", 100_000), ErrorKind::TooLarge, "over max_txn_bytes");
        assert_eq!(refused("key", usize::MAX), ErrorKind::TooLarge, "over the longest value");
        assert!(rows.is_empty(txn)?);
        rows.put_reserved(txn, "key", 90_000, |bytes| bytes.fill(1))
    })?;
    assert_eq!(rows.get(&env.snapshot()?, "key")?.map(<[u8]>::len), Some(90_000));
    Ok(())
}
