//! Flushes that fail in creating, compacting and committing, and openings behind them: what an opening shows and what is told
//! of from then on is on the disk, though the system counts as written what is not.

use mapleaf::{Durability, Result};
use nix::libc::EIO;

use super::campaign::{Family, campaign};
use super::failing::fault;
use super::scenario::Scenario;
use crate::common::shim::{FLUSH, Fault, How, NAMES_FLUSH};

#[test]
fn what_is_told_of_behind_a_failed_creation_is_there() -> Result<()> {
    let family = Family {
        name: "failing_openings::what_is_told_of_behind_a_failed_creation_is_there",
        share: 40,
        draw: |seed, random| {
            let durability = random.pick(&[Durability::Immediate, Durability::Eventual]);
            let scenario = Scenario::alone(seed, durability, random);
            let fault = Some(fault(8, random));
            let processes = vec![vec![durability; 3]];
            let short = Scenario { threads: 1, operations: 4, compacts: false, ..scenario };
            // Directories above are nobody's who did not make them.
            Scenario { processes, made_before: false, path: "env", fault, ..short }
        },
    };
    let Some(tally) = campaign(&family)? else { return Ok(()) };
    assert!(tally.failed > 0 && tally.kept > 0, "{tally:?}");
    Ok(())
}

#[test]
fn what_is_told_of_behind_a_failed_compaction_is_there() -> Result<()> {
    let family = Family {
        name: "failing_openings::what_is_told_of_behind_a_failed_compaction_is_there",
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
fn what_eventual_shows_behind_a_failed_flush_stays() -> Result<()> {
    let family = Family {
        name: "failing_openings::what_eventual_shows_behind_a_failed_flush_stays",
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
