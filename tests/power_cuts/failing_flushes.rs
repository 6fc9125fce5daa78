//! Failed flushes with Linux's behaviour: data that could not be written counts as written from then on.

use mapleaf::{Durability, Result};
use nix::libc::EIO;

use super::campaign::{Family, campaign};
use super::scenario::{Order, Scenario};
use super::two_processes::beside;
use crate::common::damage::Random;
use crate::common::shim::{FLUSH, Fault, How, META};

/// One of the first flushes fails, or less often a write of a meta page, which flushes as well.
pub fn fault(first: usize, random: &mut Random) -> Fault {
    let classes = random.pick(&[FLUSH, FLUSH, FLUSH | META]);
    let how = random.pick(&[How::Once, How::OnceMade]);
    Fault { classes, nth: 1 + random.below(first) as u64, errno: EIO, how }
}

#[test]
fn immediate_keeps_every_acknowledged_operation_after_a_failed_flush() -> Result<()> {
    let family = Family {
        name: "failing_flushes::immediate_keeps_every_acknowledged_operation_after_a_failed_flush",
        share: 120,
        draw: |seed, random| {
            let scenario = Scenario::alone(seed, Durability::Immediate, random).openings(2).existing();
            Scenario { compacts: false, ..scenario.with_fault(fault(30, random)) }
        },
    };
    campaign(&family, |tally| tally.failed > 0 && tally.kept * 2 > tally.images && tally.second > 0)
}

#[test]
fn a_process_beside_a_failed_flush_keeps_every_acknowledged_operation() -> Result<()> {
    let family = Family {
        name: "failing_flushes::a_process_beside_a_failed_flush_keeps_every_acknowledged_operation",
        share: 40,
        draw: |seed, random| {
            let scenario = beside(seed, Durability::Immediate, random).existing().with_fault(fault(40, random));
            Scenario { processes: vec![vec![Durability::Immediate; 2]; 2], compacts: false, ..scenario }
        },
    };
    campaign(&family, |tally| (tally.failed > 0 || tally.histories < 20) && tally.kept * 2 > tally.images)
}

/// The meta page is on the disk although its write failed. LMDB restores the old meta page in memory only, and the
/// other process continues from the old state, in the pages of the failed commit.
#[test]
fn a_meta_page_written_by_a_failed_call_is_rewritten_before_another_process_writes() -> Result<()> {
    let family = Family {
        name: "failing_flushes::a_meta_page_written_by_a_failed_call_is_rewritten_before_another_process_writes",
        share: 40,
        draw: |seed, random| {
            let scenario = beside(seed, Durability::Immediate, random).existing().short(6);
            let fault = Fault { classes: META, nth: 11 + random.below(18) as u64, errno: EIO, how: How::OnceMade };
            let processes = vec![vec![Durability::Immediate]; 2];
            Scenario { processes, pause: 0, order: Order::InTurn, ..scenario.with_fault(fault) }
        },
    };
    campaign(&family, |tally| tally.failed > 0 && tally.kept * 2 > tally.images)
}
