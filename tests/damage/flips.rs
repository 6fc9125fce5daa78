//! Flipped bits anywhere after the meta pages: correct data or a typed error, never a signal, a panic or a hang. A file
//! that passes a full check reads as it was written except for the flipped bytes.

use crate::common::damage::Random;
use crate::damaged::examine::{Bed, Look, OUTCOMES, Outcome};
use crate::damaged::harm::flip;
use crate::damaged::{campaign, samples};
use mapleaf::Result;

/// The number of damaged files for each sample.
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
fn flipped_bits_of_a_deep_tree_are_errors_or_data() -> Result<()> {
    flips("flipped_bits_of_a_deep_tree_are_errors_or_data", &Bed::new(samples::deep()?)?)
}

#[test]
fn flipped_bits_of_pages_of_all_kinds_are_errors_or_data() -> Result<()> {
    flips("flipped_bits_of_pages_of_all_kinds_are_errors_or_data", &Bed::new(samples::mixed()?)?)
}
