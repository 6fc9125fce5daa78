//! `Process` beside a durability that flushes: its commits would undo acknowledged commits of the other process, so the
//! second process is refused.

use mapleaf::{Durability, Env, ErrorKind, Result};

use super::campaign::{Family, campaign, memory};
use super::scenario::Scenario;
use crate::common::process;

const NAME: &str = "mixed_durabilities::a_second_process_with_a_conflicting_durability_is_refused";

/// The first process: opens the environment, reports it, and keeps it open until it is told to end.
fn hold(arguments: &[String]) -> Result<()> {
    let durability = DURABILITIES[arguments[1].parse().unwrap_or(0)];
    let env = Env::options().map_size(1 << 20).durability(durability).open(&arguments[0])?;
    process::tell("open");
    process::hear()?;
    env.close()?;
    process::tell("closed");
    Ok(())
}

const DURABILITIES: [Durability; 3] = [Durability::Immediate, Durability::Eventual, Durability::Process];

#[test]
fn a_second_process_with_a_conflicting_durability_is_refused() -> Result<()> {
    if let Some(arguments) = process::arguments() {
        return hold(&arguments);
    }
    let memory = memory()?;
    let path = memory.path().join("env");
    for (which, first) in DURABILITIES.into_iter().enumerate() {
        let mut holder = process::spawn(NAME, &[&path.to_string_lossy(), &which.to_string()])?;
        holder.expect("open");
        for second in DURABILITIES {
            let opened = Env::options().map_size(1 << 20).durability(second).open(&path).map(drop);
            let mixes = (first == Durability::Process) != (second == Durability::Process);
            let expected = if mixes { Err(ErrorKind::InvalidArgument) } else { Ok(()) };
            assert_eq!(opened.map_err(|error| error.kind()), expected, "{second:?} beside {first:?}");
        }
        holder.say("end")?;
        holder.expect("closed");
        holder.passes()?;
    }
    Ok(())
}

#[test]
fn immediate_keeps_every_acknowledged_operation_beside_process() -> Result<()> {
    let family = Family {
        name: "mixed_durabilities::immediate_keeps_every_acknowledged_operation_beside_process",
        share: 60,
        draw: |seed, random| {
            let scenario = Scenario::alone(seed, Durability::Immediate, random).existing();
            let processes = vec![vec![Durability::Immediate], vec![Durability::Process]];
            Scenario { processes, threads: 1, operations: 20, path: "env", pause: 50, ..scenario }
        },
    };
    campaign(&family, |tally| tally.kept > 0)
}
