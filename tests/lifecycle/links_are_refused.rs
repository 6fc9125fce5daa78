//! An environment file that is a link, a directory or a pipe is refused before anything is opened: LMDB would follow a
//! link and overwrite its target.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use mapleaf::{Durability, Env, ErrorKind, Result};
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use crate::common::errors::{directory, io, refused_with};
use crate::rows;

const FILES: [&str; 3] = ["data.mdb", "lock.mdb", "mapleaf.lock"];

fn refuse(path: &Path, file: &str) {
    for read_only in [false, true] {
        let options = Env::options().read_only(read_only);
        refused_with(options.open(path), ErrorKind::InvalidArgument, &[file]);
        refused_with(options.assume_immutable(true).open(path), ErrorKind::InvalidArgument, &[file]);
    }
}

#[test]
fn links_to_files_and_dangling_links_are_refused() -> Result<()> {
    for file in FILES {
        for dangling in [false, true] {
            let dir = directory()?;
            let path = dir.path().join("env");
            let (env, rows) = rows::written(&path, Durability::Immediate, 1)?;
            drop((env, rows));
            let victim = dir.path().join("victim");
            let text = b"somebody else's text".repeat(1000);
            if !dangling {
                io(fs::write(&victim, &text))?;
            }
            let kept = io(fs::read(path.join(file)))?;
            io(fs::remove_file(path.join(file)))?;
            io(symlink(&victim, path.join(file)))?;
            refuse(&path, file);
            if dangling {
                assert!(!victim.exists(), "nothing is created behind the link");
            } else {
                assert_eq!(io(fs::read(&victim))?, text, "{file}");
            }
            // With the file restored, the environment is as before.
            io(fs::remove_file(path.join(file)))?;
            io(fs::write(path.join(file), kept))?;
            rows::reopened(&path, 1)?;
        }
    }
    Ok(())
}

#[test]
fn directories_and_pipes_in_place_of_files_are_refused() -> Result<()> {
    for file in FILES {
        for pipe in [false, true] {
            let dir = directory()?;
            let (env, _) = rows::open(dir.path(), Durability::Immediate)?;
            drop(env);
            let at = dir.path().join(file);
            io(fs::remove_file(&at))?;
            if pipe {
                mkfifo(&at, Mode::S_IRUSR | Mode::S_IWUSR).map_err(mapleaf::Error::other)?;
            } else {
                io(fs::create_dir(&at))?;
            }
            refuse(dir.path(), file);
        }
    }
    Ok(())
}

#[test]
fn a_link_to_the_directory_is_accepted() -> Result<()> {
    let dir = directory()?;
    let (path, link) = (dir.path().join("env"), dir.path().join("link"));
    io(fs::create_dir(&path))?;
    io(symlink(&path, &link))?;
    let (env, _) = rows::written(&link, Durability::Immediate, 1)?;
    env.compact()?;
    assert!(path.join("data.mdb").exists());
    Ok(())
}
