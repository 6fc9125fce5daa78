//! Any bytes as a data file.

#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use mapleaf_fuzz::{data_file, mutate};

fuzz_target!(|bytes: &[u8]| data_file::run(bytes));

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let size = fuzzer_mutate(data, size, max_size);
    mutate::mend(&mut data[..size], seed);
    size
});
