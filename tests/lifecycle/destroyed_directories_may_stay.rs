//! Where the directory of an environment may not be taken away, its files are, and that is durable and no error.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};

use mapleaf::{Durability, Env, Error, Result};

use crate::errors::{directory, io};
use crate::{process, rows};

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
