//! Removals agree with a model in any mix: from both ends, by key, by range and by predicate, between puts and in
//! savepoints that are kept or undone; in the transaction, and in the file after its commit.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;

use crate::durability::Durability;
use crate::{Dbi, Env, Error, ErrorKind, Result, WriteTxn};

type Rows = Dbi<u16, u16>;
type Model = BTreeMap<u16, u16>;

/// Rows in the file: the even keys below twice this number.
const ROWS: u16 = 400;

#[derive(Clone, Debug)]
enum Act {
    Put(u16, u16),
    Delete(u16),
    DeleteRange(u16, u16),
    PopFirst(u8),
    PopLast(u8),
    Update(u16),
    Extract(u16, u8),
    Retain(u16),
    Len,
    Savepoint(Vec<Act>, bool),
}

fn act() -> impl Strategy<Value = Act> {
    let key = 0..2 * ROWS + 20;
    let act = prop_oneof![
        3 => (key.clone(), any::<u16>()).prop_map(|(key, value)| Act::Put(key, value)),
        // Before what pops have left, and after all rows.
        2 => (0_u16..60, any::<u16>()).prop_map(|(key, value)| Act::Put(key, value)),
        2 => (2 * ROWS - 60..2 * ROWS + 20, any::<u16>()).prop_map(|(key, value)| Act::Put(key, value)),
        3 => key.clone().prop_map(Act::Delete),
        1 => (key.clone(), 0_u16..60).prop_map(|(from, rows)| Act::DeleteRange(from, rows)),
        4 => (1_u8..40).prop_map(Act::PopFirst),
        4 => (1_u8..40).prop_map(Act::PopLast),
        1 => key.clone().prop_map(Act::Update),
        1 => (1_u16..9, any::<u8>()).prop_map(|(parts, most)| Act::Extract(parts, most)),
        1 => (1_u16..9).prop_map(Act::Retain),
        1 => Just(Act::Len),
    ];
    act.prop_recursive(3, 60, 8, |act| {
        (vec(act, 0..8), any::<bool>()).prop_map(|(acts, is_kept)| Act::Savepoint(acts, is_kept))
    })
}

fn run(txn: &mut WriteTxn, dbi: &Rows, model: &mut Model, act: &Act) -> Result<()> {
    match *act {
        Act::Put(key, value) => {
            dbi.put(txn, key, value)?;
            model.insert(key, value);
        }
        Act::Delete(key) => assert_eq!(dbi.delete(txn, key)?, model.remove(&key).is_some(), "delete {key}"),
        Act::DeleteRange(from, rows) => {
            let before = model.len();
            model.retain(|key, _| !(from..from + rows).contains(key));
            assert_eq!(dbi.delete_range(txn, from..from + rows)?, (before - model.len()) as u64);
        }
        Act::PopFirst(times) => {
            for _ in 0..times {
                assert_eq!(dbi.pop_first(txn)?, model.pop_first());
            }
        }
        Act::PopLast(times) => {
            for _ in 0..times {
                assert_eq!(dbi.pop_last(txn)?, model.pop_last());
            }
        }
        Act::Update(key) => {
            for _ in 0..3 {
                let made = dbi.update(txn, key, |old| Some(old.unwrap_or(7).wrapping_add(1)))?;
                *model.entry(key).or_insert(7) = made.unwrap_or_default();
                assert_eq!(dbi.get(txn, key)?, made);
            }
        }
        Act::Extract(parts, most) => {
            let extracted: Vec<_> = dbi
                .extract_if(txn, .., |_, value| value % parts == 0)?
                .take(usize::from(most))
                .collect::<Result<_>>()?;
            let wanted = model.iter().filter(|(_, value)| **value % parts == 0).map(|(key, value)| (*key, *value));
            assert_eq!(extracted, wanted.take(usize::from(most)).collect::<Vec<_>>());
            for (key, _) in &extracted {
                model.remove(key);
            }
        }
        Act::Retain(parts) => {
            let before = model.len();
            model.retain(|_, value| *value % parts != 0);
            assert_eq!(dbi.retain(txn, .., |_, value| value % parts != 0)?, (before - model.len()) as u64);
        }
        Act::Len => assert_eq!(dbi.len(txn)?, model.len() as u64),
        Act::Savepoint(ref acts, is_kept) => {
            let before = model.clone();
            let ended = txn.savepoint(|txn| {
                acts.iter().try_for_each(|act| run(txn, dbi, model, act))?;
                if is_kept { Ok(()) } else { Err(Error::new(ErrorKind::Other, "undone on purpose")) }
            });
            if ended.is_err() {
                *model = before;
            }
            assert_eq!(ended.map_err(|error| error.kind()).err(), (!is_kept).then_some(ErrorKind::Other));
        }
    }
    Ok(())
}

fn check(acts: &[Vec<Act>]) -> Result<()> {
    let env = Env::options().durability(Durability::Process).temporary()?;
    let dbi: Rows = env.dbi("rows")?;
    let mut model: Model = (0..ROWS).map(|row| (2 * row, row)).collect();
    env.transact(|txn| dbi.load(txn, model.clone()))?;
    for acts in acts {
        env.transact(|txn| {
            for act in acts {
                run(txn, &dbi, &mut model, act)?;
                assert_eq!(dbi.first(txn)?, model.first_key_value().map(|(key, value)| (*key, *value)), "{act:?}");
            }
            let all: Model = dbi.iter(txn)?.collect::<Result<_>>()?;
            assert_eq!(all, model);
            Ok(())
        })?;
        let all: Model = dbi.iter(&env.snapshot()?)?.collect::<Result<_>>()?;
        assert_eq!(all, model, "after the commit");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]
    #[test]
    fn with_a_model(acts in vec(vec(act(), 0..24), 1..4)) {
        let checked = check(&acts);
        prop_assert!(checked.is_ok(), "{checked:?}");
    }
}
