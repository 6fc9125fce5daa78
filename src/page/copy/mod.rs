//! Copies of one committed state: its meta pages, and its trees without the free pages between them.
//!
//! The output is LMDB's format: a compacted copy has the same pages at the same positions as LMDB's own compacted
//! copy.

mod leaf;
mod metas;
mod sink;
mod walk;

pub(crate) use metas::plain_metas;
pub(crate) use sink::{PIECE, Pieces};
pub(crate) use walk::compact;
