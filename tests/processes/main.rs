//! Processes that share an environment.

mod blocked;
#[path = "../common/mod.rs"]
mod common;
mod compact;
mod copy_killed;
mod counters;
mod create;
mod dbis;
mod groups;
mod growth;
mod held;
mod killed;
mod killed_between_durabilities;
mod paused;
mod read_compact;
mod read_growth;
mod read_states;
mod renamed_dbis;
