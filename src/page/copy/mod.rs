//! Copies of one committed state: the meta pages that begin it, and its trees packed without the pages between them.
//!
//! What is written is LMDB's format: a compacted copy has the pages of LMDB's own, in the same places.

mod leaf;
mod metas;
mod sink;
mod walk;

use std::io;

use crate::error::Error;

pub(crate) use metas::plain_metas;
pub(crate) use sink::{PIECE, Pieces};
pub(crate) use walk::compact;

/// Why a copy ended early.
#[derive(Debug)]
pub(crate) enum Stop {
    /// What is copied is damaged, or cannot be read.
    Source(Error),
    /// What takes the pages refused them.
    Write(io::Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Source(error)
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Write(error)
    }
}
