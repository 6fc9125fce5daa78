//! The counters of the feature `metrics`.

use std::time::Instant;

use metrics::{Unit, counter, describe_counter, describe_histogram, histogram};

use crate::error::contain;

/// When a commit began.
pub(super) struct Clock(Instant);

impl Clock {
    pub(super) fn start() -> Self {
        Self(Instant::now())
    }
}

const OPENINGS: &str = "mapleaf_openings_total";
const COMMITS: &str = "mapleaf_commits_total";
const TRANSACTIONS: &str = "mapleaf_transactions_total";
const COMMIT_BYTES: &str = "mapleaf_commit_bytes_total";
const COMMIT_FAILURES: &str = "mapleaf_commit_failures_total";
const COMMIT_SECONDS: &str = "mapleaf_commit_seconds";
const GROWTHS: &str = "mapleaf_growths_total";
const COMPACTIONS: &str = "mapleaf_compactions_total";
const SLOW_READERS: &str = "mapleaf_slow_readers_total";

/// Tells the recorder what the counters count. At every opening, since the recorder may be set at any time.
pub(super) fn describe() {
    contain(|| {
        describe_counter!(OPENINGS, Unit::Count, "openings of environments");
        describe_counter!(COMMITS, Unit::Count, "commits to the file");
        describe_counter!(TRANSACTIONS, Unit::Count, "transactions in these commits");
        describe_counter!(COMMIT_BYTES, Unit::Bytes, "changes in these commits: keys, values and an overhead of each");
        describe_counter!(COMMIT_FAILURES, Unit::Count, "commits that failed");
        describe_histogram!(COMMIT_SECONDS, Unit::Seconds, "time that a commit took, with its flushes");
        describe_counter!(GROWTHS, Unit::Count, "growths of the map");
        describe_counter!(COMPACTIONS, Unit::Count, "compactions of the file");
        describe_counter!(SLOW_READERS, Unit::Count, "readers that on_slow_reader reported");
    });
}

fn count(name: &'static str, by: u64) {
    contain(|| counter!(name).increment(by));
}

pub(super) fn opened() {
    count(OPENINGS, 1);
}

pub(super) fn committed(clock: Clock, transactions: u64, bytes: usize) {
    count(COMMITS, 1);
    count(TRANSACTIONS, transactions);
    count(COMMIT_BYTES, bytes as u64);
    contain(|| histogram!(COMMIT_SECONDS).record(clock.0.elapsed()));
}

pub(super) fn commit_failed() {
    count(COMMIT_FAILURES, 1);
}

pub(super) fn grown() {
    count(GROWTHS, 1);
}

pub(super) fn compacted() {
    count(COMPACTIONS, 1);
}

pub(super) fn slow_reader() {
    count(SLOW_READERS, 1);
}
