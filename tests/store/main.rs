//! The store layer: its backends, and what it builds on them.
#![cfg(feature = "store")]

mod hidden_dbis;
