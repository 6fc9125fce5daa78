//! The examples: the counts of the tour, the reader of the sample data, and dumps.

#[path = "../common/mod.rs"]
mod common;
#[path = "../../examples/dump.rs"]
#[allow(dead_code, reason = "the tests call `dump` and `restore`, not `main`")]
mod dump;
mod dumps_come_back;
mod sample_data;
#[path = "../../tour/src/main.rs"]
#[allow(dead_code, reason = "the tests call `tour`, not its `main`")]
mod tour;
mod tour_counts;
