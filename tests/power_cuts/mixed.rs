//! `Process` beside a durability that flushes: its commits would take away what the other one was told of, so whoever comes
//! second is refused.

use mapleaf::{Durability, Env, ErrorKind, Result};

use super::campaign::{Family, campaign, memory};
use super::scenario::Scenario;
use crate::common::process;

const NAME: &str = "mixed::who_comes_second_is_refused";

/// The first: opens the environment, says so, and holds it until it is told to end.
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
fn who_comes_second_is_refused() -> Result<()> {
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
fn what_immediate_was_told_of_beside_process_is_there() -> Result<()> {
    let family = Family {
        name: "mixed::what_immediate_was_told_of_beside_process_is_there",
        share: 60,
        draw: |seed, random| {
            let scenario = Scenario::alone(seed, Durability::Immediate, random);
            Scenario {
                processes: vec![vec![Durability::Immediate], vec![Durability::Process]],
                threads: 1,
                operations: 20,
                made_before: true,
                path: "env",
                pause: 50,
                ..scenario
            }
        },
    };
    let Some(tally) = campaign(&family)? else { return Ok(()) };
    assert!(tally.kept > 0, "{tally:?}");
    Ok(())
}
