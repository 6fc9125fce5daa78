//! Records behind permissions, and records that are only read.

mod access;
mod batch;
mod handle;
mod list;
mod many;
mod read;
mod write;

pub use handle::GuardedRecords;
