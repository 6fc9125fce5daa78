//! A snapshot lists the DBIs of its own state, whatever is created, dropped and filled afterwards.

use crate::common::errors::refused;
use mapleaf::{Dbi, Env, ErrorKind, Result};
use proptest::prelude::*;

/// What is done between two snapshots: to the DBI of this number.
#[derive(Clone, Copy, Debug)]
enum Step {
    Create(u8),
    Drop(u8),
    Put(u8),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (0..3_u8, 0..4_u8).prop_map(|(what, number)| match what {
        0 => Step::Create(number),
        1 => Step::Drop(number),
        _ => Step::Put(number),
    });
    prop::collection::vec(step, 1..12)
}

fn take(env: &Env, step: Step) -> Result<()> {
    let name = |number: u8| format!("dbi {number}");
    let exists = |number| -> Result<bool> { Ok(env.dbis()?.iter().any(|info| info.name == name(number))) };
    match step {
        Step::Create(number) => env.dbi::<u32, u32>(&name(number)).map(drop),
        Step::Drop(number) if exists(number)? => env.drop_dbi(&name(number)),
        Step::Put(number) if exists(number)? => {
            let dbi: Dbi<u32, u32> = env.dbi(&name(number))?;
            env.transact(|txn| {
                let next = u32::try_from(dbi.len(txn)?).unwrap_or(0);
                dbi.put(txn, next, next)
            })
        }
        Step::Drop(_) | Step::Put(_) => Ok(()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_snapshot_lists_what_the_environment_listed_then(steps in steps()) {
        let run = || -> Result<()> {
            let env = Env::temporary()?;
            let mut seen = vec![(env.snapshot()?, env.dbis()?)];
            for step in steps {
                take(&env, step)?;
                seen.push((env.snapshot()?, env.dbis()?));
            }
            for (snap, listed) in seen {
                assert_eq!(snap.dbis()?, listed);
            }
            Ok(())
        };
        run().expect("no error");
    }
}

#[test]
fn a_dbi_that_was_dropped_is_listed_and_not_opened() -> Result<()> {
    let env = Env::temporary()?;
    let _gone: Dbi<u32, u32> = env.dbi("gone")?;
    let snap = env.snapshot()?;
    env.drop_dbi("gone")?;
    assert_eq!((snap.dbis()?.len(), env.dbis()?.len()), (1, 0));
    refused(env.raw_dbi("gone"), ErrorKind::NotFound);
    Ok(())
}
