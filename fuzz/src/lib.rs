//! What the fuzz targets do with their bytes, callable without a fuzzer.

pub mod data_file;
pub mod keys;
pub mod mutate;
pub mod seeds;

// The verbs are those that the library's own tests drive over damaged files.
#[path = "../../tests/common/damage.rs"]
pub mod damage;
#[path = "../../tests/damage/damaged/drive.rs"]
pub mod drive;
#[path = "../../tests/damage/damaged/pairs.rs"]
pub mod pairs;
