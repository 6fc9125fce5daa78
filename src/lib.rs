//! An embedded, memory-mapped, ordered key-value engine: LMDB writes, mapleaf reads.

mod dbi;
mod env;
mod error;
pub mod key;
mod page;
pub mod scan;
mod txn;
pub mod value;

pub use dbi::{Dbi, DbiOptions, DbiStat, ExtractIf, MultiDbi, MultiValues};
pub use env::{Compact, DbiInfo, DbiKind, Durability, Env, EnvInfo, EnvOptions, OpenMode, ReaderInfo, Verify};
pub use error::{Error, ErrorKind, Result};
pub use key::{AnyKey, Key, KeyAs, Path, Reverse, Segment, Timestamp};
pub use page::{Fault, PageUse, Report};
pub use scan::{Entries, Keys, ListCursor, ListOptions, NoPrefix, Page, RawEntries, Values};
pub use txn::{Read, Snapshot, WriteTxn};
#[cfg(feature = "json")]
pub use value::Json;
pub use value::{Msgpack, MsgpackCompact, Value};
