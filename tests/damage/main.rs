//! Damaged files: right data or a typed error.
#![allow(unreachable_pub, reason = "each module uses its part of the others")]

mod copies;
#[path = "../common/damage.rs"]
mod damage;
mod damaged;
#[path = "../common/errors.rs"]
mod errors;
mod errors_scans;
mod false_records;
mod flips;
mod listing;
mod metas;
mod numbers;
mod open_damaged;
mod pages;
#[path = "../common/process.rs"]
mod process;
mod ranges_that_go;
#[path = "../common/records.rs"]
mod records;
mod truncated;
mod values;
