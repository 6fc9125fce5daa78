//! Damaged files: correct data or a typed error.

#[path = "../common/mod.rs"]
mod common;
mod copies;
mod damaged;
mod deleted_ranges;
mod errors_scans;
mod false_records;
mod flips;
mod listing;
mod metas;
mod open_damaged;
mod page_numbers;
mod pages;
mod truncated;
mod values;
