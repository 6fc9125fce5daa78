//! Where the directory of an environment may not be taken away, its files are, and that is durable and no error. What a removal
//! left that was cut short goes too.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;

use mapleaf::{Durability, Env, Error, Result};

use crate::common::errors::{directory, io};
use crate::common::process;
use crate::rows;

#[test]
fn in_a_directory_of_another_user() -> Result<()> {
    process::apart("destroyed_directories_may_stay::in_a_directory_of_another_user", || {
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
        let (env, rows) = rows::open(&path, Durability::Immediate)?;
        rows::write(&env, &rows, 1)?;
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
fn what_a_removal_left_that_was_cut_short_is_taken_away() -> Result<()> {
    let dir = directory()?;
    let path = dir.path().join("env");
    for left in [&["lock.mdb", "mapleaf.lock"][..], &["mapleaf.lock"]] {
        let (env, rows) = rows::open(&path, Durability::Immediate)?;
        rows::write(&env, &rows, 1)?;
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
fn but_not_those_in_the_working_directory_by_an_empty_path() -> Result<()> {
    process::apart("destroyed_directories_may_stay::but_not_those_in_the_working_directory_by_an_empty_path", || {
        let dir = directory()?;
        drop(rows::open(dir.path(), Durability::Immediate)?);
        io(fs::remove_file(dir.path().join("data.mdb")))?;
        io(std::env::set_current_dir(dir.path()))?;
        Env::destroy("")?;
        assert!(dir.path().join("mapleaf.lock").exists() && dir.path().join("lock.mdb").exists());
        Ok(())
    })
}

#[test]
fn but_not_under_who_has_it_open_nor_what_is_not_ours() -> Result<()> {
    let name = "destroyed_directories_may_stay::but_not_under_who_has_it_open_nor_what_is_not_ours";
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
