//! One process with one to six threads.

use mapleaf::{Durability, Result};

use super::campaign::{Family, campaign};
use super::scenario::Scenario;
use crate::common::shim::ANY;

#[test]
fn immediate_keeps_every_acknowledged_operation() -> Result<()> {
    let family = Family {
        name: "one_process::immediate_keeps_every_acknowledged_operation",
        share: 300,
        draw: |seed, random| Scenario::alone(seed, Durability::Immediate, random),
    };
    campaign(&family, |tally| tally.kept * 2 > tally.images && tally.second > 0)
}

#[test]
fn eventual_keeps_whole_states_no_older_than_the_last_flush() -> Result<()> {
    let family = Family {
        name: "one_process::eventual_keeps_whole_states_no_older_than_the_last_flush",
        share: 170,
        draw: |seed, random| Scenario::alone(seed, Durability::Eventual, random),
    };
    campaign(&family, |tally| tally.kept * 2 > tally.images && tally.second > 0)
}

#[test]
fn a_flushed_commit_keeps_all_before_it_whatever_they_asked_for() -> Result<()> {
    let family = Family {
        name: "one_process::a_flushed_commit_keeps_all_before_it_whatever_they_asked_for",
        share: 170,
        draw: |seed, random| Scenario { mixes: true, ..Scenario::flushing(seed, random) },
    };
    campaign(&family, |tally| tally.kept * 2 > tally.images && tally.second > 0)
}

#[test]
fn process_keeps_the_last_flush_if_nothing_was_written_after_it() -> Result<()> {
    let family = Family {
        name: "one_process::process_keeps_the_last_flush_if_nothing_was_written_after_it",
        share: 80,
        // `Process` does not promise the name of a created file.
        draw: |seed, random| Scenario::alone(seed, Durability::Process, random).existing(),
    };
    campaign(&family, |tally| tally.kept > 0 && tally.unpromised > 0 && tally.refused > 0)
}

#[test]
fn a_created_environment_exists_and_an_unfinished_one_can_be_created() -> Result<()> {
    let family = Family {
        name: "one_process::a_created_environment_exists_and_an_unfinished_one_can_be_created",
        share: 70,
        draw: |seed, random| Scenario { made_before: false, ..Scenario::flushing(seed, random).openings(1).short(1) },
    };
    campaign(&family, |tally| tally.empty > 0 && tally.kept > 0 && tally.second > 0)
}

#[test]
fn successive_openings_keep_the_promise_of_their_own_durability() -> Result<()> {
    let family = Family {
        name: "one_process::successive_openings_keep_the_promise_of_their_own_durability",
        share: 80,
        draw: |seed, random| {
            let scenario = Scenario::alone(seed, Durability::Immediate, random).existing();
            let all = [Durability::Immediate, Durability::Eventual, Durability::Process];
            let durabilities = (0..3).map(|_| random.pick(&all)).collect();
            Scenario { processes: vec![durabilities], ..scenario }
        },
    };
    campaign(&family, |tally| tally.kept > 0 && tally.unpromised > 0 && tally.second > 0)
}

#[test]
fn acknowledged_operations_of_a_killed_process_are_kept() -> Result<()> {
    let family = Family {
        name: "one_process::acknowledged_operations_of_a_killed_process_are_kept",
        share: 70,
        draw: |seed, random| {
            let scenario = Scenario::flushing(seed, random).existing();
            Scenario { compacts: false, ..scenario.killed_at(1 + random.below(300) as u64, ANY) }
        },
    };
    campaign(&family, |tally| tally.kept * 2 > tally.images && tally.second > 0)
}
