//! Reads LMDB's data file and never writes it. Look-ups, scans and compacted copies read pages through a memory map;
//! the verifier reads them by `pread`.

mod batch;
mod common_prefix;
mod copy;
mod count;
mod cursor;
mod cursor_stack;
mod differences;
mod fields;
mod fixed_width_batch;
mod format;
mod free_record;
mod layout;
mod leaf_fill;
mod leaf_prefetch;
mod leaves;
mod lookup;
mod map;
mod meta;
mod meta_check;
mod node;
mod outermost;
mod page_no;
mod readahead;
mod search;
mod search_key;
mod split;
#[cfg(test)]
pub(crate) mod steps;
mod tree;
mod tree_position;
mod txn_id;
mod values;
mod verify;

#[cfg(test)]
mod tests;

pub(crate) use batch::get_many;
pub(crate) use common_prefix::common_prefix;
pub(crate) use copy::{PIECE, Pieces, compact, plain_metas};
pub(crate) use count::{count_range, estimate, miscounted, nth, rank};
pub use cursor::Cursor;
pub(crate) use differences::Differences;
pub(crate) use format::{ID_OF_META, MAGIC, TREE_FLAGS};
pub(crate) use free_record::free_count;
pub(crate) use layout::{Pages, prefetch};
pub(crate) use leaf_fill::{FILL_PERCENT_MAX, FILL_PERCENT_MIN, FILL_PERCENT_UNORDERED, LeafFill, NextLeaf};
pub(crate) use leaves::Leaves;
pub(crate) use lookup::{Found, LeafNeighbours, find, get, leaf_neighbours};
pub(crate) use map::EnvMap;
pub(crate) use meta::Meta;
pub use meta::TreeRecord;
pub(crate) use meta_check::{FileMeta, check_metas, is_beginning, may_be_compacted};
pub(crate) use outermost::{LeafSlot, next_after, outermost};
pub(crate) use search_key::{compare_tail, word_at};
pub(crate) use split::split;
pub(crate) use tree::used_in_last_leaf;
pub(crate) use txn_id::LmdbTxnId;
pub use verify::{Fault, PageUse, VerifyReport};
pub(crate) use verify::{VerifyLevel, verify, verify_snapshot};
