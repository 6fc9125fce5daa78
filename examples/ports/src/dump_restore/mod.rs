//! A dump of all databases of an environment as lines of JSON, by a program that knows none of their types.

use std::io::{BufRead, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::Result;

pub mod heed;
pub mod mapleaf;
#[cfg(test)]
mod tests;

/// A line of a dump.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Line {
    /// A database begins.
    Dbi {
        /// Its name.
        name: String,
        /// Whether a key may have several values.
        is_multi: bool,
        /// The names of the types of its keys and values, where the engine keeps them.
        types: Option<(String, String)>,
    },
    /// An entry of the database that began last: its key and its value.
    Row(Vec<u8>, Vec<u8>),
}

impl Line {
    /// Writes the line.
    pub fn write(&self, out: &mut dyn Write) -> Result<()> {
        Ok(writeln!(out, "{}", serde_json::to_string(self)?)?)
    }

    /// The lines of a dump.
    pub fn read(dump: impl BufRead) -> impl Iterator<Item = Result<Self>> {
        dump.lines().map(|line| Ok(serde_json::from_str(&line?)?))
    }
}

/// An environment that can be dumped.
pub trait Dump: Sized {
    /// Opens the environment in a directory, or creates it.
    fn open(path: &Path) -> Result<Self>;

    /// Writes one state of all databases.
    fn dump(&self, out: &mut dyn Write) -> Result<()>;

    /// Creates the databases of a dump, with what was in them. After an error, part of them may be there.
    fn restore(&self, dump: impl BufRead) -> Result<()>;
}
