//! Processes that share an environment.
#![allow(unreachable_pub, reason = "each module uses its part of the others")]

mod blocked;
#[path = "../common/checked.rs"]
mod checked;
mod compact;
mod copy_killed;
mod counters;
mod create;
#[path = "../common/damage.rs"]
mod damage;
mod dbis;
#[path = "../common/errors.rs"]
mod errors;
mod groups;
mod growth;
mod killed;
mod paused;
#[path = "../common/process.rs"]
mod process;
mod read_compact;
mod read_growth;
mod read_states;
