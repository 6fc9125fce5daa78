//! How much is measured: set by the arguments that cargo and criterion pass, and by the environment.

use std::env;
use std::path::{Path, PathBuf};

use super::Outcome;

/// Rows in a tree, unless `MAPLEAF_BENCH_ROWS` is set.
const ROWS: u64 = 1_000_000;
/// Rounds that count, unless `MAPLEAF_BENCH_ROUNDS` is set.
const ROUNDS: u64 = 21;

/// What to run.
#[derive(Clone)]
pub(crate) struct Plan {
    pub(crate) rows: u64,
    /// Rows in a large tree, which fits in no processor cache.
    pub(crate) large: u64,
    pub(crate) rounds: u64,
    /// Whether everything runs once, on few rows, to check that it works: `--test`, or `cargo test --benches`.
    pub(crate) quick: bool,
    /// Whether criterion only lists its names.
    pub(crate) list: bool,
    /// Whether the two sides swap their copies of a file.
    pub(crate) exchanged: bool,
    filter: Option<String>,
    dir: Option<PathBuf>,
}

impl Plan {
    pub(crate) fn from_env() -> Outcome<Self> {
        let args: Vec<String> = env::args().skip(1).collect();
        let has = |flag: &str| args.iter().any(|arg| arg == flag);
        // Decided as criterion does: `cargo bench` passes `--bench`, `cargo test` does not.
        let quick = has("--test") || !has("--bench");
        let (rows, rounds) = if quick { (2_000, 1) } else { (ROWS, ROUNDS) };
        let rows = number_of("MAPLEAF_BENCH_ROWS", rows)?.max(1_000);
        Ok(Self {
            rows,
            large: rows.saturating_mul(10),
            rounds: number_of("MAPLEAF_BENCH_ROUNDS", rounds)?.max(1),
            quick,
            list: has("--list"),
            exchanged: number_of("MAPLEAF_BENCH_EXCHANGE", 0)? != 0,
            // A filter comes first: `cargo bench --bench read -- u64`.
            filter: args.first().filter(|arg| !arg.starts_with('-')).cloned(),
            dir: env::var_os("MAPLEAF_BENCH_DIR").map(PathBuf::from),
        })
    }

    /// Whether the case is selected.
    pub(crate) fn runs(&self, id: &str) -> bool {
        self.filter.as_deref().is_none_or(|filter| id.contains(filter))
    }

    /// Whether cases whose names contain `name` are selected; not if the filter selects one of the others.
    pub(crate) fn runs_named(&self, name: &str, all: &[&str]) -> bool {
        let asks_for =
            |name: &str| self.filter.as_deref().is_some_and(|filter| filter.contains(name) || name.contains(filter));
        asks_for(name) || !all.iter().any(|name| asks_for(name))
    }

    /// The directory for files: `MAPLEAF_BENCH_DIR`, or the system's temporary directory, which is not always on a
    /// disk.
    pub(crate) fn dir(&self) -> PathBuf {
        self.dir.clone().unwrap_or_else(env::temp_dir)
    }

    /// The directory where large files are kept between runs: `MAPLEAF_BENCH_DIR`, or `target/bench-data`.
    pub(crate) fn kept_dir(&self) -> PathBuf {
        self.dir.clone().unwrap_or_else(|| Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("bench-data"))
    }

    /// `full`, or `quick` if a run is only to show that it works.
    pub(crate) fn work(&self, full: u32, quick: u32) -> u32 {
        if self.quick { quick } else { full }
    }
}

fn number_of(name: &str, default: u64) -> Outcome<u64> {
    match env::var(name) {
        Ok(text) => text.parse().map_err(|_| format!("{name}={text:?} is not a whole number").into()),
        Err(env::VarError::NotPresent) => Ok(default),
        Err(error) => Err(format!("{name}: {error}").into()),
    }
}
