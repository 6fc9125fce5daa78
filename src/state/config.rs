//! The configuration of an environment, on which all its handles must agree.

use std::time::Duration;

use crate::durability::Durability;
use crate::error::{Error, ErrorKind, Result};
use crate::os::FileMode;
use crate::page::{FILL_PERCENT_MAX, FILL_PERCENT_MIN};

/// LMDB allocates memory for each DBI, in the environment and in each transaction, and does not check for overflow
/// when it computes with their number.
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
    pub file_mode: FileMode,
}

impl Config {
    /// Fails for options that are out of range or contradict each other.
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
        } else if let Some(fill) = self.fill.filter(|fill| !(FILL_PERCENT_MIN..=FILL_PERCENT_MAX).contains(fill)) {
            format!("fill is {fill} percent; it must be at least {FILL_PERCENT_MIN} and at most {FILL_PERCENT_MAX}")
        } else if self.file_mode.0 > 0o777 {
            format!("file_mode is {:#o}; it has the nine bits of the permissions, 0o777 at most", self.file_mode.0)
        } else if self.file_mode.0 & 0o600 != 0o600 {
            let mode = self.file_mode.0;
            format!("file_mode is {mode:#o}, and the owner must be able to read and write; give {:#o}", mode | 0o600)
        } else {
            return Ok(());
        };
        Err(Error::new(ErrorKind::InvalidArgument, why))
    }

    /// Refuses to write where the environment was opened read-only.
    pub(crate) fn check_writable(&self) -> Result<()> {
        self.refuse_read_only("; open it for writing")
    }

    /// Refuses to flush where the environment was opened read-only.
    pub(crate) fn check_flushable(&self) -> Result<()> {
        self.refuse_read_only(" and has nothing to flush; call it where it is written")
    }

    fn refuse_read_only(&self, advice: &str) -> Result<()> {
        if self.read_only {
            let why = format!("the environment was opened read-only{advice}");
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
                ("file_mode", format!("{:#o}", config.file_mode.0)),
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
