//! Each kind of harm to each file of an environment, at each moment, before each verb: a typed error or correct data.
//!
//! The cells are generated (`cells`), and the permitted results of each follow from the documentation (`law`). A child
//! process runs each cell in directories of its own: it lays out an environment, opens it in this process, in another
//! or in both, does the harm, and calls the verb. Then both processes try to write, flush and read, and close
//! everything. The next opening is compared with what was acknowledged. No cell may end in a panic, a signal or a hang,
//! leave files, or change files elsewhere.
//!
//! There is one exception, as `docs/reliability.md` says under "Signals": a file that is truncated while it is mapped
//! may raise SIGBUS when the missing part is read. Only in the cells of that harm a child may die of it, and what was
//! acknowledged before must still be found. `sync` on a truncated data file is an error and no signal, since it checks
//! the length first. Overwriting the data or LMDB's lock file in place during use is not covered, and not tested.
//!
//! `MAPLEAF_MATRIX=Data/Removed` runs only the cells whose names contain this text.

mod aftermath;
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

/// The full name of the test, to start it in children.
const NAME: &str = "matrix::every_cell_is_an_error_or_correct_data";

/// The numbers of the states in the stock.
const OLDER: u32 = 2;
const NEWEST: u32 = 3;
const FOREIGN: u32 = 1003;

/// The signal that ended a child.
fn signal_of(status: ExitStatus) -> String {
    match status.signal() {
        Some(libc::SIGBUS) => verbs::SIGBUS.to_owned(),
        Some(signal) => format!("signal {signal}"),
        None => format!("{status}"),
    }
}

/// A directory in memory, where there is one: these tests do not depend on the disk.
fn directory() -> Result<TempDir> {
    let memory = Path::new("/dev/shm");
    let builder = || {
        let mut builder = tempfile::Builder::new();
        builder.prefix("mapleaf-matrix-");
        builder
    };
    let made = builder().tempdir_in(memory).or_else(|_| builder().tempdir()).map_err(Error::other)?;
    // Another user must be able to enter it.
    fs::set_permissions(made.path(), Permissions::from_mode(0o755)).map_err(Error::other)?;
    Ok(made)
}

/// Makes the files that replace others.
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
fn every_cell_is_an_error_or_correct_data() -> Result<()> {
    if let Some(arguments) = process::arguments() {
        return match &arguments[..] {
            [part, stock, base] if part == "player" => drive::serve(Path::new(stock), Path::new(base)),
            _ => {
                partner::serve();
                // The parent may be gone, and would not read the output of the harness.
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
