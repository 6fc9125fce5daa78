//! The store layer: its backends, and what it builds on them.
#![cfg(feature = "store")]

#[cfg(feature = "testing")]
mod broken_engines;
#[cfg(feature = "testing")]
mod conformance;
mod hidden_dbis;
mod incarnations;
mod memory;
mod message_backend;
mod optimistic;
