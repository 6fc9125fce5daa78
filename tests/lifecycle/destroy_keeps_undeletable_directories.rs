//! If the directory of an environment may not be removed, its files are; that is durable and no error. The rest of an
//! interrupted removal is removed, too.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;

use mapleaf::{Durability, Env, Error, Result};

use crate::common::errors::{directory, io};
use crate::common::process;
use crate::rows;

#[test]
fn destroy_keeps_a_directory_that_it_may_not_remove() -> Result<()> {
    process::apart("destroy_keeps_undeletable_directories::destroy_keeps_a_directory_that_it_may_not_remove", || {
        if !nix::unistd::geteuid().is_root() {
            println!("another user's directory takes root to make: not checked");
            return Ok(());
        }
        let dir = directory()?;
        io(fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)))?;
        let path = dir.path().join("env");
        io(fs::create_dir(&path))?;
        io(chown(&path, Some(65534), None))?;
        nix::unistd::setuid(nix::unistd::Uid::from_raw(65534)).map_err(Error::other)?;
        let (env, rows) = rows::written(&path, Durability::Immediate, 1)?;
        drop((env, rows));
        Env::destroy(&path)?;
        assert!(!Env::exists(&path)? && io(fs::read_dir(&path))?.next().is_none());
        Env::destroy(&path)?;
        let (env, rows) = rows::open(&path, Durability::Immediate)?;
        assert!(rows.is_empty(&env.snapshot()?)?);
        Ok(())
    })
}

#[test]
fn destroy_removes_the_rest_of_an_interrupted_removal() -> Result<()> {
    let dir = directory()?;
    let path = dir.path().join("env");
    for left in [&["lock.mdb", "mapleaf.lock"][..], &["mapleaf.lock"]] {
        let (env, rows) = rows::written(&path, Durability::Immediate, 1)?;
        drop((env, rows));
        for file in io(fs::read_dir(&path))? {
            let name = io(file)?.file_name();
            if !left.iter().any(|left| *left == name) {
                io(fs::remove_file(path.join(name)))?;
            }
        }
        Env::destroy(&path)?;
        assert!(!path.exists(), "{left:?}");
    }
    let file = dir.path().join("single.mdb");
    drop(Env::options().single_file(true).open(&file)?);
    assert_eq!(io(fs::read_dir(dir.path()))?.count(), 3);
    io(fs::remove_file(&file))?;
    Env::destroy(&file)?;
    assert_eq!(io(fs::read_dir(dir.path()))?.count(), 0);
    Ok(())
}

#[test]
fn destroy_of_an_empty_path_removes_nothing_in_the_working_directory() -> Result<()> {
    process::apart(
        "destroy_keeps_undeletable_directories::destroy_of_an_empty_path_removes_nothing_in_the_working_directory",
        || {
            let dir = directory()?;
            drop(rows::open(dir.path(), Durability::Immediate)?);
            io(fs::remove_file(dir.path().join("data.mdb")))?;
            io(std::env::set_current_dir(dir.path()))?;
            Env::destroy("")?;
            assert!(dir.path().join("mapleaf.lock").exists() && dir.path().join("lock.mdb").exists());
            Ok(())
        },
    )
}

#[test]
fn destroy_removes_no_open_environment_and_no_other_files() -> Result<()> {
    let name = "destroy_keeps_undeletable_directories::destroy_removes_no_open_environment_and_no_other_files";
    if let Some(arguments) = process::arguments() {
        let opened = rows::open(Path::new(&arguments[0]), Durability::Immediate)?;
        process::tell("open");
        process::hear()?;
        drop(opened);
        return Ok(());
    }
    let dir = directory()?;
    let path = dir.path().join("env");
    let mut holding = process::spawn(name, &[&path.to_string_lossy()])?;
    holding.expect("open");
    io(fs::remove_file(path.join("data.mdb")))?;
    Env::destroy(&path)?;
    assert!(path.join("lock.mdb").exists() && path.join("mapleaf.lock").exists());
    holding.say("end")?;
    holding.passes()?;
    for theirs in [&b"somebody else's"[..], b""] {
        io(fs::write(path.join("mapleaf.lock"), theirs))?;
        Env::destroy(&path)?;
        assert_eq!(io(fs::read(path.join("mapleaf.lock")))?, theirs);
    }
    Ok(())
}
