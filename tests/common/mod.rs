//! Helpers that the test programs share.

#![allow(dead_code, reason = "each test program uses its own part of these modules")]

pub mod checked;
pub mod damage;
pub mod errors;
pub mod fork;
pub mod intervals;
pub mod mount;
pub mod process;
pub mod records;
pub mod shim;
pub mod stacked;
pub mod states;
pub mod tools;
pub mod user_keys;
pub mod values;
