//! Maps show their files, and hints are harmless.
#![expect(unsafe_code, reason = "maps are read by raw pointers")]

use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};

use super::Outcome;
use crate::os::sys::{
    ReadMap, SharedMap, ask_for, is_resident, reports_residency, system_page_size, wiped_on_fork, write_all_at,
};

#[test]
fn a_map_longer_than_its_file_shows_what_is_written_later() -> Outcome {
    let file = tempfile::tempfile()?;
    let map = ReadMap::new(&file, 1 << 30)?;
    assert!(map.len() == 1 << 30 && map.start().addr().is_multiple_of(system_page_size()));
    map.expect_random_reads();
    for at in [0, 3 << 20] {
        write_all_at(&file, &[7; 8], at)?;
        // SAFETY: the eight bytes at that offset are in the file now, and nobody changes them.
        let found = unsafe { map.start().add(usize::try_from(at)?).cast::<[u8; 8]>().read_volatile() };
        assert_eq!(found, [7; 8]);
    }
    Ok(())
}

#[test]
fn all_maps_of_a_file_share_their_words() -> Outcome {
    let file = tempfile::tempfile()?;
    file.set_len(128)?;
    let maps = [SharedMap::new(&file, 128)?, SharedMap::new(&file, 128)?];
    assert!(maps.iter().all(|map| map.len() == 128));
    // SAFETY: the word is inside the map and aligned, and is used as an atomic only.
    let [a, b] = [&maps[0], &maps[1]].map(|map| unsafe { AtomicU32::from_ptr(map.start().add(64).cast()) });
    assert!(!ptr::eq(a, b));
    a.store(7, Ordering::Relaxed);
    assert_eq!(b.fetch_add(1, Ordering::Relaxed), 7);
    assert_eq!(a.load(Ordering::Relaxed), 8);
    Ok(())
}

#[test]
fn a_page_is_in_memory_once_it_was_written() -> Outcome {
    let (file, page) = (tempfile::tempfile()?, system_page_size());
    file.set_len(64 * page as u64)?;
    assert!(reports_residency(&file), "its owner asks");
    let map = ReadMap::new(&file, 64 * page)?;
    map.expect_random_reads();
    let start = map.start().wrapping_add(40 * page);
    assert!(!is_resident(start), "nobody has read it");
    write_all_at(&file, &vec![1; page], 40 * page as u64)?;
    assert!(is_resident(start));
    Ok(())
}

#[test]
fn hints_and_questions_accept_any_address() {
    for address in [ptr::null(), ptr::without_provenance(1), ptr::without_provenance(usize::MAX & !0xffff)] {
        assert!(is_resident(address), "the system does not tell");
        for len in [0, 1, 1 << 20, usize::MAX] {
            ask_for(address, len);
        }
    }
}

#[test]
fn each_number_that_a_fork_wipes_begins_at_zero_and_is_its_own() {
    let numbers: Vec<_> = (0..3).filter_map(|_| wiped_on_fork()).collect();
    for (at, number) in numbers.iter().enumerate() {
        assert_eq!(number.fetch_add(at as u64 + 1, Ordering::Relaxed), 0);
    }
}
