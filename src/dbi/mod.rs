//! Typed databases and their methods.

mod batch;
mod batch_update;
mod bulk;
mod extract;
mod fallible;
mod handle;
mod loader;
mod multi;
mod nearest;
mod open;
mod owned;
#[cfg(feature = "rayon")]
mod parallel;
mod put_as;
mod put_reserved;
mod raw;
mod read;
mod scan;
mod stat;
mod update_range;
mod write;

pub use extract::ExtractIf;
pub use handle::Dbi;
pub use loader::{LoadPhase, LoadProgress, LoadReport, LoadStopped, Loader};
pub use multi::{MultiDbi, MultiValues};
pub use open::{DbiOptions, TxnDbiOptions};
pub use raw::{RawDbi, RawDbiMut};
pub use stat::DbiStat;
