//! Calls to the system that fail, one after another.

mod bench;
mod beside;
mod campaign;
mod commits;
#[path = "../common/mod.rs"]
mod common;
mod copies;
mod growth;
mod ledger;
mod opening;
mod reopening;
mod spill;
mod threads;
