//! Every error about a file contains the file's path.

use std::fs;
use std::os::unix::fs::FileExt;

use mapleaf::{Durability, Env, ErrorKind, Result, Verify};

use crate::common::errors::{directory, io, refused_with};
use crate::rows;

#[test]
fn errors_of_damaged_and_foreign_data_name_the_file() -> Result<()> {
    type Harm = fn(&mut Vec<u8>);
    let harms: [(ErrorKind, Harm); 6] = [
        (ErrorKind::Corrupted, |bytes| bytes.fill(0)),
        (ErrorKind::Corrupted, |bytes| bytes.fill(7)),
        (ErrorKind::Corrupted, |bytes| bytes.truncate(1)),
        (ErrorKind::Corrupted, |bytes| bytes.truncate(9000)),
        (ErrorKind::FormatVersion, |bytes| bytes[20] = 2),
        (ErrorKind::FormatVersion, |bytes| bytes[16..28].rotate_right(8)),
    ];
    for (kind, harm) in harms {
        for single in [false, true] {
            let dir = directory()?;
            let path = if single { dir.path().join("one") } else { dir.path().to_path_buf() };
            let data = if single { path.clone() } else { path.join("data.mdb") };
            let options = Env::options().single_file(single).durability(Durability::Process);
            let env = options.open(&path)?;
            let rows = env.dbi("rows")?;
            rows::write(&env, &rows, 1)?;
            drop((env, rows));
            let mut bytes = io(fs::read(&data))?;
            harm(&mut bytes);
            io(fs::write(&data, bytes))?;
            let name = data.to_string_lossy();
            refused_with(options.open(&path), kind, &[&name]);
            refused_with(options.clone().verify(Verify::Full).open(&path), kind, &[&name]);
            refused_with(options.read_only(true).open(&path), kind, &[&name]);
        }
    }
    Ok(())
}

#[test]
fn the_error_of_a_newer_lock_file_names_it() -> Result<()> {
    let dir = directory()?;
    let path = dir.path().join("one");
    let options = Env::options().single_file(true);
    drop(options.open(&path)?);
    let lock = dir.path().join("one-mapleaf.lock");
    io(io(fs::OpenOptions::new().write(true).open(&lock))?.write_all_at(&[2], 8))?;
    refused_with(options.open(&path), ErrorKind::FormatVersion, &[&lock.to_string_lossy()]);
    Ok(())
}

#[test]
fn errors_of_an_open_environment_name_the_file() -> Result<()> {
    let dir = directory()?;
    let (_env, _) = rows::open(dir.path(), Durability::Immediate)?;
    refused_with(Env::destroy(dir.path()), ErrorKind::Busy, &[&dir.path().to_string_lossy()]);
    Ok(())
}
