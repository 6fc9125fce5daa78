//! All public methods behave as ordered maps do: through commits, failures, panics, savepoints, batches with
//! conditions, map growth, held snapshots, dropped databases, compaction, and reopening with any durability. LMDB finds
//! the same content in the file.
//!
//! Concurrent threads behave as ordered maps do in some one order: see `model/history.rs`.
//!
//! For longer runs, `MAPLEAF_MODEL_CASES` sets the number of cases and of rounds, and `MAPLEAF_MODEL_SEED` the first
//! round of threads.

mod actions;
mod batches;
mod engine;
mod handles;
mod history;
mod kinds;
mod looks;
mod pairs;
mod second_opinion;
mod strategy;
mod threads;
mod world;
mod writes;

use std::env;
use std::hash::{BuildHasher, RandomState};
use std::str::FromStr;
use std::sync::atomic::Ordering;

use mapleaf::Result;
use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest};

use actions::{Transition, Way};
use engine::{CONDITIONS, Engine, GROWN};
use handles::OPERATIONS;
use threads::Tally;
use world::World;

/// The model alone.
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
            Transition::Batches(batches, way) => {
                let made: Vec<_> = batches.iter().map(|batch| world.made(batch)).collect();
                if let Way::Within(actions, end) = way {
                    drop(world.run(actions, *end));
                }
                for batch in &made {
                    world.batch(batch);
                }
            }
            Transition::ClearDbi(which) | Transition::DropDbi(which) => world.0[*which].clear(),
            _ => {}
        }
        world
    }
}

/// The engine, which carries its own model from step to step.
struct Beside;

/// Panics with the error where a `Result` cannot be returned.
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
const ROUNDS: u32 = 18;

fn number<T: FromStr>(variable: &str) -> Option<T> {
    env::var(variable).ok().and_then(|value| value.parse().ok())
}

#[test]
fn every_verb_does_what_an_ordered_map_does() {
    let cases = number("MAPLEAF_MODEL_CASES").unwrap_or(CASES);
    let config = ProptestConfig { cases, max_shrink_iters: 4000, ..ProptestConfig::default() };
    proptest!(config.clone(), |((world, transitions, seen) in Model::sequential_strategy(20..40))| {
        Beside::test_sequential(config.clone(), world, transitions, seen);
    });
    let (operations, grown) = (OPERATIONS.load(Ordering::Relaxed), GROWN.load(Ordering::Relaxed));
    let conditions = CONDITIONS.each_ref().map(|count| count.load(Ordering::Relaxed));
    println!("{operations} operations in {cases} cases; {grown} times a map had grown");
    println!(
        "of batches, {} were applied and {} refused, {} for more than one condition",
        conditions[0], conditions[1], conditions[2]
    );
    if cases >= CASES {
        assert!(operations >= 10_000, "only {operations} operations");
        assert!(grown > 0, "no map was grown");
        assert!(conditions.iter().all(|count| *count > 20), "batches of each kind: {conditions:?}");
    }
}

#[test]
fn concurrent_threads_do_what_ordered_maps_do_in_one_order() -> Result<()> {
    let rounds = number("MAPLEAF_MODEL_CASES").unwrap_or(ROUNDS);
    let first = number("MAPLEAF_MODEL_SEED").unwrap_or_else(|| RandomState::new().hash_one(0));
    let mut tally = Tally::default();
    for n in 0..u64::from(rounds) {
        let seed = first.wrapping_add(n);
        println!("with MAPLEAF_MODEL_SEED={seed}");
        threads::run(&strategy::drawn_round(seed), &mut tally)?;
    }
    println!("{rounds} rounds: {tally:?}");
    if rounds >= ROUNDS {
        assert!(tally.commits < tally.transactions, "some share a commit: {tally:?}");
        assert!(tally.refused > 0 && tally.grown > 0, "of everything something: {tally:?}");
        // In a short run it may happen that no round fills its map.
        assert!(tally.lost > 0 || rounds < 100, "no commit failed: {tally:?}");
    }
    Ok(())
}
