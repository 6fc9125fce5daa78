//! One process of one to six threads.

use mapleaf::{Durability, Result};

use super::campaign::{Family, campaign};
use super::scenario::Scenario;
use crate::common::shim::{ANY, Last};

#[test]
fn immediate_keeps_all_that_was_told_of() -> Result<()> {
    let family = Family {
        name: "alone::immediate_keeps_all_that_was_told_of",
        share: 300,
        draw: |seed, random| Scenario::alone(seed, Durability::Immediate, random),
    };
    let Some(tally) = campaign(&family)? else { return Ok(()) };
    assert!(tally.kept * 2 > tally.images && tally.second > 0, "{tally:?}");
    Ok(())
}

#[test]
fn eventual_keeps_whole_states_up_to_what_was_flushed() -> Result<()> {
    let family = Family {
        name: "alone::eventual_keeps_whole_states_up_to_what_was_flushed",
        share: 170,
        draw: |seed, random| Scenario::alone(seed, Durability::Eventual, random),
    };
    let Some(tally) = campaign(&family)? else { return Ok(()) };
    assert!(tally.kept * 2 > tally.images && tally.second > 0, "{tally:?}");
    Ok(())
}

#[test]
fn process_keeps_what_was_flushed_if_nothing_came_behind() -> Result<()> {
    let family = Family {
        name: "alone::process_keeps_what_was_flushed_if_nothing_came_behind",
        share: 80,
        draw: |seed, random| {
            let scenario = Scenario::alone(seed, Durability::Process, random);
            // The name of what is created is nobody's promise.
            Scenario { made_before: true, ..scenario }
        },
    };
    let Some(tally) = campaign(&family)? else { return Ok(()) };
    assert!(tally.kept > 0 && tally.unpromised > 0 && tally.refused > 0, "{tally:?}");
    Ok(())
}

#[test]
fn what_was_created_is_there_and_what_was_not_can_be() -> Result<()> {
    let family = Family {
        name: "alone::what_was_created_is_there_and_what_was_not_can_be",
        share: 70,
        draw: |seed, random| {
            let durability = random.pick(&[Durability::Immediate, Durability::Eventual]);
            let scenario = Scenario::alone(seed, durability, random);
            let processes = vec![vec![durability]];
            Scenario { processes, threads: 1, operations: 1, compacts: false, made_before: false, ..scenario }
        },
    };
    let Some(tally) = campaign(&family)? else { return Ok(()) };
    assert!(tally.empty > 0 && tally.kept > 0 && tally.second > 0, "{tally:?}");
    Ok(())
}

#[test]
fn openings_with_other_durabilities_keep_their_own_promises() -> Result<()> {
    let family = Family {
        name: "alone::openings_with_other_durabilities_keep_their_own_promises",
        share: 80,
        draw: |seed, random| {
            let scenario = Scenario::alone(seed, Durability::Immediate, random);
            let all = [Durability::Immediate, Durability::Eventual, Durability::Process];
            let durabilities = (0..3).map(|_| random.pick(&all)).collect();
            Scenario { processes: vec![durabilities], made_before: true, ..scenario }
        },
    };
    let Some(tally) = campaign(&family)? else { return Ok(()) };
    assert!(tally.kept > 0 && tally.unpromised > 0 && tally.second > 0, "{tally:?}");
    Ok(())
}

#[test]
fn what_a_killed_process_was_told_of_is_there_too() -> Result<()> {
    let family = Family {
        name: "alone::what_a_killed_process_was_told_of_is_there_too",
        share: 70,
        draw: |seed, random| {
            let durability = random.pick(&[Durability::Immediate, Durability::Eventual]);
            let scenario = Scenario::alone(seed, durability, random);
            let killed = Some(Last { nth: 1 + random.below(300) as u64, of: ANY });
            Scenario { made_before: true, compacts: false, killed, ..scenario }
        },
    };
    let Some(tally) = campaign(&family)? else { return Ok(()) };
    assert!(tally.kept * 2 > tally.images && tally.second > 0, "{tally:?}");
    Ok(())
}
