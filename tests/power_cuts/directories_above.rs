//! An environment below a directory that another process created and did not flush: an acknowledged creation flushes
//! that directory, too.

use mapleaf::{Durability, Result};
use nix::libc::EIO;

use super::campaign::{Family, campaign};
use super::scenario::Scenario;
use crate::common::shim::{ANY, Fault, How, NAMES_FLUSH};

#[test]
fn an_environment_below_a_directory_of_a_killed_process_is_kept() -> Result<()> {
    let family = Family {
        name: "directories_above::an_environment_below_a_directory_of_a_killed_process_is_kept",
        share: 20,
        draw: |seed, random| {
            let scenario = Scenario::alone(seed, Durability::Immediate, random).openings(1).short(4);
            // The process creates the directory, and then flushes its parent.
            scenario.created_at("above/env").killed_at(1 + random.below(4) as u64, ANY)
        },
    };
    campaign(&family, |tally| tally.kept > 0)
}

#[test]
fn an_environment_below_an_unflushed_directory_is_kept() -> Result<()> {
    let family = Family {
        name: "directories_above::an_environment_below_an_unflushed_directory_is_kept",
        share: 20,
        draw: |seed, random| {
            let scenario = Scenario::alone(seed, Durability::Immediate, random).openings(2).short(4);
            let fault = Fault { classes: NAMES_FLUSH, nth: 1, errno: EIO, how: How::Once };
            scenario.created_at("above/env").with_fault(fault)
        },
    };
    campaign(&family, |tally| tally.failed > 0 && tally.kept > 0)
}
