//! Any bytes as a stored record.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| mapleaf_fuzz::record_header::run(bytes));
