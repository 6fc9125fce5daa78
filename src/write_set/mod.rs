//! Write sets: the changes of transactions, in memory until they are committed.

mod arena;
mod block;
mod blocks;
mod changes;
mod creations;
mod dbi_savepoints;
mod entry;
mod gaps;
mod gather;
mod large;
mod limits;
mod set;
mod sort;

#[cfg(test)]
mod tests;

pub(crate) use arena::{Arena, record_len};
pub(crate) use blocks::{Blocks, EntryPosition};
pub(crate) use changes::{DbiChanges, change_bytes};
pub(crate) use creations::Creations;
pub(crate) use entry::Entry;
pub(crate) use gaps::{Gap, LEAST};
pub(crate) use large::LargeValue;
pub(crate) use limits::{check_key, check_value};
pub(crate) use set::{OfDbi, WriteSet};
pub(crate) use sort::{nearly_all, sort};
