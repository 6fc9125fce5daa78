//! Any bytes as stored keys.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| mapleaf_fuzz::keys::run(bytes));
