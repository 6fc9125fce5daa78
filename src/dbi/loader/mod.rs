//! Loads more rows than fit in memory, in any order: sorted runs in temporary files, merged and stored in key order.

mod block;
mod buffer;
mod handle;
mod merge;
mod progress;
mod record;
mod row_index;
mod rows;
mod run;
mod runs;
mod source;
mod spill;
mod storing;
#[cfg(test)]
mod tests;

pub use handle::Loader;
pub use progress::{LoadPhase, LoadProgress, LoadReport, LoadStopped};
