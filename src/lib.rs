//! An embedded, memory-mapped, ordered key-value engine: LMDB writes, mapleaf reads.
//!
//! # What it is
//!
//! An [`Env`] holds named, typed, ordered maps in one file. Each is called a DBI, LMDB's word for it, and its handle is
//! a [`Dbi<K, V>`](Dbi). [`transact`](Env::transact) changes any number of DBIs atomically. A [`Snapshot`] is one
//! committed state, shared by any number of threads; reads and scans of it borrow keys and values from the map.
//!
//! Every change goes through LMDB: its copy-on-write B+tree, its locks, its file format. Every read of a committed
//! state goes through this crate's own page reader, over a read-only map of its own. LMDB never changes a page that a
//! pinned state can reach, so a reader needs it for one thing only: to pin the state.
//!
//! ```
//! use mapleaf::{Dbi, Env, Msgpack};
//!
//! #[derive(serde::Serialize, serde::Deserialize, Debug, PartialEq)]
//! struct Session { user: u64, login_at: u64 }
//!
//! # fn main() -> mapleaf::Result<()> {
//! let env = Env::temporary()?; // Env::open("data")? for one that stays
//! let sessions: Dbi<&str, Msgpack<Session>> = env.dbi("sessions")?;
//! let visits: Dbi<(u64, &str), u32> = env.dbi("visits")?;
//!
//! env.transact(|txn| {
//!     sessions.put(txn, "user:123", &Session { user: 123, login_at: 7 })?;
//!     visits.put(txn, (123, "home"), 1)?;
//!     Ok(())
//! })?;
//!
//! let snap = env.snapshot()?;
//! assert_eq!(sessions.get(&snap, "user:123")?, Some(Session { user: 123, login_at: 7 }));
//! for entry in sessions.range(&snap, "user:100"..="user:200")?.rev() {
//!     let (key, session) = entry?;
//!     println!("{key}: {session:?}");
//! }
//! for entry in visits.prefix(&snap, (123,))? {
//!     let ((user, page), count) = entry?;
//!     println!("{user} saw {page} {count} times");
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # What it is not
//!
//! - A server or a query language: it is a library, linked into the program.
//! - For many writers at once: transactions run one at a time, across threads and processes. Reads never wait for them.
//! - For network file systems, or for other systems than 64-bit Linux on little-endian processors, for now.
//! - A store for large files: a value is written whole.
//! - Encrypted, compressed or checksummed: a bit that flips inside a value is not seen.
//!
//! # Where to find what
//!
//! | | |
//! |---|---|
//! | [`Env`], [`EnvOptions`] | open, create, [`transact`](Env::transact), [`snapshot`](Env::snapshot), [`copy_to`](Env::copy_to), [`compact`](Env::compact), [`verify`](Env::verify), [`info`](Env::info) |
//! | [`Dbi`] | the verbs: `BTreeMap`'s words, a snapshot or transaction first |
//! | [`Loader`] | more rows than fit memory, in any order: [`Env::loader`] |
//! | [`MultiDbi`] | several values under a key, each once, in order |
//! | [`RawDbi`], [`key::display`], [`value::display`] | DBIs whose types the program does not know: bytes, and their text |
//! | [`Snapshot`], [`WriteTxn`], [`Read`] | states to read from; helpers over `&impl Read` take either |
//! | [`Draft`] | an optimistic transaction, for async code and several threads: [`Snapshot::draft`] |
//! | [`Entries`] | the iterator: double-ended, seekable, borrowed from the state |
//! | [`OwnedEntries`] | the iterator that owns its snapshot, for threads, structs and streams |
//! | [`key`] | what can be a key: numbers, text, bytes, tuples, [`Option`], [`Reverse`], [`Path`], [`AnyKey`], [`Timestamp`], types of your own by `#[derive(Key)]` and [`KeyAs`] |
//! | [`value`] | what can be a value: numbers, text, bytes, [`Msgpack`], [`MsgpackCompact`], `Json` |
//! | [`scan`] | ranges and prefixes, and how they are written; [`KeyBounds`](scan::KeyBounds): ends of different lengths |
//! | [`store`] | records with versions, conditions and expiry: [`Env::records`] |
//! | [`Error`], [`ErrorKind`] | one error, with a kind chosen by what the caller can do |
//!
//! # Limits
//!
//! | What | Limit |
//! |---|---|
//! | a key, encoded | 1 to 511 bytes; 1,982 with the feature `longer-keys` and pages of 4 KiB |
//! | a value | [`MAX_VALUE_LEN`](value::MAX_VALUE_LEN), 2,147,418,096 bytes |
//! | elements of a tuple key | 8; tuples nest |
//! | the file | [`max_map_size`](EnvOptions::max_map_size), 1 TiB by default |
//! | DBIs | [`max_dbis`](EnvOptions::max_dbis), 256 by default; as many hidden ones of stores |
//! | states read at once, over all processes | [`max_readers`](EnvOptions::max_readers), 1,024 by default |
//! | a transaction's changes, in memory | [`max_txn_bytes`](EnvOptions::max_txn_bytes), 4 GiB by default |
//!
//! # Quirks
//!
//! 1. A transaction keeps its changes in memory until it commits. Its own reads see them; the file does not until then.
//! 2. [`transact`](Env::transact) inside `transact` on one thread fails with [`Nested`](ErrorKind::Nested), also
//!    for another environment. So does opening a DBI there: open them before.
//! 3. While a snapshot lives, no page freed since is reused. Keep it as short as the work, or
//!    [`refresh`](Snapshot::refresh) it; [`Env::readers`] names who holds what.
//! 4. The file never shrinks by itself: [`compact`](Env::compact) rewrites it, and needs the environment to itself.
//! 5. A second open of the same file in one process shares the first, whatever its path, if the options are equal.
//!    If they are not, it fails with [`InvalidArgument`](ErrorKind::InvalidArgument).
//! 6. Open after a fork, or `exec` in the child. A forked child can neither use what the parent had open nor open
//!    it again.
//! 7. `-0.0` and `0.0` are two keys, next to each other; NaN is not a key. A range of all floats from zero on
//!    begins at
//!    `-0.0`.
//! 8. Text inside a tuple is read as [`Cow<str>`](std::borrow::Cow), since a NUL in it is stored escaped; alone it is
//!    `&str`.
//! 9. Write `.keys().rev()`, not `.rev().keys()`: `keys` is a method of [`Entries`].
//! 10. The schema keeps the names of encodings, not the shape of your structs: `Msgpack<A>` opens as `Msgpack<B>`,
//!     and reading a value that does not fit fails with [`Decode`](ErrorKind::Decode).
//! 11. Leave the lock files alone while the environment is open: a lock file that exists is not stale. A file
//!     tool's copy of an open environment is no backup; [`copy_to`](Env::copy_to) makes one.
//!
//! # Further
//!
//! The module [`cookbook`] has recipes, each a program that runs with the tests, [`reliability`] says what is promised
//! and how it is tested, [`file_format`] describes every byte, and [`observing`] lists spans and counters. In the
//! repository, `docs/design.md` says how it works and why.
//!
//! # Features
//!
//! - `derive` (default): `#[derive(Key)]`, key types from structs, newtypes and enums.
//! - `json` (default): `Json<T>` values.
//! - `store` (default): the module `store`, records with versions, conditions and expiry, over an environment or other
//!   engines.
//! - `testing`: the module `testing`, the laws that an engine under the store layer keeps.
//! - `uuid`, `jiff`, `chrono`: keys of these crates' types.
//! - `rayon`: `Dbi::par_iter`, scans by rayon's threads.
//! - `futures`: `OwnedEntries::into_stream`, scans as a `Stream`.
//! - `tracing`: spans for opening, committing, growing and compacting, and events for slow readers; `metrics`: counters
//!   of the same. The module [`observing`] lists them.
//! - `zerocopy`, `bytemuck`: values that are the memory of these crates' types.
//! - `longer-keys`: keys over 511 bytes. Such files cannot be written on machines with smaller pages.

// In the order in which rustdoc is to show the methods of a type that several modules implement. Blank lines keep
// rustfmt from sorting them.
mod open;

mod txn;

mod dbi;

mod env;

mod catalog;
mod commit;
mod durability;
mod error;
pub mod key;
mod lmdb;
mod observe;
mod os;
mod page;
mod read;
pub mod scan;
mod state;
#[cfg(feature = "store")]
pub mod store;
#[cfg(feature = "testing")]
pub mod testing;
pub mod value;
mod write_set;

pub use catalog::DbiKind;
pub use dbi::{Dbi, DbiOptions, DbiStat, ExtractIf, MultiDbi, MultiValues, RawDbi, RawDbiMut, TxnDbiOptions};
pub use dbi::{LoadPhase, LoadProgress, LoadReport, LoadStopped, Loader};
pub use durability::Durability;
pub use env::{Batch, Conflicts, Expect, FailedCondition};
pub use env::{Compact, DbiInfo, Env, EnvInfo, EnvOptions, OpenMode, Verify};
pub use error::{Error, ErrorKind, Result};
pub use state::{ReaderInfo, WriterInfo};
// Re-exported from the public modules, because readers look for them here first.
#[cfg(feature = "derive")]
#[doc(inline)]
pub use key::derived::Key;
#[doc(inline)]
pub use key::{AnyKey, Key, KeyAs, Path, Reverse, Segment, Timestamp};
pub use page::{Fault, PageUse, VerifyReport};
#[cfg(feature = "futures")]
#[doc(inline)]
pub use scan::EntryStream;
#[cfg(feature = "rayon")]
#[doc(inline)]
pub use scan::ParEntries;
#[doc(inline)]
pub use scan::{Entries, Keys, ListCursor, ListOptions, Listing, NoPrefix, OwnedEntries, RawEntries, Values};
pub use txn::{Changed, Commit, CommitId, Read, Reader, SavepointGuard, Snapshot, Transaction, Write, WriteTxn};
pub use txn::{Draft, DraftSavepoint};
#[cfg(feature = "json")]
#[doc(inline)]
pub use value::Json;
#[doc(inline)]
pub use value::{Msgpack, MsgpackCompact, Value};

#[cfg(any(doc, doctest))]
#[doc = include_str!("../docs/cookbook.md")]
pub mod cookbook {}

#[cfg(any(doc, doctest))]
#[doc = include_str!("../docs/observing.md")]
pub mod observing {}

#[cfg(doc)]
#[doc = include_str!("../docs/format.md")]
pub mod file_format {}

#[cfg(doc)]
#[doc = include_str!("../docs/reliability.md")]
pub mod reliability {}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
