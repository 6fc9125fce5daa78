//! An embedded, memory-mapped, ordered key-value engine: LMDB writes, mapleaf reads.

mod error;
pub mod key;
mod page;
pub mod value;

pub use error::{Error, ErrorKind, Result};
