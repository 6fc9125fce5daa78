//! The examples: the counts of the tour, and the reader of the sample data.

#[path = "../common/mod.rs"]
mod common;
mod sample_data;
#[path = "../../examples/tour.rs"]
#[allow(dead_code, reason = "the tests call `tour`, not its `main`")]
mod tour;
mod tour_counts;
