//! An environment works in a directory that may be entered and written, but not listed: its names are flushed with the
//! whole file system.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use mapleaf::{Compact, Durability, Env, ErrorKind, Result};
use nix::unistd::{Uid, geteuid, seteuid};

use crate::common::errors::{directory, io, refused_with};
use crate::common::process;
use crate::rows;

/// Runs `body` as a user whom permissions bind. Root becomes another user for that time.
fn as_user<T>(body: impl FnOnce() -> Result<T>) -> Result<T> {
    let is_root = geteuid().is_root();
    if is_root {
        io(seteuid(Uid::from_raw(65534)).map_err(Into::into))?;
    }
    let done = body();
    if is_root {
        io(seteuid(Uid::from_raw(0)).map_err(Into::into))?;
    }
    done
}

/// Makes a directory that its user may not list.
fn unlisted(path: PathBuf) -> Result<PathBuf> {
    io(fs::create_dir(&path))?;
    io(fs::set_permissions(&path, Permissions::from_mode(0o300)))?;
    assert!(fs::read_dir(&path).is_err());
    Ok(path)
}

/// Runs `body` with a directory of that user.
fn played(name: &str, body: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    process::apart(name, || {
        let dir = directory()?;
        io(fs::set_permissions(dir.path(), Permissions::from_mode(0o777)))?;
        let played = as_user(|| body(dir.path()));
        // Makes it removable for a user who is not root.
        for entry in io(fs::read_dir(dir.path()))?.flatten() {
            let _ = fs::set_permissions(entry.path(), Permissions::from_mode(0o700));
        }
        played
    })
}

#[test]
fn an_environment_in_an_unlistable_directory_supports_every_operation() -> Result<()> {
    played(
        "unlistable_directories_are_supported::an_environment_in_an_unlistable_directory_supports_every_operation",
        |dir| {
            for durability in [Durability::Immediate, Durability::Eventual, Durability::Process] {
                for single_file in [false, true] {
                    let case = |what: &str| dir.join(format!("{what} {durability:?} {single_file}"));
                    let (home, copies) = (unlisted(case("home"))?, unlisted(case("copies"))?);
                    let at =
                        |directory: &Path| if single_file { directory.join("file") } else { directory.to_path_buf() };
                    let options = Env::options().single_file(single_file).durability(durability);
                    let env = options.open(at(&home))?;
                    assert_eq!(rows::count(&env)?, 1);
                    env.sync()?;
                    env.compact()?;
                    drop(env);
                    let env = options.open(at(&home))?;
                    assert_eq!(rows::count(&env)?, 2);
                    env.copy_to(at(&copies), Compact::Yes)?;
                    refused_with(env.copy_to(at(&copies), Compact::Yes), ErrorKind::AlreadyExists, &["copy_to"]);
                    let copy = options.open(at(&copies))?;
                    assert_eq!(rows::counted(&copy)?, Some(2));
                    drop((env, copy));
                    for directory in [&home, &copies] {
                        Env::destroy(at(directory))?;
                        assert!(!Env::exists(at(directory))?);
                        assert_eq!(directory.exists(), single_file);
                    }
                }
            }
            Ok(())
        },
    )
}

#[test]
fn a_copy_beside_leftover_files_of_an_environment_is_refused() -> Result<()> {
    played("unlistable_directories_are_supported::a_copy_beside_leftover_files_of_an_environment_is_refused", |dir| {
        let (env, _) = rows::open(&dir.join("env"), Durability::Process)?;
        for name in ["data.mdb", "lock.mdb", "mapleaf.lock", "data.mdb-compact"] {
            let home = unlisted(dir.join(format!("beside {name}")))?;
            io(fs::write(home.join(name), b"left"))?;
            refused_with(env.copy_to(&home, Compact::Yes), ErrorKind::AlreadyExists, &[name]);
            io(fs::set_permissions(&home, Permissions::from_mode(0o700)))?;
            assert_eq!(io(fs::read_dir(&home))?.count(), 1);
            assert_eq!(io(fs::read(home.join(name)))?, b"left");
        }
        Ok(())
    })
}
