//! Power cuts: the writes and flushes of programs are recorded, and the power is cut at any position of the recording,
//! with any part of the unflushed data on the disk. What is left opens, holds what was promised, and accepts commits.

mod campaign;
mod checker;
#[path = "../common/mod.rs"]
mod common;
mod cut;
mod directories_above;
mod disk;
mod failing_flushes;
mod failing_openings;
mod failing_syncs;
mod histories;
mod image;
mod mixed_durabilities;
mod model;
mod names;
mod one_process;
mod promise;
mod recording;
mod scenario;
mod state;
mod two_processes;
mod unflushed_names;
mod work;
