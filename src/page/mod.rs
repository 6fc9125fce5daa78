//! LMDB's file, read only: pages from a map for look-ups and scans, pages by `pread` for the verifier.
#![allow(dead_code, reason = "the rooms above use it")]

pub(crate) mod count;
pub(crate) mod cursor;
mod edge;
pub(crate) mod layout;
pub(crate) mod lookup;
pub(crate) mod meta;
mod meta_check;
mod node;
pub(crate) mod split;
mod target;
mod trail;
mod tree;
pub(crate) mod verify;

#[cfg(test)]
mod tests;

pub(crate) use count::{count_range, estimate, nth};
pub use cursor::Cursor;
pub(crate) use layout::Pages;
pub(crate) use lookup::{find, get};
pub(crate) use meta::Meta;
pub use meta::TreeRecord;
pub(crate) use meta_check::{FileMeta, check_metas};
pub(crate) use split::split;
pub use verify::{Fault, PageUse, Report};
pub(crate) use verify::{Level, verify};
