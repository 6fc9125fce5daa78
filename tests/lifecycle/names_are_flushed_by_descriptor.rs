//! `sync` with `Durability::Process` flushes the names of the files once, through the descriptor of the directory. It
//! does not matter where the path leads by then, and a directory that cannot be opened does not disable the
//! environment.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use mapleaf::{Durability, ErrorKind, Result};
use nix::libc::EIO;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::unistd::{Uid, chroot, geteuid, seteuid};

use crate::common::errors::{directory, io, refused, refused_with};
use crate::common::process;
use crate::common::shim::{self, Control, Fault, How, NAMES_FLUSH};
use crate::rows;

/// The number of directories at or below `path` that `body` flushes; the `nth` flush fails.
fn flushed(control: &Control, path: &Path, nth: u64, body: impl FnOnce() -> Result<()>) -> Result<(Result<()>, u64)> {
    control.aim(path)?;
    control.arm(Fault { classes: NAMES_FLUSH, nth, errno: EIO, how: How::Once })?;
    let outcome = body();
    Ok((outcome, control.disarm()?.calls))
}

#[test]
fn names_are_flushed_once_for_an_open_environment() -> Result<()> {
    shim::apart("names_are_flushed_by_descriptor::names_are_flushed_once_for_an_open_environment", |control, cases| {
        for single_file in [false, true] {
            let above = cases.join(format!("above {single_file}"));
            let options = mapleaf::Env::options().single_file(single_file).durability(Durability::Process);
            let env = options.open(above.join("a/env"))?;
            let (outcome, calls) = flushed(control, &above, 0, || env.sync())?;
            outcome?;
            assert_eq!(calls, if single_file { 2 } else { 3 }, "the directory and those above");
            for number in 1..3 {
                rows::count(&env)?;
                let (outcome, calls) = flushed(control, &above, 0, || env.sync())?;
                outcome?;
                assert_eq!(calls, 0, "sync {number}");
            }
        }
        Ok(())
    })
}

#[test]
fn a_failed_flush_of_any_directory_is_an_error() -> Result<()> {
    let name = "names_are_flushed_by_descriptor::a_failed_flush_of_any_directory_is_an_error";
    shim::apart(name, |control, cases| {
        for nth in 1..=2 {
            let above = cases.join(format!("{nth}"));
            let (env, _) = rows::open(&above.join("env"), Durability::Process)?;
            let (outcome, _) = flushed(control, &above, nth, || env.sync())?;
            refused(outcome, ErrorKind::CommitOutcomeUnknown);
            refused(env.sync(), ErrorKind::CommitOutcomeUnknown);
            refused(rows::count(&env), ErrorKind::CommitOutcomeUnknown);
        }
        Ok(())
    })
}

#[test]
fn names_are_flushed_in_a_moved_directory() -> Result<()> {
    let dir = directory()?;
    let (old, new) = (dir.path().join("old"), dir.path().join("new"));
    let (env, _) = rows::open(&old.join("env"), Durability::Process)?;
    assert_eq!(rows::count(&env)?, 1);
    io(fs::rename(&old, &new))?;
    env.sync()?;
    assert_eq!(rows::count(&env)?, 2);
    env.sync()
}

#[test]
fn names_are_flushed_in_a_directory_outside_the_root_of_the_process() -> Result<()> {
    process::apart(
        "names_are_flushed_by_descriptor::names_are_flushed_in_a_directory_outside_the_root_of_the_process",
        || {
            if !geteuid().is_root() {
                println!("only root changes the root: not checked");
                return Ok(());
            }
            let dir = directory()?;
            let (env, _) = rows::open(&dir.path().join("env"), Durability::Process)?;
            let old_root = io(File::open("/"))?;
            io(fs::create_dir(dir.path().join("root")))?;
            io(chroot(&dir.path().join("root")).map_err(Into::into))?;
            let synced = env.sync();
            let counted = rows::count(&env);
            // Back again, so that the directory can be removed.
            io(nix::unistd::fchdir(&old_root).map_err(Into::into))?;
            io(chroot(".").map_err(Into::into))?;
            synced?;
            assert_eq!(counted?, 1);
            Ok(())
        },
    )
}

#[test]
fn without_a_free_descriptor_only_that_sync_fails() -> Result<()> {
    let name = "names_are_flushed_by_descriptor::without_a_free_descriptor_only_that_sync_fails";
    process::apart(name, || {
        let dir = directory()?;
        let path = dir.path().join("env");
        let (env, _) = rows::open(&path, Durability::Process)?;
        assert_eq!(rows::count(&env)?, 1);
        let (_, most) = io(getrlimit(Resource::RLIMIT_NOFILE).map_err(Into::into))?;
        io(setrlimit(Resource::RLIMIT_NOFILE, 64.min(most), most).map_err(Into::into))?;
        let mut taken = Vec::new();
        while let Ok(file) = File::open("/dev/null") {
            taken.push(file);
        }
        let path = path.display().to_string();
        for left in [0, 1] {
            refused_with(env.sync(), ErrorKind::Io, &["sync", &path, "open files"]);
            assert_eq!(rows::counted(&env)?, Some(1 + left));
            assert_eq!(rows::count(&env)?, 2 + left);
            // With one descriptor, only the lowest directory is opened.
            taken.pop();
        }
        drop(taken);
        env.sync()?;
        assert_eq!(rows::count(&env)?, 4);
        Ok(())
    })
}

#[test]
fn below_an_unreadable_directory_the_whole_file_system_is_flushed() -> Result<()> {
    process::apart(
        "names_are_flushed_by_descriptor::below_an_unreadable_directory_the_whole_file_system_is_flushed",
        || {
            if !geteuid().is_root() {
                println!("another user's directory takes root to make: not checked");
                return Ok(());
            }
            let dir = directory()?;
            let home = dir.path().join("above/home");
            io(fs::create_dir_all(&home))?;
            for (path, bits) in [(dir.path(), 0o755), (&dir.path().join("above"), 0o711), (&home, 0o777)] {
                io(fs::set_permissions(path, Permissions::from_mode(bits)))?;
            }
            io(seteuid(Uid::from_raw(65534)).map_err(Into::into))?;
            let synced = (|| {
                let (env, _) = rows::open(&home.join("a/env"), Durability::Process)?;
                env.sync()?;
                rows::count(&env)
            })();
            io(seteuid(Uid::from_raw(0)).map_err(Into::into))?;
            assert_eq!(synced?, 1);
            Ok(())
        },
    )
}
