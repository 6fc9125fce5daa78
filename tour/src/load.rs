//! Loading a file: rows in batches, each batch one transaction over all DBIs of its kind.

use std::error::Error;
use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mapleaf::{Env, WriteTxn};
use serde::de::DeserializeOwned;

use super::Outcome;
use super::support::{Event, Place, RowError, line, read_rows};
use super::tables::Tables;

/// Rows per transaction: enough that a row's share of the commit costs next to nothing, and little memory.
pub(crate) const BATCH: usize = 10_000;

/// How many rows of which kind a file held.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Loaded {
    pub(crate) places: u64,
    pub(crate) events: u64,
}

/// Loads a `.jsonl` or `.jsonl.gz` file of places or of events; its first row says which.
pub(crate) fn load(env: &Env, tables: &Tables, path: &Path, out: &mut dyn Write) -> Outcome<Loaded> {
    let as_place = match read_rows::<Place>(path).next() {
        None => return Err(NotRows::new(path, "it has no rows").into()),
        Some(Ok(_)) => {
            let places = load_rows(env, path, out, "places", |txn, place| tables.put_place(txn, place))?;
            return Ok(Loaded { places, events: 0 });
        }
        Some(Err(error)) => error,
    };
    match read_rows::<Event>(path).next() {
        Some(Ok(_)) => {
            let events = load_rows(env, path, out, "events", |txn, event| tables.put_event(txn, event))?;
            Ok(Loaded { places: 0, events })
        }
        // Line 0: the file itself could not be opened.
        Some(Err(error)) if error.line == 0 => Err(NotRows::new(path, error).into()),
        Some(Err(as_event)) => {
            let why = format!("its first row is neither a place ({as_place}) nor an event ({as_event})");
            Err(NotRows::new(path, why).into())
        }
        None => Err(NotRows::new(path, "it changed while it was read").into()),
    }
}

/// Reads and stores all rows, and returns their number.
fn load_rows<T: DeserializeOwned>(
    env: &Env,
    path: &Path,
    out: &mut dyn Write,
    what: &str,
    put: impl Fn(&mut WriteTxn, &T) -> mapleaf::Result<u64>,
) -> Outcome<u64> {
    let began = Instant::now();
    let (mut count, mut entries, mut storing) = (0, 0, Duration::ZERO);
    let mut rows = read_rows::<T>(path);
    loop {
        // A bad line ends the load here, before its batch is stored.
        let batch = rows.by_ref().take(BATCH).collect::<Result<Vec<T>, RowError>>()?;
        if batch.is_empty() {
            break;
        }
        let began = Instant::now();
        entries += env.transact(|txn| {
            let mut entries = 0;
            for row in &batch {
                entries += put(txn, row)?;
            }
            Ok(entries)
        })?;
        storing += began.elapsed();
        count += batch.len() as u64;
    }
    writeln!(out, "  {}", line(&format!("{what}, read and stored"), count, "rows", began.elapsed()))?;
    writeln!(out, "  {}", line(&format!("{what}, stored alone"), entries, "entries", storing))?;
    Ok(count)
}

/// A file that cannot be loaded, and why.
#[derive(Debug)]
struct NotRows {
    path: PathBuf,
    why: Box<dyn Error>,
}

impl NotRows {
    fn new(path: &Path, why: impl Into<Box<dyn Error>>) -> Self {
        Self { path: path.to_owned(), why: why.into() }
    }
}

impl fmt::Display for NotRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot load {}: {}; give a file of places or events", self.path.display(), self.why)
    }
}

impl Error for NotRows {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.why)
    }
}
