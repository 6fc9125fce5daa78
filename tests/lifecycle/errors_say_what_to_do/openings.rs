//! Errors of opening.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::{FileExt, symlink};
use std::path::Path;

use mapleaf::{Dbi, Durability, Env, EnvOptions, ErrorKind, OpenMode, Result, Verify};

use super::told;
use crate::common::errors::{directory, io};
use crate::common::process;
use crate::rows;

/// Makes an environment and closes it.
fn closed(path: &Path) -> Result<()> {
    let (env, _) = rows::written(path, Durability::Process, 1)?;
    env.close()
}

fn patch(file: &Path, bytes: &[u8], at: u64) -> Result<()> {
    io(io(OpenOptions::new().write(true).open(file))?.write_all_at(bytes, at))
}

#[test]
fn errors_of_existing_and_absent_environments_say_what_to_do() -> Result<()> {
    let dir = directory()?;
    let path = dir.path().join("env");
    let name = path.to_string_lossy();
    let options = Env::options();
    let must = options.clone().mode(OpenMode::MustExist);
    told(must.open(&path), ErrorKind::NotFound, &[&name, "OpenMode::MustExist"]);
    told(options.clone().read_only(true).open(&path), ErrorKind::NotFound, &[&name, "read_only(true)"]);
    closed(&path)?;
    let new = options.clone().mode(OpenMode::CreateNew);
    told(new.open(&path), ErrorKind::AlreadyExists, &[&name, "OpenMode::CreateNew"]);
    told(options.clone().single_file(true).open(&path), ErrorKind::InvalidArgument, &[&name, "single_file(true)"]);
    let file = path.join("data.mdb");
    let name = file.to_string_lossy();
    told(Env::open(&file), ErrorKind::InvalidArgument, &[&name, "single_file(true)"]);
    told(Env::open(file.join("below")), ErrorKind::InvalidArgument, &[&name]);
    told(Env::open(dir.path().join("a\0b")), ErrorKind::InvalidArgument, &["NUL"]);
    told(Env::open(dir.path().join("x".repeat(300))), ErrorKind::Io, &[&"x".repeat(300)]);
    Ok(())
}

#[test]
fn errors_of_options_say_what_to_do() -> Result<()> {
    let of = |options: EnvOptions, names: &[&str]| {
        told(options.temporary(), ErrorKind::InvalidArgument, names);
    };
    of(Env::options().map_size(0), &["map_size"]);
    of(Env::options().max_map_size(0), &["max_map_size"]);
    of(Env::options().map_size(2 << 20).max_map_size(1 << 20), &["2097152", "1048576"]);
    of(Env::options().max_dbis(0), &["max_dbis is 0"]);
    of(Env::options().max_dbis(40_000), &["max_dbis is 40000"]);
    of(Env::options().max_readers(70_000), &["max_readers is 70000"]);
    let dir = directory()?;
    let options = Env::options().max_readers(9);
    let env = options.open(dir.path())?;
    let _snap = env.snapshot()?;
    let other = options.max_dbis(5).durability(Durability::Eventual);
    let name = dir.path().to_string_lossy();
    told(other.open(dir.path()), ErrorKind::InvalidArgument, &[&name, "max_dbis 256", "durability Immediate"]);
    Ok(())
}

#[test]
fn errors_of_unsuitable_files_say_what_to_do() -> Result<()> {
    type Harm = fn(&Path) -> Result<()>;
    let data: [(ErrorKind, Harm); 6] = [
        (ErrorKind::Corrupted, |file| io(fs::write(file, [7; 9000]))),
        (ErrorKind::Corrupted, |file| io(fs::write(file, [0; 9000]))),
        (ErrorKind::Corrupted, |file| io(fs::write(file, [1]))),
        (ErrorKind::Corrupted, |file| {
            let length = io(fs::metadata(file))?.len();
            patch(file, &vec![9; usize::try_from(length).unwrap_or(0) - 8192], 8192)
        }),
        (ErrorKind::FormatVersion, |file| patch(file, &[2], 20)),
        (ErrorKind::InvalidArgument, |file| {
            io(fs::rename(file, file.with_extension("moved")))?;
            io(symlink(file.with_extension("moved"), file))
        }),
    ];
    for (kind, harm) in data {
        let dir = directory()?;
        closed(dir.path())?;
        let file = dir.path().join("data.mdb");
        harm(&file)?;
        told(Env::options().verify(Verify::Full).open(dir.path()), kind, &[&file.to_string_lossy()]);
    }
    let locks: [(&str, ErrorKind, Harm); 3] = [
        ("mapleaf.lock", ErrorKind::FormatVersion, |file| patch(file, &[2], 8)),
        ("mapleaf.lock", ErrorKind::InvalidArgument, |file| {
            io(fs::remove_file(file))?;
            io(fs::create_dir(file))
        }),
        ("lock.mdb", ErrorKind::InvalidArgument, |file| {
            io(fs::remove_file(file))?;
            io(symlink("elsewhere", file))
        }),
    ];
    for (name, kind, harm) in locks {
        let dir = directory()?;
        closed(dir.path())?;
        let file = dir.path().join(name);
        harm(&file)?;
        told(Env::open(dir.path()), kind, &[&file.to_string_lossy()]);
    }
    Ok(())
}

/// Another process has the environment open: its files are removed, and options are requested that it does not share.
#[test]
fn errors_beside_another_process_say_what_to_do() -> Result<()> {
    if let Some(arguments) = process::arguments() {
        let (env, _) = rows::open(Path::new(&arguments[0]), Durability::Immediate)?;
        let _reads = env.snapshot()?;
        process::tell("open");
        return process::hear().map(drop);
    }
    let dir = directory()?;
    let path = dir.path().join("env");
    let name = path.to_string_lossy().into_owned();
    let mut other =
        process::spawn("errors_say_what_to_do::openings::errors_beside_another_process_say_what_to_do", &[&name])?;
    other.expect("open");
    let unflushed = Env::options().durability(Durability::Process).open(&path);
    told(unflushed, ErrorKind::InvalidArgument, &["asked: Process"]);
    told(Env::destroy(&path), ErrorKind::Busy, &[&name]);
    let (env, _) = rows::written(&path, Durability::Immediate, 1)?;
    told(env.compact(), ErrorKind::Busy, &[&name, &format!("process {}", other.id())]);
    env.close()?;
    for file in ["lock.mdb", "mapleaf.lock", "data.mdb"] {
        let (file, moved) = (path.join(file), path.join("moved"));
        io(fs::rename(&file, &moved))?;
        let data = path.join("data.mdb");
        let named = if file.ends_with("mapleaf.lock") { &data } else { &file };
        if file.ends_with("data.mdb") {
            io(fs::copy(&moved, &file))?;
        }
        told(Env::open(&path), ErrorKind::Busy, &[&named.to_string_lossy()]);
        io(fs::rename(&moved, &file))?;
    }
    other.say("end")?;
    other.passes()?;
    Env::open(&path).map(drop)
}

#[test]
fn errors_of_foreign_databases_say_what_to_do() -> Result<()> {
    let dir = directory()?;
    let mut options = heed::EnvOpenOptions::new();
    // SAFETY: a new directory, opened once and without flags.
    #[expect(unsafe_code, reason = "heed opens by an unsafe function")]
    let foreign = unsafe { options.max_dbs(2).open(dir.path()) }.map_err(mapleaf::Error::other)?;
    let txn = foreign.write_txn().map_err(mapleaf::Error::other)?;
    let made = foreign.create_databases_and_commit(txn, |opener, txn| {
        for (name, flags) in [("pairs", heed::DatabaseFlags::DUP_SORT), ("plain", heed::DatabaseFlags::empty())] {
            let mut options = opener.database_options().types::<heed::types::Bytes, heed::types::Bytes>();
            options.flags(flags).name(name).create(txn)?;
        }
        Ok::<_, heed::Error>(heed::CommitOrAbort::<(), ()>::Commit(()))
    });
    made.map_err(mapleaf::Error::other)?;
    drop(foreign);
    let env = Env::open(dir.path())?;
    told(env.dbi::<&[u8], &[u8]>("pairs"), ErrorKind::Unsupported, &["\"pairs\"", "DUPSORT"]);
    told(env.dbi::<u32, u32>("plain"), ErrorKind::SchemaMismatch, &["\"plain\"", "adopt"]);
    let bytes: Dbi<&[u8], &[u8]> = env.dbi("plain")?;
    env.dbi_options().adopt(true).open::<u32, u32>("plain")?;
    told(bytes.len(&env.snapshot()?), ErrorKind::SchemaMismatch, &["\"plain\""]);
    Ok(())
}
