//! The counters agree with what the environment says about itself, whatever is done.

use mapleaf::{Dbi, Env, Error, ErrorKind, Result};
use metrics::{Unit, with_local_recorder};
use proptest::prelude::*;

use crate::common::errors::{directory, refused};
use crate::recorder::Sum;

#[derive(Clone, Copy, Debug)]
enum Step {
    Put(u8),
    Fail,
    Nothing,
    Compact,
    Reopen,
    TooMuch,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (1..20_u8).prop_map(Step::Put),
        1 => Just(Step::Fail),
        1 => Just(Step::Nothing),
        1 => Just(Step::Compact),
        1 => Just(Step::Reopen),
        1 => Just(Step::TooMuch),
    ];
    prop::collection::vec(step, 1..16)
}

/// How often each was done.
#[derive(Default)]
struct Done {
    opened: u64,
    compacted: u64,
    failed: u64,
    values: u64,
}

fn take(env: &mut Env, path: &std::path::Path, step: Step, done: &mut Done) -> Result<()> {
    let rows: Dbi<u8, &[u8]> = env.dbi("rows")?;
    match step {
        Step::Put(count) => {
            env.transact(|txn| (0..count).try_for_each(|n| rows.put(txn, n, &[count; 100])))?;
            done.values += u64::from(count) * 100;
        }
        Step::Fail => {
            let fails = |txn: &mut mapleaf::WriteTxn| {
                rows.put(txn, 1, b"lost")?;
                Err::<(), _>(Error::other("changed its mind"))
            };
            refused(env.transact(fails), ErrorKind::Other);
        }
        Step::Nothing => env.transact(|txn| rows.delete(txn, 200).map(drop))?,
        Step::Compact => {
            env.compact()?;
            done.compacted += 1;
        }
        Step::Reopen => {
            drop(rows);
            env.close()?;
            *env = open(path)?;
            done.opened += 1;
        }
        Step::TooMuch => {
            refused(env.transact(|txn| rows.put(txn, 1, &vec![0; 8 << 20])), ErrorKind::MapFull);
            done.failed += 1;
        }
    }
    Ok(())
}

fn open(path: &std::path::Path) -> Result<Env> {
    Env::options().map_size(1 << 20).max_map_size(1 << 22).durability(mapleaf::Durability::Process).open(path)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn counters_agree_with_the_environment(steps in steps()) {
        let sum = Sum::default();
        let run = || -> Result<()> {
            let dir = directory()?;
            let (mut env, mut done) = (open(dir.path())?, Done { opened: 1, ..Done::default() });
            for step in steps {
                take(&mut env, dir.path(), step, &mut done)?;
            }
            let of = |name: &str| sum.of(&format!("mapleaf_{name}_total"));
            assert_eq!(of("transactions"), env.info()?.commits);
            assert_eq!(of("openings"), done.opened);
            assert_eq!(of("compactions"), done.compacted);
            assert_eq!(of("commit_failures"), done.failed);
            // The map is doubled from its first size, again after each opening and compaction.
            assert!(of("growths") <= 2 * (done.opened + done.compacted), "{}", of("growths"));
            assert!(of("commit_bytes") >= done.values, "{} bytes", of("commit_bytes"));
            let (commits, seconds) = sum.now().histograms["mapleaf_commit_seconds"];
            assert!(commits == of("commits") && commits >= of("transactions") && seconds > 0.0, "{commits}");
            Ok(())
        };
        with_local_recorder(&sum, run).expect("no error");
    }
}

#[test]
fn every_counter_has_a_unit_and_every_name_is_in_the_document() -> Result<()> {
    let sum = Sum::default();
    with_local_recorder(&sum, || Env::temporary().map(drop))?;
    let units = sum.now().units;
    assert_eq!(units.len(), 9);
    let document = include_str!("../../docs/observing.md");
    for (name, unit) in units {
        let unit = match unit.unwrap_or_else(|| panic!("{name} has no unit")) {
            Unit::Count => "count",
            Unit::Bytes => "bytes",
            Unit::Seconds => "seconds",
            other => panic!("{name}: {other:?}"),
        };
        let row = document.lines().find(|line| line.starts_with(&format!("| `{name}` |")));
        assert!(row.is_some_and(|row| row.contains(&format!("| {unit} |"))), "{name}, {unit}: {row:?}");
    }
    Ok(())
}
