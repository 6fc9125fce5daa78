//! The store layer: its backends, and what it builds on them.
#![cfg(feature = "store")]

#[cfg(feature = "testing")]
mod broken_engines;
#[path = "../common/mod.rs"]
mod common;
#[cfg(feature = "testing")]
mod conformance;
mod counting;
mod feed;
mod hidden_dbis;
mod incarnations;
mod locks;
mod memory;
mod message_backend;
mod optimistic;
mod parity;
mod policy_attributes;
mod policy_form;
mod policy_guard;
mod policy_model;
mod records_background;
mod records_bad_input;
mod records_conditions;
mod records_expiry;
mod records_golden;
mod records_in_txn;
mod records_listing;
mod records_many;
mod records_model;
mod records_prefixes;
mod records_processes;
mod records_support;
mod records_tokens;
mod records_updates;
mod retry_records;
mod retry_runs;
