//! An environment below a directory that another process created and did not flush: an acknowledged creation flushes
//! that directory, too.

use mapleaf::{Durability, Result};
use nix::libc::EIO;

use super::campaign::{Family, campaign};
use super::scenario::Scenario;
use crate::common::shim::{ANY, Fault, How, Last, NAMES_FLUSH};

#[test]
fn an_environment_below_a_directory_of_a_killed_process_is_kept() -> Result<()> {
    let family = Family {
        name: "directories_above::an_environment_below_a_directory_of_a_killed_process_is_kept",
        share: 20,
        draw: |seed, random| {
            let scenario = Scenario::alone(seed, Durability::Immediate, random);
            // The process creates the directory, and then flushes its parent.
            let killed = Some(Last { nth: 1 + random.below(4) as u64, of: ANY });
            let processes = vec![vec![Durability::Immediate]];
            let short = Scenario { threads: 1, operations: 4, compacts: false, ..scenario };
            Scenario { processes, made_before: false, path: "above/env", killed, ..short }
        },
    };
    let Some(tally) = campaign(&family)? else { return Ok(()) };
    assert!(tally.kept > 0, "{tally:?}");
    Ok(())
}

#[test]
fn an_environment_below_an_unflushed_directory_is_kept() -> Result<()> {
    let family = Family {
        name: "directories_above::an_environment_below_an_unflushed_directory_is_kept",
        share: 20,
        draw: |seed, random| {
            let scenario = Scenario::alone(seed, Durability::Immediate, random);
            let fault = Some(Fault { classes: NAMES_FLUSH, nth: 1, errno: EIO, how: How::Once });
            let processes = vec![vec![Durability::Immediate; 2]];
            let short = Scenario { threads: 1, operations: 4, compacts: false, ..scenario };
            Scenario { processes, made_before: false, path: "above/env", fault, ..short }
        },
    };
    let Some(tally) = campaign(&family)? else { return Ok(()) };
    assert!(tally.failed > 0 && tally.kept > 0, "{tally:?}");
    Ok(())
}
