//! Bits that flip anywhere behind the metas: right data or a typed error, never a signal, a panic or a hang; what a full
//! check passes reads as it was written but for the bytes that were hit.

use crate::common::damage::Random;
use crate::damaged::examine::{Bed, Look, OUTCOMES, Outcome};
use crate::damaged::harm::flip;
use crate::damaged::{campaign, samples};
use mapleaf::Result;

/// How many files are damaged of each sample.
const CASES: u64 = 10_000;

fn flips(name: &'static str, bed: &Bed) -> Result<()> {
    let tally = campaign::run::<OUTCOMES>(name, CASES, |case| {
        let mut random = Random(case << 32);
        let mut damaged = bed.sample.bytes.clone();
        flip(&mut damaged, &bed.sample.atlas, &mut random);
        bed.examine(&damaged, Look::some(random)).map(|outcome| outcome as usize)
    })?;
    if let Some(tally) = tally {
        println!("{tally:?}");
        let count = |outcome: Outcome| tally[outcome as usize];
        assert!(count(Outcome::Refused) > CASES / 20 && count(Outcome::Found) > CASES / 10, "{tally:?}");
        assert!(count(Outcome::Silent) > CASES / 50 && count(Outcome::Harmless) > CASES / 50, "{tally:?}");
    }
    Ok(())
}

#[test]
fn flips_in_a_tree_of_four_levels() -> Result<()> {
    flips("flips_in_a_tree_of_four_levels", &Bed::new(samples::deep()?)?)
}

#[test]
fn flips_in_a_file_of_all_kinds_of_pages() -> Result<()> {
    flips("flips_in_a_file_of_all_kinds_of_pages", &Bed::new(samples::mixed()?)?)
}
