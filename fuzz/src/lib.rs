//! The functions that the fuzz targets run, callable without a fuzzer.

pub mod data_file;
pub mod keys;
pub mod mutate;
pub mod record_header;
pub mod seeds;

// The library's own tests run the same verbs over damaged files.
#[path = "../../tests/common/damage.rs"]
pub mod damage;
/// Where the tests find it.
pub mod common {
    pub use crate::damage;
}
#[path = "../../tests/damage/damaged/drive.rs"]
pub mod drive;
#[path = "../../tests/damage/damaged/pairs.rs"]
pub mod pairs;
