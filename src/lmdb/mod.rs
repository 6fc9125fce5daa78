//! LMDB, through the crate heed, which only this module names.

mod connection;
mod failure;
mod lock_file;
mod name_trees;
mod owned_writer;
mod pin;
mod puts;
mod transaction;

pub(crate) use connection::{Lmdb, LmdbOptions};
pub(crate) use failure::{Cause, Failure};
pub(crate) use lock_file::LmdbLock;
pub(crate) use name_trees::{TreeNames, name_trees};
pub(crate) use owned_writer::OwnedWriter;
pub(crate) use pin::Pin;
pub(crate) use transaction::{Applier, Handles, TreeHandle, Writer};
