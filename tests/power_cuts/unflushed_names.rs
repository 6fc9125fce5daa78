//! Names whose creator did not flush them: a process that opens the environment later flushes them before it
//! acknowledges a commit.

use mapleaf::{Durability, Result};

use super::campaign::{Family, campaign};
use super::scenario::Scenario;
use crate::common::shim::{ANY, RENAMED};

#[test]
fn acknowledged_operations_after_a_killed_creator_are_kept() -> Result<()> {
    let family = Family {
        name: "unflushed_names::acknowledged_operations_after_a_killed_creator_are_kept",
        share: 40,
        draw: |seed, random| {
            // Not below a new directory, which a process that did not create it does not flush.
            let scenario = Scenario::flushing(seed, random).openings(1).created_at("env").short(4);
            scenario.killed_at(1 + random.below(24) as u64, ANY)
        },
    };
    campaign(&family, |tally| tally.kept > 0)
}

#[test]
fn acknowledged_operations_after_a_killed_compaction_are_kept() -> Result<()> {
    let family = Family {
        name: "unflushed_names::acknowledged_operations_after_a_killed_compaction_are_kept",
        share: 40,
        draw: |seed, random| {
            let scenario = Scenario::flushing(seed, random).openings(1).existing().killed_at(1, RENAMED);
            Scenario { operations: 9, compacts: true, ..scenario }
        },
    };
    campaign(&family, |tally| tally.kept > 0)
}

#[test]
fn acknowledged_operations_after_a_creator_that_does_not_flush_are_kept() -> Result<()> {
    let family = Family {
        name: "unflushed_names::acknowledged_operations_after_a_creator_that_does_not_flush_are_kept",
        share: 40,
        draw: |seed, random| {
            let scenario = Scenario::flushing(seed, random).short(4);
            let processes = vec![vec![Durability::Process, scenario.processes[0][0]]];
            Scenario { processes, made_before: false, ..scenario }
        },
    };
    campaign(&family, |tally| tally.kept > 0)
}
