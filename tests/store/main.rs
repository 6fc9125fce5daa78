//! The store layer: its backends, and what it builds on them.
#![cfg(feature = "store")]

#[cfg(feature = "testing")]
mod conformance;
mod hidden_dbis;
mod message_backend;
mod optimistic;
