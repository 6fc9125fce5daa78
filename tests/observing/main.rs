//! The spans of the feature `tracing` and the counters of the feature `metrics`.

mod collector;
#[path = "../common/mod.rs"]
mod common;
mod counters_count;
mod observers_that_panic;
mod recorder;
mod slow_readers_are_reported;
mod spans_tell_the_outcome;
