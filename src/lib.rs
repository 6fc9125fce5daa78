//! An embedded, memory-mapped, ordered key-value engine: LMDB writes, mapleaf reads.

mod env;
mod error;
pub mod key;
mod page;
pub mod value;

pub use env::{Compact, DbiInfo, DbiKind, Durability, Env, EnvInfo, EnvOptions, OpenMode, ReaderInfo, Verify};
pub use error::{Error, ErrorKind, Result};
pub use key::{AnyKey, Key, KeyAs, Path, Reverse, Segment, Timestamp};
pub use page::{Fault, PageUse, Report};
#[cfg(feature = "json")]
pub use value::Json;
pub use value::{Msgpack, MsgpackCompact, Value};
