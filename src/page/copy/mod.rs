//! Copies of one committed state: the meta pages that begin it, and its trees packed without the pages between them.
//!
//! What is written is LMDB's format: a compacted copy has the pages of LMDB's own, in the same places.

mod leaf;
mod metas;
mod sink;
mod walk;

pub(crate) use metas::plain_metas;
pub(crate) use sink::{PIECE, Pieces};
pub(crate) use walk::compact;
