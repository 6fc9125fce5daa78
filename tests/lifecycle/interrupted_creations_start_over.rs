//! If the power failed while a data file was created, and the lock file records that, the file is created again. Any
//! other file that looks like it is damaged, and is left alone.

use std::fs;
use std::path::Path;

use heed::EnvOpenOptions;
use mapleaf::{Durability, Env, Error, ErrorKind, OpenMode, Result};

use crate::common::errors::{directory, io, refused};
use crate::rows;

const PAGE: usize = 4096;

/// The bytes of an LMDB file without commits: two meta pages.
#[expect(unsafe_code, reason = "heed opens by an unsafe function")]
fn fresh() -> Result<Vec<u8>> {
    let dir = directory()?;
    // SAFETY: a new directory, opened once and without flags.
    drop(unsafe { EnvOpenOptions::new().open(dir.path()) }.map_err(Error::other)?);
    let bytes = io(fs::read(dir.path().join("data.mdb")))?;
    assert_eq!(bytes.len(), 2 * PAGE);
    Ok(bytes)
}

/// The lock file of an opening that did not finish, and that of a closed environment.
fn lock_files() -> Result<[Vec<u8>; 2]> {
    let dir = directory()?;
    let path = dir.path().join("mapleaf.lock");
    let env = Env::open(dir.path())?;
    let open = io(fs::read(&path))?;
    env.close()?;
    let closed = io(fs::read(&path))?;
    assert_ne!(open, closed);
    Ok([open, closed])
}

/// Makes a directory with these files.
fn laid(dir: &Path, data: &[u8], lock: Option<&[u8]>) -> Result<()> {
    io(fs::write(dir.join("data.mdb"), data))?;
    lock.map_or(Ok(()), |lock| io(fs::write(dir.join("mapleaf.lock"), lock)))
}

/// What a power cut may leave of two meta pages.
fn beginnings() -> Result<Vec<Vec<u8>>> {
    let whole = fresh()?;
    let (zero, one) = whole.split_at(PAGE);
    let nothing = [0; PAGE];
    let pages = [(zero, &nothing[..]), (&nothing[..], one), (&nothing[..], &nothing[..])];
    Ok(pages.map(|(zero, one)| [zero, one].concat()).into())
}

#[test]
fn a_creation_that_the_lock_file_records_as_interrupted_starts_over() -> Result<()> {
    let [open, _] = lock_files()?;
    for data in beginnings()? {
        let dir = directory()?;
        laid(dir.path(), &data, Some(&open))?;
        refused(Env::options().mode(OpenMode::MustExist).open(dir.path()), ErrorKind::NotFound);
        refused(Env::options().read_only(true).open(dir.path()), ErrorKind::NotFound);
        assert!(!Env::exists(dir.path())?);
        assert_eq!(io(fs::read(dir.path().join("data.mdb")))?, data);
        let (env, rows) = rows::written(dir.path(), Durability::Immediate, 1)?;
        drop((env, rows));
        rows::reopened(dir.path(), 1)?;
    }
    Ok(())
}

#[test]
fn an_empty_looking_file_without_such_a_record_is_damaged() -> Result<()> {
    let [_, closed] = lock_files()?;
    for data in beginnings()? {
        for lock in [None, Some(&closed[..]), Some(&[][..]), Some(&[0xA5; 128][..])] {
            let dir = directory()?;
            laid(dir.path(), &data, lock)?;
            assert!(Env::exists(dir.path())?);
            refused(Env::open(dir.path()), ErrorKind::Corrupted);
            assert_eq!(io(fs::read(dir.path().join("data.mdb")))?, data);
        }
    }
    Ok(())
}

#[test]
fn a_file_with_any_other_content_is_damaged() -> Result<()> {
    let [open, _] = lock_files()?;
    let half = [&fresh()?[..PAGE], &[0; PAGE]].concat();
    // The transaction id, the last page, a root, and a byte without a meaning.
    for at in [144, 136, 40 + 40, PAGE - 1, PAGE, 2 * PAGE - 1] {
        let mut data = half.clone();
        data[at] ^= 4;
        check_damaged(&data, &open)?;
    }
    check_damaged(&[&half[..], &[0; 1]].concat(), &open)?;
    // A possible rest of a file with commits: its first bytes are zeros, and the first commit changes the second page.
    let whole = fresh()?;
    for len in [1, 10, 11, 512, PAGE, PAGE + 1, 2 * PAGE - 1] {
        check_damaged(&whole[..len], &open)?;
    }
    check_damaged(&vec![0; 4 * PAGE], &open)
}

fn check_damaged(data: &[u8], lock: &[u8]) -> Result<()> {
    let dir = directory()?;
    laid(dir.path(), data, Some(lock))?;
    refused(Env::open(dir.path()), ErrorKind::Corrupted);
    assert_eq!(io(fs::read(dir.path().join("data.mdb")))?, data);
    Ok(())
}
