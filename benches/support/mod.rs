//! Shared by the benchmarks: the rows, the same trees for heed and for mapleaf, and the race between the two.
#![allow(dead_code, unused_imports, reason = "each benchmark uses its own part")]

mod case;
mod cold;
mod kept;
mod keys;
mod machine;
mod mapped;
mod plan;
mod race;
mod rows;
mod sides;
mod suite;
mod unchecked;

pub(crate) use case::{Case, Target};
pub(crate) use cold::evict;
pub(crate) use kept::Kept;
pub(crate) use keys::{Hierarchical, Integer, KeyKind, Pair, Random, Text};
pub(crate) use machine::machine;
pub(crate) use mapped::Mapped;
pub(crate) use plan::Plan;
pub(crate) use race::{Lane, Race, Role, timed};
pub(crate) use rows::{Numbers, Order, decoded, entry, number, pick, short, text, touch, tuple, value};
pub(crate) use sides::{Sides, Tree, encoded, heed_tree, open_heed, open_heed_with};
pub(crate) use suite::Suite;
pub(crate) use unchecked::Unchecked;

/// The result of a piece of work.
pub(crate) type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;
