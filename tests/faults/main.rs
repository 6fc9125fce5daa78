//! Fault injection: each system call fails in turn.

mod bench;
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
mod two_processes;
