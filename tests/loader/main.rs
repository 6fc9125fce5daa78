//! Bulk loads.
#![allow(unreachable_pub, reason = "each module uses its part of the others")]

mod beside_writers;
#[path = "../common/damage.rs"]
mod damage;
#[path = "../common/errors.rs"]
mod errors;
mod growth;
mod killed;
mod model;
#[path = "../common/mount.rs"]
mod mount;
#[path = "../common/process.rs"]
mod process;
mod refusals;
mod stops;
