//! Names whose creator did not flush them: a process that opens the environment later flushes them before it
//! acknowledges a commit.

use mapleaf::{Durability, Result};

use super::campaign::{Family, campaign};
use super::scenario::Scenario;
use crate::common::shim::{ANY, Last, RENAMED};

#[test]
fn acknowledged_operations_after_a_killed_creator_are_kept() -> Result<()> {
    let family = Family {
        name: "unflushed_names::acknowledged_operations_after_a_killed_creator_are_kept",
        share: 40,
        draw: |seed, random| {
            let durability = random.pick(&[Durability::Immediate, Durability::Eventual]);
            let scenario = Scenario::alone(seed, durability, random);
            let killed = Some(Last { nth: 1 + random.below(24) as u64, of: ANY });
            let processes = vec![vec![durability]];
            let short = Scenario { threads: 1, operations: 4, compacts: false, ..scenario };
            // Not below a new directory, which a process that did not create it does not flush.
            Scenario { processes, made_before: false, path: "env", killed, ..short }
        },
    };
    let Some(tally) = campaign(&family)? else { return Ok(()) };
    assert!(tally.kept > 0, "{tally:?}");
    Ok(())
}

#[test]
fn acknowledged_operations_after_a_killed_compaction_are_kept() -> Result<()> {
    let family = Family {
        name: "unflushed_names::acknowledged_operations_after_a_killed_compaction_are_kept",
        share: 40,
        draw: |seed, random| {
            let durability = random.pick(&[Durability::Immediate, Durability::Eventual]);
            let scenario = Scenario::alone(seed, durability, random);
            let killed = Some(Last { nth: 1, of: RENAMED });
            let processes = vec![vec![durability]];
            Scenario { processes, operations: 9, made_before: true, compacts: true, killed, ..scenario }
        },
    };
    let Some(tally) = campaign(&family)? else { return Ok(()) };
    assert!(tally.kept > 0, "{tally:?}");
    Ok(())
}

#[test]
fn acknowledged_operations_after_a_creator_that_does_not_flush_are_kept() -> Result<()> {
    let family = Family {
        name: "unflushed_names::acknowledged_operations_after_a_creator_that_does_not_flush_are_kept",
        share: 40,
        draw: |seed, random| {
            let durability = random.pick(&[Durability::Immediate, Durability::Eventual]);
            let scenario = Scenario::alone(seed, durability, random);
            let processes = vec![vec![Durability::Process, durability]];
            Scenario { processes, threads: 1, operations: 4, made_before: false, compacts: false, ..scenario }
        },
    };
    let Some(tally) = campaign(&family)? else { return Ok(()) };
    assert!(tally.kept > 0, "{tally:?}");
    Ok(())
}
