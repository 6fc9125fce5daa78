//! Reads through any stack of layers agree with a map: in snapshots, in transactions, in their savepoints, and
//! after the layers are committed as one.

use std::ops::Bound;
use std::sync::Arc;

use proptest::prelude::*;

use crate::catalog::CommitSeq;
use crate::commit::write;
use crate::env::Env;
use crate::error::{Error, ErrorKind, Result};
use crate::read::layers::Layers;
use crate::read::tests::stacks::{Act, Ends, Map, Rows, Step, act, look};
use crate::state::{Base, WriteView};
use crate::txn::WriteTxn;
use crate::write_set::WriteSet;

/// The changes and the reads of a test case.
#[derive(Clone, Debug)]
struct Case {
    /// The number of rows in the file, and the distance between their keys.
    base: (u16, u16),
    layers: Vec<Vec<Act>>,
    /// The changes of nested savepoints, and whether each is kept.
    savepoints: Vec<(Vec<Act>, bool)>,
    questions: Vec<(Ends, Vec<Step>)>,
}

fn number() -> impl Strategy<Value = u16> {
    0_u16..600
}

fn ends() -> impl Strategy<Value = Ends> {
    let end = || {
        prop_oneof![
            1 => Just(Bound::Unbounded),
            3 => number().prop_map(Bound::Included),
            3 => number().prop_map(Bound::Excluded),
        ]
    };
    (end(), end())
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        8 => (number(), any::<u8>()).prop_map(|(n, value)| Act::Put(n, value)),
        5 => number().prop_map(Act::Delete),
        2 => (number(), 1_u16..60).prop_map(|(n, len)| Act::DeleteRange((Bound::Included(n), Bound::Excluded(n + len)))),
        1 => ends().prop_map(Act::DeleteRange),
    ];
    prop::collection::vec(act, 0..40)
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => Just(Step::Next),
        4 => Just(Step::Back),
        2 => number().prop_map(Step::Seek),
        2 => number().prop_map(Step::SeekBack),
        2 => (1_usize..30).prop_map(Step::Each),
    ];
    prop::collection::vec(step, 0..20)
}

fn case() -> impl Strategy<Value = Case> {
    let layers = prop::collection::vec(acts(), 0..4);
    let savepoints = prop::collection::vec((acts(), any::<bool>()), 0..3);
    let questions = prop::collection::vec((ends(), steps()), 1..6);
    ((0_u16..300, 1_u16..4), layers, savepoints, questions).prop_map(|(base, layers, savepoints, questions)| Case {
        base,
        layers,
        savepoints,
        questions,
    })
}

fn ask(case: &Case, rows: &Rows, state: &WriteTxn, map: &Map) -> Result<()> {
    case.questions.iter().try_for_each(|(ends, steps)| look(rows, state, map, *ends, steps))
}

/// Makes changes in nested savepoints, and reads inside each and after it.
fn nest(case: &Case, rows: &Rows, txn: &mut WriteTxn, map: &mut Map, depth: usize) -> Result<()> {
    let Some((acts, kept)) = case.savepoints.get(depth) else {
        return ask(case, rows, txn, map);
    };
    let mut inner = map.clone();
    let outcome = txn.savepoint(|txn| {
        acts.iter().try_for_each(|made| act(rows, txn, &mut inner, made))?;
        nest(case, rows, txn, &mut inner, depth + 1)?;
        if *kept { Ok(()) } else { Err(Error::new(ErrorKind::Other, "not kept")) }
    });
    assert_eq!(outcome.is_ok(), *kept, "{outcome:?}");
    if *kept {
        *map = inner;
    }
    ask(case, rows, txn, map)
}

/// Lays the case's changes over the file as sets, the last one with savepoints.
fn stack(case: &Case, env: &Env, rows: &Rows, map: &mut Map) -> Result<Vec<Arc<WriteSet>>> {
    write(env.engine.writer_access(), "test", |session| {
        let mut sets: Vec<Arc<WriteSet>> = Vec::new();
        for (at, acts) in case.layers.iter().enumerate() {
            let base = Base::Newest(Arc::clone(session.base()));
            let view = WriteView { base, layers: Layers::of(sets.iter().cloned()), seq: CommitSeq(7) };
            let mut txn = WriteTxn::new(env.engine.core(), view, WriteSet::default(), None);
            acts.iter().try_for_each(|made| act(rows, &mut txn, map, made))?;
            ask(case, rows, &txn, map)?;
            if at + 1 == case.layers.len() {
                nest(case, rows, &mut txn, map, 0)?;
            }
            sets.push(Arc::new(txn.take_set()));
        }
        Ok(sets)
    })
}

fn run(case: &Case) -> Result<()> {
    let env = Env::temporary()?;
    let rows: Rows = env.dbi("rows")?;
    let mut map = Map::new();
    env.transact(|txn| (0..case.base.0).try_for_each(|n| act(&rows, txn, &mut map, &Act::Put(n * case.base.1, 0xBA))))?;
    let before = map.clone();
    let sets = stack(case, &env, &rows, &mut map)?;
    let snapshot = env.snapshot()?;
    for (ends, steps) in &case.questions {
        look(&rows, &snapshot, &before, *ends, steps)?;
    }
    let snapshot = snapshot.under(Layers::of(sets.iter().cloned()));
    for (ends, steps) in &case.questions {
        look(&rows, &snapshot, &map, *ends, steps)?;
    }
    drop(snapshot);
    commit_as_one(&env, sets)?;
    for (ends, steps) in &case.questions {
        look(&rows, &env.snapshot()?, &map, *ends, steps)?;
    }
    Ok(())
}

/// Absorbs each set into the one before it, and applies the result: twice, as when the map is grown.
fn commit_as_one(env: &Env, sets: Vec<Arc<WriteSet>>) -> Result<()> {
    let mut group = WriteSet::default().with_limit(usize::MAX);
    sets.into_iter().filter_map(Arc::into_inner).for_each(|set| group.absorb(set));
    write(env.engine.writer_access(), "test", |session| {
        let base = Arc::clone(session.base());
        session.commit(group.bytes(), |applier, _| {
            group.apply(&base, None, applier)?;
            group.apply(&base, None, applier)
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_read_through_any_stack_agrees_with_a_map(case in case()) {
        run(&case).map_err(|error| TestCaseError::fail(format!("{error:?}")))?;
    }
}
