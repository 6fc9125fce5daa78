//! The tour: two real data sets into eight DBIs, then every kind of scan over them, both ways.
//!
//! ```text
//! cargo run --release -p tour                                        # the samples in examples/data
//! cargo run --release -p tour -- places.jsonl.gz events.jsonl.gz     # files of your own, plain or gzipped
//! ```
//!
//! Each row goes to its primary DBI and to the indexes over it in one `transact`, so that no reader ever sees a row
//! without its index entries. An index is a DBI whose key begins with the indexed fields and ends with the primary
//! key; its value is `()`. A scan is then a range or a prefix of that key.
//!
//! Files are recognized by their content: see `examples/data/README.md`. For the known files the tour checks each
//! count and fails if one is wrong.
//!
//! It is a package of its own, so that running it compiles mapleaf and what the tour uses, and none of the test tools
//! that an example of the library would compile.

mod load;
mod report;
mod scans;
#[path = "../../examples/support/mod.rs"]
pub(crate) mod support;
mod tables;

use std::env::args_os;
use std::error::Error;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use mapleaf::Env;

use load::load;
use report::Report;
use scans::{full_scans, scan_events, scan_places};
use support::sample;
use tables::Tables;

/// The result of a step of the tour; its errors come from mapleaf, from the files and from the output.
pub(crate) type Outcome<T = ()> = Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    let files = args_os().skip(1).map(PathBuf::from).collect();
    // In a temporary directory, removed at the end. `Env::open("data")` would keep it.
    let toured = Env::temporary().map_err(Into::into).and_then(|env| tour(&env, files, &mut io::stdout().lock()));
    match toured {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tour: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Loads the files, or the samples if there are none, into a new environment, and scans their rows.
pub(crate) fn tour(env: &Env, mut files: Vec<PathBuf>, out: &mut dyn Write) -> Outcome {
    if files.is_empty() {
        files = vec![sample("places-sample.jsonl"), sample("events-sample.jsonl")];
    }
    let tables = Tables::open(env)?;
    let (mut places, mut events) = (0, 0);
    writeln!(out, "Loading, {} rows a transaction", load::BATCH)?;
    for file in &files {
        let loaded = load(env, &tables, file, out)?;
        places += loaded.places;
        events += loaded.events;
    }

    // One snapshot for all scans: later writes do not change what it sees.
    let snap = env.snapshot()?;
    let mut report = Report::new(out);
    if places > 0 {
        scan_places(&mut report, &tables, &snap, places)?;
    }
    if events > 0 {
        scan_events(&mut report, &tables, &snap, events)?;
    }
    full_scans(&mut report, &tables, &snap)?;
    report.finish(env)
}
