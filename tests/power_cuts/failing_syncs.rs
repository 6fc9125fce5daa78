//! `Env::sync` fails: its data counts as written, so no later call may claim that it is.

use mapleaf::{Dbi, Durability, ErrorKind, Result};
use nix::libc::EIO;

use super::campaign::{Family, apart, campaign};
use super::scenario::Scenario;
use crate::common::shim::{FLUSH, Fault, How};

#[test]
fn a_later_flush_does_not_make_up_for_a_failed_one() -> Result<()> {
    let family = Family {
        name: "failing_syncs::a_later_flush_does_not_make_up_for_a_failed_one",
        share: 40,
        draw: |seed, random| {
            let scenario = Scenario::alone(seed, Durability::Process, random).openings(1).existing().short(16);
            // The first flush is that of the lock file during the opening.
            let nth = 2 + random.below(2) as u64;
            scenario.with_fault(Fault { classes: FLUSH, nth, errno: EIO, how: How::Once })
        },
    };
    campaign(&family, |tally| tally.failed > 0)
}

#[test]
fn after_a_failed_sync_every_call_is_refused() -> Result<()> {
    let family = Family {
        name: "failing_syncs::after_a_failed_sync_every_call_is_refused",
        share: 0,
        draw: |seed, random| Scenario::alone(seed, Durability::Eventual, random),
    };
    let told = apart(&family, |control, root| {
        for durability in [Durability::Immediate, Durability::Eventual, Durability::Process] {
            let env = Scenario::options().durability(durability).open(root.join(format!("{durability:?}")))?;
            let rows: Dbi<u64, u64> = env.dbi("rows")?;
            env.transact(|txn| rows.put(txn, 1, 1))?;
            control.arm(Fault { classes: FLUSH, nth: 1, errno: EIO, how: How::Once })?;
            assert!(env.sync().is_err(), "{durability:?}");
            assert_eq!(control.disarm()?.failed, 1);
            let unknown = Err(ErrorKind::CommitOutcomeUnknown);
            assert_eq!(env.sync().map_err(|error| error.kind()), unknown, "{durability:?}");
            let put = env.transact(|txn| rows.put(txn, 2, 2));
            assert_eq!(put.map_err(|error| error.kind()), unknown, "{durability:?}");
            assert_eq!(env.snapshot().map(drop).map_err(|error| error.kind()), unknown, "{durability:?}");
        }
        Ok(String::new())
    });
    told.map(drop)
}
