//! Power cuts: what programs write and flush is recorded, and the power is cut in it at any place, with any part of what was
//! not flushed on the disk. What is left opens, holds what was promised, and takes commits.

mod alone;
mod beside;
mod campaign;
mod checker;
#[path = "../common/mod.rs"]
mod common;
mod cut;
mod directories_above;
mod disk;
mod failing;
mod failing_openings;
mod failing_syncs;
mod image;
mod mixed;
mod model;
mod names;
mod promise;
mod recording;
mod scenario;
mod state;
mod unflushed_names;
mod work;
