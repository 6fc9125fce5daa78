//! Typed DBIs and their methods.

// The modules are in the order in which rustdoc is to show their methods: see `lib.rs`.
mod read;

mod write;

mod scan;

mod nearest;

mod stat;

mod get_many;

mod get_as;

mod open;

mod batch;
mod batch_update;
mod bulk;
mod extract;
mod fallible;
mod handle;
mod loader;
mod migrate;
mod multi;
mod owned;
#[cfg(feature = "rayon")]
mod parallel;
mod put_as;
mod put_reserved;
mod raw;
mod update_range;

pub use extract::ExtractIf;
pub use handle::Dbi;
pub use loader::{LoadPhase, LoadProgress, LoadReport, LoadStopped, Loader};
pub use multi::{MultiDbi, MultiValues};
pub use open::{DbiOptions, TxnDbiOptions};
pub use raw::{RawDbi, RawDbiMut};
pub use stat::DbiStat;
