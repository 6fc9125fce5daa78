//! Flushes fail during creation, compaction and commits, and openings follow. What an opening shows, and what is
//! acknowledged after it, is on the disk, although the system counts unwritten data as written.

use mapleaf::{Durability, Result};
use nix::libc::EIO;

use super::campaign::{Family, campaign};
use super::failing_flushes::fault;
use super::scenario::Scenario;
use crate::common::shim::{FLUSH, Fault, How, NAMES_FLUSH};

#[test]
fn acknowledged_operations_after_a_failed_creation_are_kept() -> Result<()> {
    let family = Family {
        name: "failing_openings::acknowledged_operations_after_a_failed_creation_are_kept",
        share: 40,
        draw: |seed, random| {
            let durability = random.pick(&[Durability::Immediate, Durability::Eventual]);
            let scenario = Scenario::alone(seed, durability, random);
            let fault = Some(fault(8, random));
            let processes = vec![vec![durability; 3]];
            let short = Scenario { threads: 1, operations: 4, compacts: false, ..scenario };
            // Not below a new directory, which a process that did not create it does not flush.
            Scenario { processes, made_before: false, path: "env", fault, ..short }
        },
    };
    let Some(tally) = campaign(&family)? else { return Ok(()) };
    assert!(tally.failed > 0 && tally.kept > 0, "{tally:?}");
    Ok(())
}

#[test]
fn acknowledged_operations_after_a_failed_compaction_are_kept() -> Result<()> {
    let family = Family {
        name: "failing_openings::acknowledged_operations_after_a_failed_compaction_are_kept",
        share: 40,
        draw: |seed, random| {
            let scenario = Scenario::alone(seed, Durability::Immediate, random);
            let nth = 1 + random.below(2) as u64;
            let fault = Some(Fault { classes: NAMES_FLUSH, nth, errno: EIO, how: How::Once });
            let processes = vec![vec![Durability::Immediate; 2]];
            Scenario { processes, made_before: true, compacts: true, fault, ..scenario }
        },
    };
    let Some(tally) = campaign(&family)? else { return Ok(()) };
    assert!(tally.failed > 0 && tally.kept > 0, "{tally:?}");
    Ok(())
}

#[test]
fn the_state_that_eventual_shows_after_a_failed_flush_is_kept() -> Result<()> {
    let family = Family {
        name: "failing_openings::the_state_that_eventual_shows_after_a_failed_flush_is_kept",
        share: 40,
        draw: |seed, random| {
            let scenario = Scenario::alone(seed, Durability::Eventual, random);
            let nth = 2 + random.below(20) as u64;
            let fault = Some(Fault { classes: FLUSH, nth, errno: EIO, how: How::Once });
            let processes = vec![vec![Durability::Eventual; 2]];
            Scenario { processes, threads: 1, operations: 20, made_before: true, compacts: false, fault, ..scenario }
        },
    };
    let Some(tally) = campaign(&family)? else { return Ok(()) };
    assert!(tally.failed > 0 && tally.kept > 0, "{tally:?}");
    Ok(())
}
