//! Ascending keys are appended to the sorted blocks piece by piece. The result agrees with a map, whatever happens
//! between two pieces.

use proptest::test_runner::TestCaseError;

use crate::error::Error;
use crate::write_set::changes::{DbiChanges, PIECE};
use crate::write_set::tests::model::{Act, Model, act, look, look_at};

/// Ascending keys of several lengths: numbers of eight bytes, and text and bytes whose first words are the same.
const KEYS: [fn(usize) -> Vec<u8>; 3] = [
    |n| (n as u64 * 3).to_be_bytes().to_vec(),
    |n| format!("a common beginning {n:08}").into_bytes(),
    |n| [&b"eight by"[..], &vec![0; n % 7], &(n as u64).to_be_bytes()].concat(),
];

/// What happens between two pieces.
#[derive(Clone, Copy, Debug)]
enum Between {
    Nothing,
    Look,
    /// Puts an existing key, the last one or a much older one, and a key between it and the next; `LookBack` reads
    /// before.
    Back(usize),
    LookBack(usize),
    Delete,
    Gap,
    Tidy,
    /// A layer of its own, which is absorbed.
    Layer,
}

fn fail(error: Error) -> TestCaseError {
    TestCaseError::fail(error.to_string())
}

fn put(layer: &mut (DbiChanges, Model), key: Vec<u8>, value: usize) -> Result<(), TestCaseError> {
    act(&mut layer.0, &mut layer.1, &Act::Put(key, value.to_le_bytes().to_vec())).map_err(fail)
}

fn between(what: Between, at: usize, keys: &[Vec<u8>], layer: &mut (DbiChanges, Model)) -> Result<(), TestCaseError> {
    let (changes, model) = layer;
    match what {
        Between::Nothing => Ok(()),
        Between::Look => look(changes, model),
        Between::Back(by) | Between::LookBack(by) => {
            if let Between::LookBack(_) = what {
                look(changes, model)?;
            }
            let back = &keys[at.saturating_sub(by)];
            put(layer, back.clone(), by)?;
            put(layer, [back, &b"!"[..]].concat(), by)
        }
        Between::Delete => act(changes, model, &Act::Delete(keys[at / 2].clone())).map_err(fail),
        Between::Gap => {
            act(changes, model, &Act::Gap(keys[at / 3].clone(), Some(keys[at / 3 + 70].clone()))).map_err(fail)
        }
        Between::Tidy => act(changes, model, &Act::Tidy).map_err(fail),
        Between::Layer => {
            let mut newer = (DbiChanges::new(), Model::default());
            for key in &keys[at / 2..at / 2 + 2 * PIECE] {
                put(&mut newer, key.clone(), at)?;
            }
            changes.absorb(newer.0);
            model.absorb(newer.1);
            Ok(())
        }
    }
}

#[test]
fn keys_that_ascend_agree_with_the_model_whatever_comes_between() -> Result<(), TestCaseError> {
    let all = [
        Between::Nothing,
        Between::Look,
        Between::Back(0),
        Between::Back(1),
        Between::Back(2 * PIECE),
        Between::LookBack(0),
        Between::LookBack(1),
        Between::LookBack(2 * PIECE),
        Between::Delete,
        Between::Gap,
        Between::Tidy,
        Between::Layer,
    ];
    let rows = 2 * PIECE + 300;
    for key in KEYS {
        let mut keys: Vec<_> = (0..rows + 2 * PIECE).map(key).collect();
        keys.sort();
        for what in all {
            // In the middle of a piece, and at its end.
            for at in [PIECE - 1, PIECE, PIECE + 1, 2 * PIECE + 50] {
                let mut layer = (DbiChanges::new(), Model::default());
                for (n, key) in keys[..rows].iter().enumerate() {
                    put(&mut layer, key.clone(), n)?;
                    if n == at {
                        between(what, at, &keys, &mut layer)?;
                    }
                }
                let (changes, model) = &layer;
                look(changes, model)?;
                keys.iter().step_by(97).try_for_each(|key| look_at(changes, model, key))?;
            }
        }
    }
    Ok(())
}

#[test]
fn a_scan_of_all_gives_every_record_in_order() -> Result<(), Error> {
    // The keys ascend, descend, or come in no order; records have all lengths.
    let orders: [fn(usize) -> usize; 3] = [|n| n, |n| 9_999 - n, |n| n * 7919 % 10_000];
    for order in orders {
        let mut changes = DbiChanges::new();
        let value = |n: usize| vec![n.to_le_bytes()[0]; n % 700];
        for n in (0..10_000).map(order) {
            changes.put(&n.to_be_bytes(), &value(n))?;
        }
        changes.delete(&77_usize.to_be_bytes())?;
        let mut all = changes.iter_all();
        for n in 0..10_000_usize {
            let expected = (n != 77).then(|| value(n));
            assert_eq!(all.next(), Some((&n.to_be_bytes()[..], expected.as_deref())));
        }
        assert_eq!(all.next(), None);
    }
    Ok(())
}
