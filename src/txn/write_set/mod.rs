//! Write sets: the changes of transactions, in memory until they are committed.

#![allow(dead_code, unused_imports)]

mod arena;
mod blocks;
mod changes;
mod entry;
mod gaps;
mod set;
mod sort;

#[cfg(test)]
mod tests;

pub(crate) use changes::DbiChanges as Changed;
pub(crate) use set::{Change, Changes, DbiChanges, Mark, WriteSet};
