//! Runs damaged files through every read method: samples and the roles of their pages, the damage, the methods, the
//! laws of their answers, and child processes in which a signal or a hang is detected.

pub mod atlas;
pub mod campaign;
pub mod drive;
pub mod examine;
pub mod harm;
pub mod pairs;
pub mod samples;
