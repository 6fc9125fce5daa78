//! Damaged files: correct data or a typed error.

#[path = "../common/mod.rs"]
mod common;
mod copies;
mod damaged;
mod errors_scans;
mod false_records;
mod flips;
mod listing;
mod metas;
mod numbers;
mod open_damaged;
mod pages;
mod ranges_that_go;
mod truncated;
mod values;
