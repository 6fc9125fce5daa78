//! Bulk loads.

#[path = "../common/mod.rs"]
mod common;
mod concurrent_writers;
mod growth;
mod killed;
mod model;
mod refusals;
mod stops;
