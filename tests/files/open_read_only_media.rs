//! Where nothing may be written, opening is refused with the reason, or reads under the caller's promise that nobody
//! writes.

use crate::common::mount;
use crate::common::process;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::common::errors::{directory, io, refused_with};
use mapleaf::{Compact, Dbi, Env, Error, ErrorKind, OpenMode, Result};

#[test]
fn an_environment_on_a_read_only_mount_opens_under_assume_immutable() -> Result<()> {
    process::apart("an_environment_on_a_read_only_mount_opens_under_assume_immutable", || {
        let dir = directory()?;
        if !mount::small_disk(dir.path(), 8 << 20) {
            return Ok(());
        }
        for keep_locks in [true, false] {
            let path = dir.path().join(format!("{keep_locks}"));
            let env = Env::open(&path)?;
            let dbi: Dbi<u32, u32> = env.dbi("d")?;
            env.transact(|txn| dbi.put(txn, 1, 1))?;
            drop(env);
            if !keep_locks {
                io(fs::remove_file(path.join("lock.mdb")))?;
                io(fs::remove_file(path.join("mapleaf.lock")))?;
            }
        }
        mount::freeze(dir.path()).map_err(Error::other)?;
        for keep_locks in [true, false] {
            let path = dir.path().join(format!("{keep_locks}"));
            refused_with(Env::open(&path), ErrorKind::PermissionDenied, &["mapleaf.lock", "Read-only"]);
            let reader = || Env::options().read_only(true);
            refused_with(reader().open(&path), ErrorKind::Unsupported, &["assume_immutable"]);
            let env = reader().assume_immutable(true).open(&path)?;
            let dbi: Dbi<u32, u32> = env.dbi("d")?;
            assert_eq!(dbi.get(&env.snapshot()?, 1)?, Some(1));
            assert!(env.verify()?.is_clean());
            let copy = directory()?;
            env.copy_to(copy.path(), Compact::Yes)?;
            assert!(Env::exists(copy.path())?);
            drop(env);
            refused_with(Env::destroy(&path), ErrorKind::PermissionDenied, &["Read-only"]);
        }
        refused_with(Env::open(dir.path().join("new")), ErrorKind::PermissionDenied, &["new"]);
        Ok(())
    })
}

#[test]
fn files_of_another_user_are_refused_or_read_under_assume_immutable() -> Result<()> {
    process::apart("files_of_another_user_are_refused_or_read_under_assume_immutable", || {
        let dir = directory()?;
        let (open, closed) = (dir.path().join("open"), dir.path().join("closed"));
        for path in [&open, &closed] {
            let env = Env::open(path)?;
            let dbi: Dbi<u32, u32> = env.dbi("d")?;
            env.transact(|txn| dbi.put(txn, 1, 1))?;
        }
        let mode = |path: &std::path::Path, bits| io(fs::set_permissions(path, fs::Permissions::from_mode(bits)));
        mode(dir.path(), 0o755)?;
        mode(&open, 0o555)?;
        for file in ["data.mdb", "lock.mdb", "mapleaf.lock"] {
            mode(&open.join(file), 0o444)?;
        }
        mode(&closed, 0o000)?;
        if nix::unistd::geteuid().is_root() {
            nix::unistd::setuid(nix::unistd::Uid::from_raw(65534)).map_err(Error::other)?;
        }
        refused_with(Env::open(&open), ErrorKind::PermissionDenied, &["mapleaf.lock", "check owner"]);
        refused_with(Env::options().read_only(true).open(&open), ErrorKind::PermissionDenied, &["open"]);
        refused_with(Env::open(&closed), ErrorKind::PermissionDenied, &["closed"]);
        refused_with(Env::exists(&closed), ErrorKind::PermissionDenied, &["closed"]);
        refused_with(Env::destroy(&closed), ErrorKind::PermissionDenied, &["closed"]);
        refused_with(Env::destroy(&open), ErrorKind::PermissionDenied, &[]);
        let new = Env::options().mode(OpenMode::CreateNew).open(dir.path().join("new"));
        refused_with(new, ErrorKind::PermissionDenied, &["new"]);
        assert!(io(fs::metadata(open.join("data.mdb")))?.len() > 0);
        Ok(())
    })
}

#[test]
fn an_environment_below_an_unlistable_directory_opens() -> Result<()> {
    if !nix::unistd::geteuid().is_root() {
        println!("skipped: only root can make a directory that somebody else may enter and not list");
        return Ok(());
    }
    process::apart("an_environment_below_an_unlistable_directory_opens", || {
        let dir = directory()?;
        let above = dir.path().join("above");
        io(fs::create_dir_all(above.join("home")))?;
        for (path, bits) in [(dir.path(), 0o755), (&*above, 0o711), (&above.join("home"), 0o777)] {
            io(fs::set_permissions(path, fs::Permissions::from_mode(bits)))?;
        }
        nix::unistd::setuid(nix::unistd::Uid::from_raw(65534)).map_err(Error::other)?;
        for path in ["home/env", "home/a/b/env"] {
            let env = Env::open(above.join(path))?;
            let dbi: Dbi<u32, u32> = env.dbi("d")?;
            env.transact(|txn| dbi.put(txn, 1, 1))?;
            env.copy_to(above.join(path).with_file_name("copy"), Compact::Yes)?;
        }
        Ok(())
    })
}
