//! Linearizability: concurrent histories of threads and processes have one order.

mod bank;
#[path = "../common/mod.rs"]
mod common;
mod counters;
mod dbis;
mod foreign;
mod forks;
