//! Bulk loads.

mod beside_writers;
#[path = "../common/mod.rs"]
mod common;
mod growth;
mod killed;
mod model;
mod refusals;
mod stops;
