//! The files of an environment have the permissions that its options name, less those that the umask clears, and keep
//! those that they have.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::common::errors::{directory, io as of_io, refused_with};
use mapleaf::{Compact, Dbi, Env, Error, ErrorKind, Result};

fn mode(path: &Path) -> io::Result<u32> {
    Ok(fs::metadata(path)?.permissions().mode() & 0o7777)
}

/// The umask of this process, which no test changes.
fn umask() -> Result<u32> {
    let status = of_io(fs::read_to_string("/proc/self/status"))?;
    let umask = status.lines().find_map(|line| line.strip_prefix("Umask:"));
    let umask = umask.ok_or_else(|| Error::other("the system shows no umask"))?;
    u32::from_str_radix(umask.trim(), 8).map_err(Error::other)
}

/// All permissions of the files in a directory.
fn modes(path: &Path) -> Result<Vec<(String, u32)>> {
    let mut modes = Vec::new();
    for entry in of_io(fs::read_dir(path))? {
        let entry = of_io(entry)?;
        modes.push((entry.file_name().to_string_lossy().into_owned(), of_io(mode(&entry.path()))?));
    }
    modes.sort();
    Ok(modes)
}

fn filled(env: &Env) -> Result<()> {
    let rows: Dbi<u64, u64> = env.dbi("rows")?;
    env.transact(|txn| (0..1000).try_for_each(|n| rows.put(txn, n, n)))
}

#[test]
fn every_file_that_opening_creates_has_the_mode() -> Result<()> {
    let umask = umask()?;
    for asked in [0o600, 0o640, 0o666] {
        let dir = directory()?;
        let (path, file) = (dir.path().join("data"), dir.path().join("file.db"));
        let wanted = asked & !umask;
        let env = Env::options().file_mode(asked).open(&path)?;
        filled(&env)?;
        let names = ["data.mdb", "lock.mdb", "mapleaf.lock"].map(|name| (name.to_owned(), wanted));
        assert_eq!(modes(&path)?, names);
        // Who may read the files may enter their directory.
        let entered = (asked | (asked & 0o444) >> 2) & !umask;
        assert_eq!(of_io(mode(&path))?, entered, "{asked:o}");

        env.compact()?;
        assert_eq!(modes(&path)?, names);
        assert_eq!(env.verify()?.faults, []);
        drop(env);

        let env = Env::options().file_mode(asked).single_file(true).open(&file)?;
        filled(&env)?;
        for name in ["file.db", "file.db-lock", "file.db-mapleaf.lock"] {
            assert_eq!(of_io(mode(&dir.path().join(name)))?, wanted, "{name}");
        }
    }
    Ok(())
}

#[test]
fn the_default_is_the_owner_alone() -> Result<()> {
    let dir = directory()?;
    let path = dir.path().join("data");
    filled(&Env::open(&path)?)?;
    assert_eq!(modes(&path)?, ["data.mdb", "lock.mdb", "mapleaf.lock"].map(|name| (name.to_owned(), 0o600)));
    assert_eq!(of_io(mode(&path))?, 0o700);
    Ok(())
}

#[test]
fn files_that_exist_keep_their_mode() -> Result<()> {
    let dir = directory()?;
    let path = dir.path().join("data");
    filled(&Env::open(&path)?)?;
    of_io(fs::set_permissions(path.join("data.mdb"), Permissions::from_mode(0o604)))?;
    let before = modes(&path)?;
    filled(&Env::options().file_mode(0o660).open(&path)?)?;
    assert_eq!(modes(&path)?, before);
    Ok(())
}

#[test]
fn a_copy_has_the_mode_of_the_data_file_and_its_directory_that_of_the_options() -> Result<()> {
    let umask = umask()?;
    let dir = directory()?;
    let (path, copy) = (dir.path().join("data"), dir.path().join("copy"));
    let env = Env::options().file_mode(0o640).open(&path)?;
    filled(&env)?;
    // Bits that the umask clears are those of the data file all the same.
    of_io(fs::set_permissions(path.join("data.mdb"), Permissions::from_mode(0o662)))?;
    for compact in [Compact::Yes, Compact::No] {
        env.copy_to(&copy, compact)?;
        assert_eq!(modes(&copy)?, [("data.mdb".to_owned(), 0o662)]);
        assert_eq!(of_io(mode(&copy))?, 0o750 & !umask);
        of_io(fs::remove_dir_all(&copy))?;
    }
    Ok(())
}

#[test]
fn a_mode_that_makes_no_sense_is_refused_and_creates_nothing() -> Result<()> {
    let dir = directory()?;
    let path = dir.path().join("data");
    for (asked, words) in [
        (0o1660, ["file_mode is 0o1660", "0o777 at most"]),
        (0o4755, ["file_mode is 0o4755", "0o777 at most"]),
        (u32::MAX, ["file_mode is 0o37777777777", "0o777 at most"]),
        (0o440, ["file_mode is 0o440", "give 0o640"]),
        (0, ["file_mode is 0o0", "give 0o600"]),
    ] {
        refused_with(Env::options().file_mode(asked).open(&path), ErrorKind::InvalidArgument, &words);
        assert!(!path.exists());
    }
    let _env = Env::options().file_mode(0o640).open(&path)?;
    let words = ["file_mode 0o640 (asked: 0o600)"];
    refused_with(Env::open(&path), ErrorKind::InvalidArgument, &words);
    Ok(())
}
