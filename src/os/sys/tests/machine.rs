//! The machine's page size, clock and boot.

use std::thread;
use std::time::Duration;

use super::Outcome;
use crate::os::sys::{boot_id, coarse_milliseconds, system_page_size};

#[test]
fn the_page_size_is_one_that_lmdb_can_use() {
    let size = system_page_size();
    assert!(size.is_power_of_two() && size >= 4096, "{size}");
}

#[test]
fn the_clock_goes_on_and_never_back() {
    let began = coarse_milliseconds();
    let mut last = began;
    for _ in 0..10_000 {
        let now = coarse_milliseconds();
        assert!(now >= last);
        last = now;
    }
    thread::sleep(Duration::from_millis(100));
    // The clock is a few milliseconds coarse.
    assert!(coarse_milliseconds() >= began + 80);
}

#[test]
fn a_boot_has_one_id_that_fits_its_record() -> Outcome {
    let id = boot_id();
    assert_eq!(id, boot_id());
    assert!(!id.is_empty() && id.len() <= 48 && !id.contains(&0), "{}", String::from_utf8(id)?);
    Ok(())
}
