//! After a commit with an unknown outcome, or a process that ended without closing, an opening makes the state durable
//! before it shows it: a power cut afterwards neither undoes that commit nor brings it back.

use std::path::Path;

use crate::common::shim::{self, Control, FLUSH, Fault, How, META, Tally};
use mapleaf::{Dbi, Durability, Env, Error, ErrorKind, Result};
use nix::libc::EIO;

fn open(path: &Path, durability: Durability) -> Result<(Env, Dbi<u32, u32>)> {
    let env = Env::options().map_size(1 << 20).max_readers(16).durability(durability).open(path)?;
    let rows = env.dbi("rows")?;
    Ok((env, rows))
}

/// Opens, and returns the flushes of the data file and the outcome. All flushes fail if `fails` is set.
fn opening(control: &Control, path: &Path, durability: Durability, fails: bool) -> Result<(Tally, Result<()>)> {
    control.aim(&path.join("data.mdb"))?;
    control.arm(Fault { classes: FLUSH, nth: u64::from(fails), errno: EIO, how: How::ForEver })?;
    let outcome = open(path, durability).map(drop);
    Ok((control.disarm()?, outcome))
}

#[test]
fn an_unknown_outcome_is_made_durable_before_it_is_shown() -> Result<()> {
    shim::apart("an_unknown_outcome_is_made_durable_before_it_is_shown", |control, cases| {
        for durability in [Durability::Immediate, Durability::Eventual] {
            for by_closing in [false, true] {
                let path = cases.join(format!("{durability:?}-{by_closing}"));
                let (env, rows) = open(&path, durability)?;
                control.aim(&path)?;
                control.arm(Fault { classes: META, nth: 1, errno: EIO, how: How::OnceMade })?;
                let outcome = env.transact(|txn| rows.put(txn, 1, 1));
                assert_eq!(outcome.map_err(|error| error.kind()), Err(ErrorKind::CommitOutcomeUnknown));
                control.disarm()?;
                if by_closing {
                    env.close()?;
                }
                drop((env, rows));
                // If the disk cannot flush, the opening shows nothing.
                let (tally, outcome) = opening(control, &path, durability, true)?;
                let kind = outcome.map_err(|error| error.kind());
                assert_eq!((tally.failed, kind), (1, Err(ErrorKind::CommitOutcomeUnknown)));
                let (tally, outcome) = opening(control, &path, durability, false)?;
                outcome?;
                assert_eq!(tally.calls, 1, "{durability:?}, closed: {by_closing}");
                // The environment was closed regularly before this.
                let (tally, outcome) = opening(control, &path, durability, false)?;
                outcome?;
                assert_eq!(tally.calls, 0, "{durability:?}, closed: {by_closing}");
            }
        }
        Ok(())
    })
}

#[test]
fn the_state_of_a_process_that_did_not_close_is_made_durable_before_it_is_shown() -> Result<()> {
    shim::apart("the_state_of_a_process_that_did_not_close_is_made_durable_before_it_is_shown", |control, cases| {
        for (durability, flushes) in [(Durability::Immediate, 1), (Durability::Eventual, 1), (Durability::Process, 0)] {
            let path = cases.join(format!("{durability:?}"));
            drop(open(&path, durability)?);
            // The record as a killed process leaves it; byte 9 says that it is open.
            let record = path.join("mapleaf.lock");
            let mut bytes = std::fs::read(&record).map_err(Error::other)?;
            assert_eq!(std::mem::replace(&mut bytes[9], 1), 0);
            std::fs::write(&record, bytes).map_err(Error::other)?;
            let (tally, outcome) = opening(control, &path, durability, false)?;
            outcome?;
            assert_eq!(tally.calls, flushes, "{durability:?}");
        }
        Ok(())
    })
}
