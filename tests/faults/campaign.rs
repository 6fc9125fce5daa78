//! A campaign: each call of the workload fails in turn, in each way, in an environment of its own.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use mapleaf::{Durability, Error, Result};

use super::bench::{AFTERWARDS, Bench, Outcome, State, is_batch, work};
use crate::common::process;
use crate::common::shim::{Control, FLUSH, Fault, How, META, PAGES, SPACE, Shim};

const ALL: u64 = PAGES | META | FLUSH | SPACE;

/// Runs one case in an environment under `path`. Returns a line for the parent, or `None` if there was no such call.
fn case(control: &Control, path: &Path, durability: Durability, fault: Fault) -> Result<Option<String>> {
    let bench = Bench::open(path, durability)?;
    let before = bench.env.snapshot()?;
    control.arm(fault)?;
    let outcome = work(&bench, fault);
    let tally = control.disarm()?;
    let Outcome { state, unknown, kinds } = outcome?;
    assert_eq!(bench.ledger.check(&before, is_batch)?, [0], "a snapshot stays as it is");
    drop(before);
    if unknown.is_some() {
        bench.refuses_all();
    } else {
        assert_eq!(bench.state()?, state);
    }
    bench.env.close()?;

    let bench = Bench::open(path, durability)?;
    let found = bench.state()?;
    let happened = unknown.is_some_and(|step| found == state.with(step));
    assert!(happened || found == state, "acknowledged {state:?}, unknown {unknown:?}, found {found:?}");
    bench.env.transact(|txn| bench.ledger.step(txn, AFTERWARDS))?;
    let report = bench.env.verify()?;
    assert!(report.is_clean(), "{:?}", report.faults);
    if tally.failed == 0 {
        assert!(kinds.is_empty(), "{kinds:?}");
        return Ok(None);
    }
    let unknown = if unknown.is_none() {
        "known"
    } else if happened {
        "happened"
    } else {
        "did not happen"
    };
    let steps: Vec<String> = found.steps.iter().map(u32::to_string).collect();
    Ok(Some(format!("{unknown}|{}|{}|{}|{kinds:?}", steps.join(","), found.made, tally.first)))
}

/// In the child: fails each call of the workload in turn, in each way.
fn walk(root: &Path, durability: Durability, errno: i32, hows: &[How]) -> Result<()> {
    let base = root.join("base");
    let bench = Bench::open(&base, durability)?;
    bench.env.transact(|txn| bench.ledger.step(txn, 0))?;
    bench.env.close()?;
    let control = Control::of_this_process(&root.join("cases"))?;
    for how in hows {
        for nth in 1.. {
            let path = root.join(format!("cases/{how:?}-{nth}"));
            fs::create_dir_all(&path).map_err(Error::other)?;
            fs::copy(base.join("data.mdb"), path.join("data.mdb")).map_err(Error::other)?;
            // The last line names the case that fails.
            process::tell(&format!("try|{}", path.display()));
            let fault = Fault { classes: ALL, nth, errno, how: *how };
            match case(&control, &path, durability, fault)? {
                Some(line) => process::tell(&format!("did|{line}")),
                None => break,
            }
        }
    }
    process::tell("end");
    Ok(())
}

/// In the parent: opens the environment of each case without faults, and counts the outcomes. In the child: returns
/// `None`.
pub fn campaign(name: &str, durability: Durability, errno: i32, hows: &[How]) -> Result<Option<BTreeMap<String, u32>>> {
    if let Some(arguments) = process::arguments() {
        walk(Path::new(&arguments[0]), durability, errno, hows)?;
        return Ok(None);
    }
    let dir = tempfile::tempdir().map_err(Error::other)?;
    let child = Shim::build(dir.path())?.spawn(name, dir.path())?;
    let (mut path, mut counts) = (String::new(), BTreeMap::new());
    loop {
        let line = child.line().ok_or_else(|| Error::other(format!("the child died at {path}")))?;
        let parts: Vec<&str> = line.split('|').collect();
        match parts[..] {
            ["try", next] => next.clone_into(&mut path),
            ["did", outcome, steps, made, first, kinds] => {
                let bench = Bench::open(Path::new(&path), durability)?;
                let mut steps: Vec<u32> = steps.split(',').filter_map(|step| step.parse().ok()).collect();
                steps.push(AFTERWARDS);
                assert_eq!(bench.state()?, State { steps, made: made == "true" }, "{path}: {line}");
                let report = bench.env.verify()?;
                assert!(report.is_clean(), "{path}: {:?}", report.faults);
                *counts.entry(format!("{outcome}: {first} {kinds}")).or_insert(0) += 1;
                *counts.entry(outcome.to_owned()).or_insert(0) += 1;
                drop(bench);
                fs::remove_dir_all(&path).map_err(Error::other)?;
            }
            _ => break,
        }
    }
    child.passes()?;
    println!("{name}: {counts:#?}");
    Ok(Some(counts))
}
