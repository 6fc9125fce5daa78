//! A relative path is resolved when the environment is opened; a later change of the working directory has no effect.

use std::env::set_current_dir;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use mapleaf::{Compact, Durability, Env, ErrorKind, Result};
use nix::unistd::{Uid, geteuid, seteuid};

use crate::common::errors::{directory, io, refused, refused_with};
use crate::common::process;
use crate::rows;

#[test]
fn a_relative_path_stays_valid_after_a_change_of_directory() -> Result<()> {
    process::apart("paths_are_resolved_at_opening::a_relative_path_stays_valid_after_a_change_of_directory", || {
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
            // The same relative path now names a different environment.
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

#[test]
fn an_empty_path_is_refused_and_creates_nothing() -> Result<()> {
    let name = "paths_are_resolved_at_opening::an_empty_path_is_refused_and_creates_nothing";
    process::apart(name, || {
        let dir = directory()?;
        io(set_current_dir(dir.path()))?;
        for single_file in [false, true] {
            let options = Env::options().single_file(single_file);
            refused_with(options.open(""), ErrorKind::NotFound, &["empty"]);
            refused(options.temporary()?.copy_to("", Compact::Yes), ErrorKind::NotFound);
            assert!(!Env::exists("")?);
            Env::destroy("")?;
            let left: Vec<_> = io(fs::read_dir(dir.path()))?.flatten().map(|entry| entry.file_name()).collect();
            assert!(left.is_empty(), "{left:?}");
        }
        Ok(())
    })
}

#[test]
fn in_a_removed_working_directory_only_paths_outside_it_open() -> Result<()> {
    process::apart("paths_are_resolved_at_opening::in_a_removed_working_directory_only_paths_outside_it_open", || {
        let dir = directory()?;
        let gone = dir.path().join("gone");
        io(fs::create_dir(&gone))?;
        io(set_current_dir(&gone))?;
        io(fs::remove_dir(&gone))?;
        for single_file in [false, true] {
            let options = Env::options().single_file(single_file);
            for path in ["data", "./data", "a/b"] {
                refused(options.open(path), ErrorKind::NotFound);
                assert!(!Env::exists(path)?);
                Env::destroy(path)?;
                refused(options.temporary()?.copy_to(path, Compact::No), ErrorKind::NotFound);
            }
            // Files beside it can be reached, also from another working directory later.
            let name = format!("../beside {single_file}");
            let env = options.open(&name)?;
            assert!(env.path().is_absolute(), "{:?}", env.path());
            assert_eq!(rows::count(&env)?, 1);
            env.copy_to(format!("../copy {single_file}"), Compact::Yes)?;
            io(set_current_dir("/"))?;
            env.compact()?;
            drop(env);
            let env = options.open(dir.path().join(&name[3..]))?;
            assert_eq!(rows::counted(&env)?, Some(1));
            drop(env);
            let again = dir.path().join("gone");
            io(fs::create_dir(&again))?;
            io(set_current_dir(&again))?;
            io(fs::remove_dir(&again))?;
        }
        Ok(())
    })
}

#[test]
fn in_an_unsearchable_working_directory_nothing_opens() -> Result<()> {
    process::apart("paths_are_resolved_at_opening::in_an_unsearchable_working_directory_nothing_opens", || {
        if !geteuid().is_root() {
            println!("only root can enter such a directory: not checked");
            return Ok(());
        }
        let dir = directory()?;
        io(set_current_dir(dir.path()))?;
        io(fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o600)))?;
        io(seteuid(Uid::from_raw(65534)).map_err(Into::into))?;
        let outcomes = [false, true].map(|single_file| {
            let options = Env::options().single_file(single_file);
            [options.open("data").map(drop), options.open("a/b").map(drop), Env::destroy("data")]
        });
        let copied = Env::temporary()?.copy_to("copy", Compact::Yes);
        io(seteuid(Uid::from_raw(0)).map_err(Into::into))?;
        for outcome in outcomes.into_iter().flatten().chain([copied]) {
            refused_with(outcome, ErrorKind::PermissionDenied, &[&dir.path().display().to_string()]);
        }
        assert_eq!(io(fs::read_dir(dir.path()))?.count(), 0);
        Ok(())
    })
}
