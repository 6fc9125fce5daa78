//! Shared by the examples: the rows of the sample data, geohashes, and a line that reports the throughput.
#![allow(dead_code, unused_imports, reason = "each example uses its own part")]

mod geohash;
mod rows;
mod throughput;

pub(crate) use geohash::geohash;
pub(crate) use rows::{Event, Place, RowError, Rows, read_rows, sample};
pub(crate) use throughput::{Throughput, line};
