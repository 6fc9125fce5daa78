//! Each harm that can come to each file of an environment, at each moment, before each verb: a typed error or right data.
//!
//! The cells are generated (`cells`), and what each may end in is derived from what the documents promise (`law`). Each cell is
//! played in a child process, in directories of its own: an environment is laid, opened by this process, another or both,
//! harmed; the verb is called; then both processes try to write, flush and read, all is closed, and what is found at the next
//! opening is held against what was acknowledged. No cell may end in a panic, a signal or a hang, leave something behind, or
//! change what lies elsewhere.
//!
//! One thing is excluded, as `docs/reliability.md` says under "Signals": a file that is cut short while it is mapped may raise
//! SIGBUS when what was cut off is touched. In the cells of that, and in no others, a child may die of it; what was acknowledged
//! before must be found all the same. `sync` on a data file that was cut short is an error there and no signal, since it
//! looks first. Writing over the data or LMDB's lock file in place while they are in use is not covered either, and not tried.
//!
//! `MAPLEAF_MATRIX=Data/Removed` plays the cells alone whose names have this part.

mod behind;
mod calls;
mod cells;
mod drive;
mod judge;
mod law;
mod partner;
mod run;
mod site;
mod tables;
mod verbs;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::ExitStatus;
use std::time::Instant;

use mapleaf::{Error, Result};
use nix::libc;
use tempfile::TempDir;

use crate::common::process;

/// The test, as its children are started.
const NAME: &str = "matrix::every_cell_is_an_error_or_right_data";

/// The numbers of the states that the stock holds.
const OLDER: u32 = 2;
const NEWEST: u32 = 3;
const FOREIGN: u32 = 1003;

/// What a child died of.
fn signal_of(status: ExitStatus) -> String {
    match status.signal() {
        Some(libc::SIGBUS) => verbs::SIGBUS.to_owned(),
        Some(signal) => format!("signal {signal}"),
        None => format!("{status}"),
    }
}

/// A directory in memory, where there is one: nothing here is about the disk.
fn directory() -> Result<TempDir> {
    let memory = Path::new("/dev/shm");
    let builder = || {
        let mut builder = tempfile::Builder::new();
        builder.prefix("mapleaf-matrix-");
        builder
    };
    let made = builder().tempdir_in(memory).or_else(|_| builder().tempdir()).map_err(Error::other)?;
    // Another user comes through it.
    fs::set_permissions(made.path(), Permissions::from_mode(0o755)).map_err(Error::other)?;
    Ok(made)
}

/// The files that are put in place of others.
fn make_stock(stock: &Path) -> Result<()> {
    let copy = |from: &str, to: &str| -> Result<()> {
        fs::create_dir(stock.join(to)).map_err(Error::other)?;
        for name in ["data.mdb", "lock.mdb", "mapleaf.lock"] {
            fs::copy(stock.join(from).join(name), stock.join(to).join(name)).map_err(Error::other)?;
        }
        Ok(())
    };
    fs::create_dir(stock).map_err(Error::other)?;
    tables::make(&stock.join("newest"), 1, OLDER)?;
    copy("newest", "older")?;
    tables::make(&stock.join("newest"), OLDER + 1, NEWEST - OLDER)?;
    tables::make(&stock.join("foreign"), FOREIGN, 1)
}

#[test]
fn every_cell_is_an_error_or_right_data() -> Result<()> {
    if let Some(arguments) = process::arguments() {
        return match &arguments[..] {
            [part, stock, base] if part == "player" => drive::serve(Path::new(stock), Path::new(base)),
            _ => {
                partner::serve();
                // Whoever started it may be gone, and would not read what the harness says of it.
                std::process::exit(0)
            }
        };
    }
    let began = Instant::now();
    let directory = directory()?;
    let (stock, base) = (directory.path().join("stock"), directory.path().to_path_buf());
    make_stock(&stock)?;
    let cells = cells::all();
    let part = std::env::var("MAPLEAF_MATRIX").unwrap_or_default();
    let chosen: Vec<usize> = (0..cells.len()).filter(|&number| cells[number].to_string().contains(&part)).collect();
    let tally = drive::all(&cells, &chosen, &stock, &base)?;
    let played: usize = tally.classes.values().sum();
    println!("{played} cells of {} in {:.1?}: {:?}", chosen.len(), began.elapsed(), tally.classes);
    if let Some(why) = cells.iter().find_map(|cell| run::skipped(*cell)) {
        println!("cells of modes were skipped: {why}");
    }
    assert!(!chosen.is_empty(), "no cell has {part:?} in its name");
    assert!(tally.wrong.is_empty(), "{} cells are wrong:\n{}", tally.wrong.len(), tally.wrong.join("\n"));
    Ok(())
}
