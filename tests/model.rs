//! The whole of the public verbs does what ordered maps do: through commits, failures, panics, savepoints, growing maps,
//! snapshots held meanwhile, dropped databases, compaction and reopening; and LMDB finds the same in the file.
//!
//! `MAPLEAF_MODEL_CASES` sets the number of cases, for longer runs.

#[path = "model/actions.rs"]
mod actions;
#[path = "model/engine.rs"]
mod engine;
#[path = "model/handles.rs"]
mod handles;
#[path = "model/kinds.rs"]
mod kinds;
#[path = "model/looks.rs"]
mod looks;
#[path = "model/pairs.rs"]
mod pairs;
#[path = "model/second_opinion.rs"]
mod second_opinion;
#[path = "model/strategy.rs"]
mod strategy;
#[path = "model/world.rs"]
mod world;
#[path = "model/writes.rs"]
mod writes;

use std::sync::atomic::Ordering;

use mapleaf::Result;
use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest};

use actions::Transition;
use engine::{Engine, GROWN};
use handles::OPERATIONS;
use world::World;

/// The model by itself.
struct Model;

impl ReferenceStateMachine for Model {
    type State = World;
    type Transition = Transition;

    fn init_state() -> BoxedStrategy<World> {
        Just(World::default()).boxed()
    }

    fn transitions(_: &World) -> BoxedStrategy<Transition> {
        strategy::transition().boxed()
    }

    fn apply(mut world: World, transition: &Transition) -> World {
        match transition {
            Transition::Transact { actions, end, .. } => drop(world.run(actions, *end)),
            Transition::ClearDbi(which) | Transition::DropDbi(which) => world.0[*which].clear(),
            _ => {}
        }
        world
    }
}

/// The engine, which carries a model of its own from step to step.
struct Beside;

/// Says what failed where a result cannot be returned.
fn must<T>(outcome: Result<T>) -> T {
    outcome.unwrap_or_else(|error| panic!("{error:?}"))
}

impl StateMachineTest for Beside {
    type SystemUnderTest = Engine;
    type Reference = Model;

    fn init_test(_: &World) -> Engine {
        must(Engine::new())
    }

    fn apply(mut engine: Engine, _: &World, transition: Transition) -> Engine {
        must(engine.apply(&transition));
        engine
    }

    fn check_invariants(engine: &Engine, world: &World) {
        assert_eq!(engine.world(), world, "a closure left something behind, or lost something");
    }

    fn teardown(engine: Engine, _: World) {
        must(engine.finish());
    }
}

const CASES: u32 = 96;

#[test]
fn every_verb_does_what_an_ordered_map_does() {
    let cases = std::env::var("MAPLEAF_MODEL_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(CASES);
    let config = ProptestConfig { cases, max_shrink_iters: 4000, ..ProptestConfig::default() };
    proptest!(config.clone(), |((world, transitions, seen) in Model::sequential_strategy(20..40))| {
        Beside::test_sequential(config.clone(), world, transitions, seen);
    });
    let (operations, grown) = (OPERATIONS.load(Ordering::Relaxed), GROWN.load(Ordering::Relaxed));
    println!("{operations} operations in {cases} cases; {grown} times a map had grown");
    if cases >= CASES {
        assert!(operations >= 10_000, "only {operations} operations");
        assert!(grown > 0, "no map was grown");
    }
}
