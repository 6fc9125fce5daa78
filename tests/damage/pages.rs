//! Pages that are zeroed, randomised, swapped, repeated or hit by single bits: correct data or a typed error, never a
//! signal, a panic or a hang. A file that passes a full check can be written to.

use crate::common::damage::{Random, options};
use crate::damaged::examine::{Bed, Look, OUTCOMES, Outcome};
use crate::damaged::harm::hurt;
use crate::damaged::{campaign, samples};
use mapleaf::{Dbi, Result, Verify};

/// The number of damaged files for each sample.
const CASES: u64 = 1500;

fn pages(name: &'static str, bed: &Bed) -> Result<()> {
    let tally = campaign::run::<OUTCOMES>(name, CASES, |case| {
        let mut random = Random(case << 32);
        let mut damaged = bed.sample.bytes.clone();
        for _ in 0..random.pick(&[1, 1, 1, 2, 5]) {
            hurt(&mut damaged, &mut random);
        }
        bed.examine(&damaged, Look::some(random)).map(|outcome| outcome as usize)
    })?;
    if let Some(tally) = tally {
        println!("{tally:?}");
        let seen = tally[Outcome::Refused as usize] + tally[Outcome::Found as usize];
        assert!(seen > CASES / 3 && tally[Outcome::Harmless as usize] > CASES / 30, "{tally:?}");
    }
    Ok(())
}

#[test]
fn damaged_pages_of_a_deep_tree_are_errors_or_data() -> Result<()> {
    pages("damaged_pages_of_a_deep_tree_are_errors_or_data", &Bed::new(samples::deep()?)?)
}

#[test]
fn damaged_pages_of_all_kinds_are_errors_or_data() -> Result<()> {
    pages("damaged_pages_of_all_kinds_are_errors_or_data", &Bed::new(samples::mixed()?)?)
}

#[test]
fn a_file_that_passes_a_full_check_can_be_written_to() -> Result<()> {
    let bed = Bed::new(samples::mixed()?)?;
    let tally = campaign::run::<2>("a_file_that_passes_a_full_check_can_be_written_to", 500, |case| {
        let mut damaged = bed.sample.bytes.clone();
        hurt(&mut damaged, &mut Random(case << 32 | 1));
        let path = bed.lay(&damaged)?;
        let Ok(env) = options().verify(Verify::Full).open(&path) else { return Ok(0) };
        let Ok(small) = env.dbi::<u32, &[u8]>("small") else { return Ok(0) };
        let small: Dbi<u32, &[u8]> = small;
        env.transact(|txn| {
            (0..300).try_for_each(|n| small.put(txn, n * 13 % 600, b"new"))?;
            small.delete_range(txn, 300..500).map(drop)
        })?;
        let report = env.verify()?;
        assert!(report.is_clean(), "{:?}", report.faults);
        Ok(1)
    })?;
    if let Some([refused, written]) = tally {
        assert!(refused > 100 && written > 30, "{refused} refused, {written} written to");
    }
    Ok(())
}
