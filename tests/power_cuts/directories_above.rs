//! An environment below a directory that somebody made and did not flush: who creates it and is told so has that flushed.

use mapleaf::{Durability, Result};
use nix::libc::EIO;

use super::campaign::{Family, campaign};
use super::scenario::Scenario;
use crate::common::shim::{ANY, Fault, How, Last, NAMES_FLUSH};

#[test]
fn who_creates_below_what_a_killed_process_made_keeps_all() -> Result<()> {
    let family = Family {
        name: "directories_above::who_creates_below_what_a_killed_process_made_keeps_all",
        share: 20,
        draw: |seed, random| {
            let scenario = Scenario::alone(seed, Durability::Immediate, random);
            // It makes the directory, and then flushes the one above.
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
fn who_creates_below_what_was_not_flushed_keeps_all() -> Result<()> {
    let family = Family {
        name: "directories_above::who_creates_below_what_was_not_flushed_keeps_all",
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
