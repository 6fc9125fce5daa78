//! Errors: their kinds, and what they say.
#![allow(unreachable_pub, reason = "each module uses its part of the others")]

mod dbis;
#[path = "../common/errors.rs"]
mod errors;
mod key_length;
mod keys_and_values;
mod limits_hold;
mod nested_and_closed;
