//! Unit tests of transactions, by what they cost in steps.

mod costs_are_logarithmic;
mod lengths_are_kept;
