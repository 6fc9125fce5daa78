//! `Immediate` and `Eventual` go together across processes, `Process` goes with `Process` alone: what is flushed must not
//! stand on what is not.

use std::path::Path;

use mapleaf::{Durability, Env, ErrorKind, Result};

use crate::common::errors::{directory, refused_with};
use crate::common::process;
use crate::rows;

const ALL: [Durability; 3] = [Durability::Immediate, Durability::Eventual, Durability::Process];

#[test]
fn every_pair() -> Result<()> {
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
                "durabilities_mix_as_promised::every_pair",
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
        // Readers commit nothing.
        drop(env);
        let reader = Env::options().read_only(true).durability(Durability::Process).open(dir.path())?;
        let child = process::spawn("durabilities_mix_as_promised::every_pair", &[&dir.path().to_string_lossy(), "0"])?;
        child.expect("counted");
        child.passes()?;
        drop(reader);
    }
    Ok(())
}

#[test]
fn one_after_another_all_do() -> Result<()> {
    let dir = directory()?;
    for (n, durability) in (1..).zip(ALL.into_iter().cycle().take(7)) {
        let (env, _) = rows::open(dir.path(), durability)?;
        assert_eq!(rows::count(&env)?, n);
    }
    Ok(())
}

#[test]
fn within_a_process_as_before() -> Result<()> {
    let dir = directory()?;
    let (_env, _) = rows::open(dir.path(), Durability::Immediate)?;
    let other = Env::options().durability(Durability::Process).open(dir.path());
    refused_with(other, ErrorKind::InvalidArgument, &["options"]);
    Ok(())
}
