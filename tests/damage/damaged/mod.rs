//! The campaign against damaged files: samples, what each of their pages is for, every read verb driven over what is left
//! of them, the laws that answers keep, and child processes in which a signal or a hang is seen.

#![allow(dead_code, unreachable_pub, reason = "each module uses its part of these")]

pub mod atlas;
pub mod campaign;
pub mod drive;
pub mod examine;
pub mod harm;
pub mod pairs;
pub mod samples;
