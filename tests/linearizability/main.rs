//! Histories of threads and processes that are one history.

mod bank;
#[path = "../common/mod.rs"]
mod common;
mod counters;
mod dbis;
mod foreign;
mod forks;
