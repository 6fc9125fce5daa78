//! Random ids are 24 hexadecimal digits: the second, a counter, and random bytes.

use std::collections::HashSet;
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use mapleaf::key::{Path, Segment};

fn seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970").as_secs()
}

fn field(id: &str, digits: std::ops::Range<usize>) -> u64 {
    u64::from_str_radix(&id[digits], 16).expect("hexadecimal digits")
}

#[test]
fn a_random_id_consists_of_time_counter_and_random_bytes() {
    let before = seconds();
    let ids: Vec<String> = (0..1000).map(|_| Path::random_id().expect("random bytes")).collect();
    let after = seconds();
    for id in &ids {
        assert_eq!(id.len(), 24);
        assert!(id.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')), "{id}");
        assert!((before..=after).contains(&field(id, 0..8)), "{id}");
        assert_eq!(Segment::parse(id).expect("a segment").id(), id);
    }
    for pair in ids.windows(2) {
        assert!(field(&pair[0], 8..14) < field(&pair[1], 8..14), "{pair:?}");
    }
    let random: HashSet<u64> = ids.iter().map(|id| field(id, 14..24)).collect();
    assert!(random.len() > 990, "{} different ones of 1000", random.len());
}

#[test]
fn ids_of_all_threads_differ() {
    let makers: Vec<_> = (0..4)
        .map(|_| thread::spawn(|| (0..500).map(|_| Path::random_id().expect("random bytes")).collect::<Vec<_>>()))
        .collect();
    let ids: HashSet<String> = makers.into_iter().flat_map(|maker| maker.join().expect("no panic")).collect();
    assert_eq!(ids.len(), 2000);
    let counts: HashSet<u64> = ids.iter().map(|id| field(id, 8..14)).collect();
    assert_eq!(counts.len(), 2000);
}
