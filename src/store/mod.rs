//! The store layer: records with versions, conditions and expiry, over any ordered, transactional engine.
//!
//! It is written against one small trait, [`Backend`], which [`Env`](crate::Env) implements.

mod backend;
mod changes;

pub use backend::{Backend, BackendRead, BackendTxn, Capabilities, Committed, Consistency, KeySpan, Order};
pub use changes::{Change, Changes, Condition, Stamp, StampField, Stamped};
