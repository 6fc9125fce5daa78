//! LMDB's file, read only: pages from a map for look-ups and scans, pages by `pread` for the verifier.

mod ahead;
mod batch;
mod cold;
mod copy;
mod count;
mod cursor;
mod edge;
mod fields;
mod layout;
mod leaves;
mod lookup;
mod meta;
mod meta_check;
mod node;
mod numbers;
mod outermost;
mod search;
mod split;
#[cfg(test)]
pub(crate) mod steps;
mod target;
mod trail;
mod tree;
mod verify;

#[cfg(test)]
mod tests;

pub(crate) use batch::get_many;
pub(crate) use copy::{PIECE, Pieces, Stop, compact, plain_metas};
pub(crate) use count::{count_range, estimate, miscounted, nth, rank};
pub use cursor::Cursor;
pub(crate) use layout::{Pages, prefetch};
pub(crate) use leaves::Leaves;
pub(crate) use lookup::{Beside, Found, beside, find, get};
pub use meta::TreeRecord;
pub(crate) use meta::{ID_OF_META, Meta};
pub(crate) use meta_check::{FileMeta, check_metas, is_beginning, may_be_compacted};
pub(crate) use outermost::{Place, behind, outermost};
pub(crate) use split::split;
pub(crate) use target::{compare_tail, word_at};
pub(crate) use tree::used_in_last_leaf;
pub use verify::{Fault, PageUse, Report};
pub(crate) use verify::{Level, verify, verify_snapshot};
