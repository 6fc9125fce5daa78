//! Errors: their kinds and their messages.

#[path = "../common/mod.rs"]
mod common;
mod dbis;
mod key_length;
mod keys_and_values;
mod kinds;
mod limits_hold;
mod nested_and_closed;
