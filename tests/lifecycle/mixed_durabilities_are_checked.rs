//! Processes may mix `Immediate` and `Eventual`; `Process` goes only with `Process`, because a flushed commit must not
//! be based on one that is never flushed.

use std::path::Path;

use mapleaf::{Durability, Env, ErrorKind, Result};

use crate::common::errors::{directory, refused_with};
use crate::common::process;
use crate::rows;

const ALL: [Durability; 3] = [Durability::Immediate, Durability::Eventual, Durability::Process];

#[test]
fn every_pair_of_durabilities_of_two_processes_is_accepted_or_refused() -> Result<()> {
    if let Some(arguments) = process::arguments() {
        let (path, durability) = (Path::new(&arguments[0]), ALL[arguments[1].parse::<usize>().expect("a number")]);
        match Env::options().durability(durability).open(path) {
            Ok(env) => {
                rows::count(&env)?;
                process::tell("counted");
            }
            Err(error) => process::tell(&format!("{:?} {error}", error.kind())),
        }
        return Ok(());
    }
    for first in ALL {
        let dir = directory()?;
        let (env, _) = rows::open(dir.path(), first)?;
        for (index, second) in ALL.into_iter().enumerate() {
            let child = process::spawn(
                "mixed_durabilities_are_checked::every_pair_of_durabilities_of_two_processes_is_accepted_or_refused",
                &[&dir.path().to_string_lossy(), &index.to_string()],
            )?;
            let said = child.line().unwrap_or_default();
            child.passes()?;
            if (first == Durability::Process) == (second == Durability::Process) {
                assert_eq!(said, "counted", "{first:?} {second:?}");
            } else {
                assert!(
                    said.starts_with("InvalidArgument") && said.contains("Process"),
                    "{first:?} {second:?}: {said}"
                );
            }
        }
        // A reader commits nothing.
        drop(env);
        let reader = Env::options().read_only(true).durability(Durability::Process).open(dir.path())?;
        let child = process::spawn(
            "mixed_durabilities_are_checked::every_pair_of_durabilities_of_two_processes_is_accepted_or_refused",
            &[&dir.path().to_string_lossy(), "0"],
        )?;
        child.expect("counted");
        child.passes()?;
        drop(reader);
    }
    Ok(())
}

#[test]
fn any_durability_can_follow_another() -> Result<()> {
    let dir = directory()?;
    for (n, durability) in (1..).zip(ALL.into_iter().cycle().take(7)) {
        let (env, _) = rows::open(dir.path(), durability)?;
        assert_eq!(rows::count(&env)?, n);
    }
    Ok(())
}

#[test]
fn one_process_has_one_durability() -> Result<()> {
    let dir = directory()?;
    let (_env, _) = rows::open(dir.path(), Durability::Immediate)?;
    let other = Env::options().durability(Durability::Process).open(dir.path());
    refused_with(other, ErrorKind::InvalidArgument, &["options"]);
    Ok(())
}
