//! Two processes with the same environment open.

use mapleaf::{Durability, Result};

use super::campaign::{Family, campaign};
use super::scenario::Scenario;
use crate::common::damage::Random;

pub fn beside(seed: u64, other: Durability, random: &mut Random) -> Scenario {
    let scenario = Scenario::alone(seed, Durability::Immediate, random);
    Scenario {
        processes: vec![vec![Durability::Immediate], vec![other; 1 + random.below(2)]],
        threads: 1 + u32::from(random.below(3) == 0),
        operations: 8 + random.below(12) as u64,
        pause: random.pick(&[0, 50, 200]),
        // Not below a new directory: one process may create it and the other use it before it is flushed.
        path: "env",
        ..scenario
    }
}

#[test]
fn two_processes_keep_every_acknowledged_operation_of_both() -> Result<()> {
    let family = Family {
        name: "two_processes::two_processes_keep_every_acknowledged_operation_of_both",
        share: 70,
        draw: |seed, random| beside(seed, Durability::Immediate, random),
    };
    campaign(&family, |tally| tally.kept * 2 > tally.images && tally.second > 0)
}

#[test]
fn immediate_keeps_its_promise_beside_eventual() -> Result<()> {
    let family = Family {
        name: "two_processes::immediate_keeps_its_promise_beside_eventual",
        share: 70,
        draw: |seed, random| beside(seed, Durability::Eventual, random),
    };
    campaign(&family, |tally| tally.kept * 2 > tally.images && tally.second > 0)
}
