//! The store layer: records with versions, conditions and expiry, over any ordered, transactional engine.
//!
//! It is written against one small trait, [`Backend`], which [`Env`](crate::Env) and [`Memory`] implement.

mod backend;
mod background_sweep;
mod changes;
mod clock;
mod conditions;
mod env_backend;
mod env_txn;
mod feed;
mod guarded;
mod locks;
mod memory;
mod memory_state;
mod memory_txn;
mod optimistic;
mod optimistic_txn;
mod own_changes;
pub mod policy;
mod read_conditions;
mod records;
mod retry;
mod retrying;
mod timer;

pub use backend::{Backend, BackendRead, BackendTxn, Capabilities, Committed, Consistency, EachRow, KeySpan, Order};
pub use background_sweep::BackgroundSweep;
pub use changes::{Change, Changes, Condition, Stamp, StampField, Stamped};
pub use clock::{Clock, ManualClock, SystemClock};
pub use conditions::FailedConditions;
pub use env_backend::EnvSpace;
pub use feed::{EventKind, EventPage, FeedTrimmed, RecordEvent, Retain, Revision, Watch, WatchItem};
pub use guarded::GuardedRecords;
pub use locks::{LockGrant, LockHeld, Locks};
pub use memory::Memory;
pub use memory_state::{MemorySnapshot, MemorySpace};
pub use optimistic::transact_optimistically;
pub use records::{
    Entry, Expect, Meta, PutOptions, Query, QueryEntries, RecordBatch, RecordConflict, RecordConflicts, RecordKind,
    RecordListing, Records, RecordsAt, RecordsInfo, RecordsOptions, RecordsTxn, Token, Ttl, read_record,
};
pub use retry::RetryPolicy;
pub use retrying::{FailedPut, Resolution};
pub use timer::{SystemTimer, Timer};
