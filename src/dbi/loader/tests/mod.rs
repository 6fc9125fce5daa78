//! The parts of a load tested separately: buffer, files, runs and their merge.

mod buffers_keep_the_newest;
mod damage_is_an_error;
mod merges_hold_the_model;
mod records_come_back;

use std::collections::BTreeMap;

use crate::dbi::loader::record::{Row, Stored};
use crate::dbi::loader::run::{Run, RunWriter};
use crate::dbi::loader::spill::Spill;
use crate::error::{Error, Result};

/// A DBI's number, and a key.
type Name = (u32, Vec<u8>);

/// Rows by DBI and key.
type Rows = BTreeMap<Name, Vec<u8>>;

/// A temporary directory for the test, and files in it with the minimum memory.
fn spill() -> Result<(tempfile::TempDir, Spill)> {
    let directory = tempfile::tempdir().map_err(Error::other)?;
    let spill = Spill::new(directory.path().to_path_buf(), 0);
    Ok((directory, spill))
}

/// Writes rows as a run.
fn run(spill: &mut Spill, rows: &Rows) -> Result<Run> {
    let mut writer = RunWriter::new(spill, 0);
    for ((dbi, key), value) in rows {
        writer.push(spill, &Row { dbi: *dbi, key, value: Stored::Here(value) })?;
    }
    writer.finish(spill)
}

/// A row with its value, wherever that is stored.
fn owned(spill: &Spill, row: &Row<'_>) -> Result<(Name, Vec<u8>)> {
    let mut value = Vec::new();
    match row.value {
        Stored::Here(here) => value.extend_from_slice(here),
        Stored::Apart(extent) => spill.read_large(extent, &mut value)?,
    }
    Ok(((row.dbi, row.key.to_vec()), value))
}
