//! The configuration of an environment, on which all its handles must agree.

use std::time::Duration;

use crate::durability::Durability;
use crate::error::{Error, ErrorKind, Result};
use crate::page::{FULL, MIN_FILL_PERCENT};

/// LMDB reserves memory for each DBI, also in each transaction, and does arithmetic on their number without a check.
const MOST_DBIS: u32 = 1 << 15;
/// Each reader takes 64 bytes of the lock file.
const MOST_READERS: u32 = 1 << 16;

/// The options on which all handles of one environment must agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Config {
    pub map_size: usize,
    pub max_map_size: usize,
    pub max_dbis: u32,
    pub max_readers: u32,
    pub max_txn_bytes: usize,
    pub max_backlog: Backlog,
    pub max_draft_age: Option<Duration>,
    /// In percent. `None` means that the order in which rows were added decides.
    pub fill: Option<u8>,
    pub durability: Durability,
    pub read_only: bool,
    pub single_file: bool,
    pub assume_immutable: bool,
}

impl Config {
    /// Fails for sizes that make no sense.
    pub(crate) fn check(&self) -> Result<()> {
        let Config { map_size, max_map_size, max_dbis, max_readers, .. } = self;
        let why = if *max_map_size == 0 {
            "max_map_size is 0; ask for a page at least".to_owned()
        } else if *map_size == 0 {
            "map_size is 0; ask for a page at least".to_owned()
        } else if max_map_size < map_size {
            format!("map_size is {map_size}, above max_map_size, {max_map_size}; lower it, or raise max_map_size")
        } else if !(1..=MOST_DBIS).contains(max_dbis) {
            format!("max_dbis is {max_dbis}; it must be above 0 and at most {MOST_DBIS}")
        } else if !(1..=MOST_READERS).contains(max_readers) {
            format!("max_readers is {max_readers}; it must be above 0 and at most {MOST_READERS}")
        } else if let Some(fill) = self.fill.filter(|fill| !(MIN_FILL_PERCENT..=FULL).contains(fill)) {
            format!("fill is {fill} percent; it must be at least {MIN_FILL_PERCENT} and at most {FULL}")
        } else {
            return Ok(());
        };
        Err(Error::new(ErrorKind::InvalidArgument, why))
    }

    /// Refuses to write where the environment was opened read-only.
    pub(crate) fn check_writable(&self) -> Result<()> {
        if self.read_only {
            let why = "the environment was opened read-only; open it for writing";
            return Err(Error::new(ErrorKind::ReadOnly, why));
        }
        Ok(())
    }

    /// The options that differ in `asked`, each with both values; empty if all are equal.
    pub(crate) fn differences(&self, asked: &Self) -> String {
        let shown = |config: &Self| {
            [
                ("map_size", config.map_size.to_string()),
                ("max_map_size", config.max_map_size.to_string()),
                ("max_dbis", config.max_dbis.to_string()),
                ("max_readers", config.max_readers.to_string()),
                ("max_txn_bytes", config.max_txn_bytes.to_string()),
                ("max_backlog", format!("{} batches, {} bytes", config.max_backlog.batches, config.max_backlog.bytes)),
                ("max_draft_age", config.max_draft_age.map_or_else(|| "none".to_owned(), |age| format!("{age:?}"))),
                ("fill", config.fill.map_or_else(|| "by the order of rows".to_owned(), |fill| fill.to_string())),
                ("durability", format!("{:?}", config.durability)),
                ("read_only", config.read_only.to_string()),
                ("single_file", config.single_file.to_string()),
                ("assume_immutable", config.assume_immutable.to_string()),
            ]
        };
        let both = shown(self).into_iter().zip(shown(asked));
        let differing = both.filter(|((_, open), (_, asked))| open != asked);
        let said = differing.map(|((name, open), (_, asked))| format!("{name} {open} (asked: {asked})"));
        said.collect::<Vec<_>>().join(", ")
    }
}

/// How much may be submitted and not yet committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Backlog {
    pub batches: usize,
    pub bytes: usize,
}
