//! Histories of threads and processes that are one history.
#![allow(unreachable_pub, reason = "each module uses its part of the others")]

mod bank;
mod counters;
#[path = "../common/damage.rs"]
mod damage;
mod dbis;
mod foreign;
mod forks;
#[path = "../common/process.rs"]
mod process;
