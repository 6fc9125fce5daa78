//! Savepoints of changes agree with copies of a map: kept or undone, nested, whatever is done in them.

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use crate::error::Error;
use crate::write_set::changes::DbiChanges;
use crate::write_set::tests::model::{self, Act, Model, Step, act, action, look, look_at, look_at_sizes};

fn step() -> impl Strategy<Value = Step> {
    // There is no reset inside a savepoint.
    model::step(action().prop_filter("a reset", |act| !matches!(act, Act::Reset)), [4, 4, 3, 2])
}

/// Changes with open savepoints. Each has the map before it, and whether it has changed anything.
struct World {
    changes: DbiChanges,
    model: Model,
    open: Vec<(Model, bool)>,
}

impl World {
    fn act(&mut self, made: &Act) -> Result<(), Error> {
        let depth = self.open.len();
        if let Some((_, is_touched)) = self.open.last_mut() {
            let is_first = self.changes.enter(depth);
            assert_eq!(is_first, !*is_touched);
            *is_touched = true;
        }
        act(&mut self.changes, &mut self.model, made)
    }

    fn keep(&mut self) {
        let depth = self.open.len();
        let Some((_, is_touched)) = self.open.pop() else { return };
        if is_touched {
            let is_new = self.changes.keep(depth);
            if let Some((_, outer)) = self.open.last_mut() {
                assert_eq!(is_new, !*outer);
                *outer = true;
            }
        }
    }

    fn undo(&mut self) {
        let Some((before, is_touched)) = self.open.pop() else { return };
        if is_touched {
            self.changes.undo();
        }
        self.model = before;
    }
}

fn run(steps: &[Step]) -> Result<(), TestCaseError> {
    let mut world = World { changes: DbiChanges::new(), model: Model::default(), open: Vec::new() };
    for step in steps {
        match step {
            Step::Act(made) => world.act(made).map_err(|error| TestCaseError::fail(error.to_string()))?,
            Step::Look => look(&world.changes, &world.model)?,
            Step::LookAtSizes => look_at_sizes(&world.changes, &world.model)?,
            Step::LookAt(key) => look_at(&world.changes, &world.model, key)?,
            Step::Begin => world.open.push((world.model.clone(), false)),
            Step::Keep => world.keep(),
            Step::Undo => {
                world.undo();
                look(&world.changes, &world.model)?;
            }
        }
    }
    while !world.open.is_empty() {
        world.undo();
        look(&world.changes, &world.model)?;
    }
    for key in world.model.changes.keys() {
        look_at(&world.changes, &world.model, key)?;
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn with_a_map_that_is_copied(steps in prop::collection::vec(step(), 1..150)) {
        run(&steps)?;
    }
}

#[test]
fn fifty_nested_savepoints_agree() -> Result<(), TestCaseError> {
    for undone in 0..50 {
        let mut world = World { changes: DbiChanges::new(), model: Model::default(), open: Vec::new() };
        let put = |world: &mut World, n: u32| {
            let key = (n % 40).to_be_bytes().to_vec();
            let made = if n % 5 == 3 { Act::Delete(key) } else { Act::Put(key, n.to_le_bytes().to_vec()) };
            world.act(&made).map_err(|error| TestCaseError::fail(error.to_string()))
        };
        for depth in 0..50 {
            (0..7).try_for_each(|n| put(&mut world, depth * 13 + n))?;
            world.open.push((world.model.clone(), false));
        }
        for depth in (0..50).rev() {
            put(&mut world, depth)?;
            if depth % 50 == undone {
                world.undo();
            } else {
                world.keep();
            }
            look(&world.changes, &world.model)?;
        }
        prop_assert_eq!(world.open.len(), 0);
    }
    Ok(())
}

#[test]
fn memory_replaced_in_a_savepoint_is_freed() -> Result<(), Error> {
    let mut changes = DbiChanges::new();
    changes.put(b"before", &[1; 1000])?;
    assert!(changes.enter(1));
    for n in 0..3000_u32 {
        changes.put(b"key", &vec![2; 100_000])?;
        changes.put(b"before", &n.to_le_bytes())?;
        assert!(changes.bytes() < (65 << 20), "{} bytes after {n}", changes.bytes());
    }
    changes.tidy(1);
    assert!(changes.bytes() < 210_000, "{} bytes", changes.bytes());
    changes.undo();
    assert_eq!(changes.iter().collect::<Vec<_>>(), [(&b"before"[..], Some(&[1; 1000][..]))]);
    assert!(changes.bytes() < 2000, "{} bytes", changes.bytes());
    Ok(())
}
