//! Calls to the system that fail, one after another.
#![allow(unreachable_pub, reason = "each module uses its part of the others")]

mod bench;
mod beside;
mod campaign;
mod commits;
mod copies;
mod growth;
mod ledger;
mod opening;
#[path = "../common/process.rs"]
mod process;
mod reopening;
mod shim;
mod spill;
mod threads;
