//! What the benchmarks share: the rows, the same trees for heed and for mapleaf, and the race between the two.
#![allow(dead_code, unused_imports, reason = "each benchmark uses its own part")]

mod machine;
mod plan;
mod race;
mod rows;
mod sides;
mod suite;

pub(crate) use plan::Plan;
pub(crate) use rows::{Order, number, pick, text, touch, tuple, value};
pub(crate) use sides::{Sides, Tree, encoded};
pub(crate) use suite::{Case, Suite};

/// What a piece of work comes to.
pub(crate) type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;
