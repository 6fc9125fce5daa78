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
            // Not below a new directory, which a process that did not create it does not flush.
            let scenario = Scenario::flushing(seed, random).openings(3).created_at("env").short(4);
            scenario.with_fault(fault(8, random))
        },
    };
    campaign(&family, |tally| tally.failed > 0 && tally.kept > 0)
}

#[test]
fn acknowledged_operations_after_a_failed_compaction_are_kept() -> Result<()> {
    let family = Family {
        name: "failing_openings::acknowledged_operations_after_a_failed_compaction_are_kept",
        share: 40,
        draw: |seed, random| {
            let scenario = Scenario::alone(seed, Durability::Immediate, random).openings(2).existing();
            let nth = 1 + random.below(2) as u64;
            let fault = Fault { classes: NAMES_FLUSH, nth, errno: EIO, how: How::Once };
            Scenario { compacts: true, ..scenario.with_fault(fault) }
        },
    };
    campaign(&family, |tally| tally.failed > 0 && tally.kept > 0)
}

#[test]
fn the_state_that_eventual_shows_after_a_failed_flush_is_kept() -> Result<()> {
    let family = Family {
        name: "failing_openings::the_state_that_eventual_shows_after_a_failed_flush_is_kept",
        share: 40,
        draw: |seed, random| {
            let scenario = Scenario::alone(seed, Durability::Eventual, random).openings(2).existing().short(20);
            let nth = 2 + random.below(20) as u64;
            scenario.with_fault(Fault { classes: FLUSH, nth, errno: EIO, how: How::Once })
        },
    };
    campaign(&family, |tally| tally.failed > 0 && tally.kept > 0)
}
