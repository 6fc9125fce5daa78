//! A file that is no mapleaf database is recognised before anything is mapped: an empty file, zeros, random bytes,
//! other versions.

use std::fs;
use std::path::Path;

use crate::common::damage::{PAGE, Random};
use crate::common::errors::{directory, io, refused_with};
use crate::damaged::examine::{Bed, Look, OUTCOMES, Outcome};
use crate::damaged::{campaign, samples};
use mapleaf::{Env, ErrorKind, Result};

/// The meaningful bytes of a meta page, including the page's header.
const META_BYTES: usize = 152;

fn refused_as(path: &Path, bytes: &[u8], kind: ErrorKind, words: &[&str]) -> Result<()> {
    io(fs::write(path.join("data.mdb"), bytes))?;
    refused_with(Env::open(path), kind, words);
    refused_with(Env::options().read_only(true).open(path), kind, words);
    assert_eq!(io(fs::read(path.join("data.mdb")))?, bytes, "nothing is written to it");
    Ok(())
}

#[test]
fn zeros_random_bytes_and_text_are_refused() -> Result<()> {
    let dir = directory()?;
    let mut random = Random(1);
    let noise: Vec<u8> = (0..3 * PAGE).map(|_| random.byte()).collect();
    for length in [1, 100, 152, PAGE, 2 * PAGE - 1, 3 * PAGE] {
        let zeros = vec![0; length];
        refused_as(dir.path(), &zeros, ErrorKind::Corrupted, &["restore it from a copy"])?;
        refused_as(dir.path(), &noise[..length], ErrorKind::Corrupted, &[])?;
        refused_as(dir.path(), &b"text ".repeat(length)[..length], ErrorKind::Corrupted, &[])?;
    }
    Ok(())
}

#[test]
fn other_formats_say_to_dump_and_load() -> Result<()> {
    let dir = directory()?;
    let bytes = samples::mixed()?.bytes;
    let words = ["dump", "load"];
    let mut newer = bytes.clone();
    newer[20..24].copy_from_slice(&2_u32.to_ne_bytes());
    refused_as(dir.path(), &newer, ErrorKind::FormatVersion, &words)?;
    // LMDB 1.0 has a header of 24 bytes before the magic number.
    let mut one = bytes.clone();
    one.copy_within(16..152, 24);
    one[16..24].fill(0);
    refused_as(dir.path(), &one, ErrorKind::FormatVersion, &["1.0", "dump"])?;
    let mut swapped = bytes.clone();
    swapped[16..20].reverse();
    refused_as(dir.path(), &swapped, ErrorKind::FormatVersion, &words)?;
    let mut narrow = bytes;
    narrow.copy_within(16..152, 12);
    refused_as(dir.path(), &narrow, ErrorKind::FormatVersion, &["32-bit"])
}

#[test]
fn every_flipped_bit_of_the_metas_is_an_error_or_data() -> Result<()> {
    let bed = Bed::new(samples::mixed()?)?;
    let bits = 2 * META_BYTES * 8;
    let tally = campaign::run::<OUTCOMES>("every_flipped_bit_of_the_metas_is_an_error_or_data", bits as u64, |case| {
        let (meta, bit) = (usize::try_from(case).unwrap_or(0) % 2, usize::try_from(case).unwrap_or(0) / 2);
        let mut damaged = bed.sample.bytes.clone();
        damaged[meta * PAGE + bit / 8 % META_BYTES] ^= 1 << (bit % 8);
        bed.examine(&damaged, Look::some(Random(case << 32))).map(|outcome| outcome as usize)
    })?;
    if let Some(tally) = tally {
        println!("{tally:?}");
        assert_eq!(tally.iter().sum::<u64>(), bits as u64);
        assert!(tally[Outcome::Refused as usize] > bits as u64 / 4, "{tally:?}");
        assert!(tally[Outcome::Harmless as usize] > bits as u64 / 8, "{tally:?}");
    }
    Ok(())
}
