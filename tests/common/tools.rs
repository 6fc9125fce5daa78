//! Runs LMDB's command line tools where they are installed, and reads their output.

use std::path::Path;
use std::process::Command;

use mapleaf::{Error, Result};

/// The output of a tool; `None` where it is not installed.
pub fn run(tool: &str, arguments: &[&str], path: &Path) -> Result<Option<String>> {
    match Command::new(tool).args(arguments).arg(path).output() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            println!("{tool} is not installed (lmdb-utils): not checked");
            Ok(None)
        }
        Err(error) => Err(Error::other(error)),
        Ok(output) => {
            let errors = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success(), "{tool}: {errors}");
            Ok(Some(String::from_utf8_lossy(&output.stdout).into_owned()))
        }
    }
}

/// The number of entries that `mdb_stat` shows for a DBI.
pub fn entries(stat: &str, dbi: &str) -> Option<u64> {
    let (_, rest) = stat.split_once(&format!("Status of {dbi}\n"))?;
    rest.split_once("Entries: ")?.1.lines().next()?.trim().parse().ok()
}

/// The number of entries that `mdb_dump` prints for a DBI: one line for the key and one for the value, each after a
/// space.
pub fn dumped(dump: &str, dbi: &str) -> Option<u64> {
    let (_, rest) = dump.split_once(&format!("\ndatabase={dbi}\n"))?;
    let data = rest.split_once("HEADER=END\n")?.1.split_once("DATA=END\n")?.0;
    let lines = data.lines().filter(|line| line.starts_with(' ')).count() as u64;
    lines.is_multiple_of(2).then_some(lines / 2)
}
