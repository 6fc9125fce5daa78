//! A relative path means the place that it meant when the environment was opened, whatever the working directory is later.

use std::env::set_current_dir;
use std::fs;

use mapleaf::{Durability, Env, Result};

use crate::errors::{directory, io};
use crate::{process, rows};

#[test]
fn after_a_change_of_directory() -> Result<()> {
    process::apart("paths_stay_where_they_were::after_a_change_of_directory", || {
        let dir = directory()?;
        for single_file in [false, true] {
            io(set_current_dir(dir.path()))?;
            let name = if single_file { "file" } else { "data" };
            let env = Env::options().single_file(single_file).durability(Durability::Process).open(name)?;
            assert_eq!(rows::count(&env)?, 1);
            io(fs::create_dir_all("run"))?;
            io(set_current_dir("run"))?;
            assert!(env.path().is_absolute() && env.path().ends_with(name), "{:?}", env.path());
            env.compact()?;
            // Another one of the same relative path is another one.
            let other = Env::options().single_file(single_file).open(name)?;
            env.compact()?;
            other.compact()?;
            assert_eq!((rows::counted(&env)?, other.dbis()?.len()), (Some(1), 0));
            drop(other);
            Env::destroy(name)?;
            assert_eq!(rows::count(&env)?, 2);
        }
        Ok(())
    })
}
