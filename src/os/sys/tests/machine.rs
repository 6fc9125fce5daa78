//! The machine's page size, clock and boot.

use std::thread;
use std::time::{Duration, Instant};

use super::Outcome;
use crate::os::sys::{boot_id, coarse_milliseconds, system_page_size};

#[test]
#[expect(unsafe_code, reason = "heed asks for it")]
fn lmdb_makes_new_files_with_the_page_size_of_the_system() -> Outcome {
    let directory = tempfile::tempdir()?;
    // SAFETY: nobody else has the new environment open, and nobody changes its files.
    drop(unsafe { heed::EnvOpenOptions::new().open(directory.path()) }?);
    // A new file has two pages. LMDB's largest pages have 32 KiB.
    let first = std::fs::metadata(directory.path().join("data.mdb"))?.len();
    assert_eq!(first, 2 * system_page_size().min(32_768) as u64);
    Ok(())
}

#[test]
fn the_clock_goes_on_and_never_back() {
    let (instant, began) = (Instant::now(), coarse_milliseconds());
    let mut last = began;
    for _ in 0..10_000 {
        let now = coarse_milliseconds();
        assert!(now >= last);
        last = now;
    }
    thread::sleep(Duration::from_millis(100));
    // The clock is a few milliseconds coarse.
    let passed = coarse_milliseconds() - began;
    assert!(passed >= 80 && u128::from(passed) <= instant.elapsed().as_millis() + 20, "{passed}");
}

#[test]
fn a_boot_has_one_id_that_fits_its_record() -> Outcome {
    let id = boot_id();
    assert_eq!(id, boot_id());
    assert!(!id.is_empty() && id.len() <= 48 && !id.contains(&0), "{}", String::from_utf8(id)?);
    Ok(())
}
