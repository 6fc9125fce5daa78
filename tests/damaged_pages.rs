//! Pages that are zeroed, random, swapped, repeated or hit by single bits: right data or a typed error, never a signal,
//! a panic or a hang; and nothing that a full check passes hurts a writer.

mod damaged;

use damaged::damage::{PAGE, Random, options};
use damaged::examine::{Bed, Look, OUTCOMES, Outcome};
use damaged::{campaign, samples};
use mapleaf::{Dbi, Result, Verify};

/// Does one of the damages that disks, copies and programs do.
fn hurt(bytes: &mut [u8], random: &mut Random) {
    let pages = bytes.len() / PAGE;
    let (page, other) = (random.below(pages), random.below(pages));
    let (from, to) = (page * PAGE, (page + 1) * PAGE);
    match random.below(7) {
        0 => bytes[from..to].fill(0),
        1 => bytes[from..to].iter_mut().for_each(|byte| *byte = random.byte()),
        2 => {
            for at in 0..PAGE {
                bytes.swap(from + at, other * PAGE + at);
            }
        }
        3 => bytes.copy_within(other * PAGE..(other + 1) * PAGE, from),
        4 => bytes[from + random.below(64)] ^= 1 << random.below(8),
        5 => bytes[from + random.below(PAGE)] ^= 1 << random.below(8),
        _ => {
            // A sector of an older write, or of another file.
            let sector = from + random.below(8) * 512;
            bytes[sector..sector + 512].fill(0xA5);
        }
    }
}

/// How many files are damaged of each sample.
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
fn pages_of_a_tree_of_four_levels() -> Result<()> {
    pages("pages_of_a_tree_of_four_levels", &Bed::new(samples::deep()?)?)
}

#[test]
fn pages_of_all_kinds() -> Result<()> {
    pages("pages_of_all_kinds", &Bed::new(samples::mixed()?)?)
}

#[test]
fn what_a_full_check_passes_can_be_written_to() -> Result<()> {
    let bed = Bed::new(samples::mixed()?)?;
    let tally = campaign::run::<2>("what_a_full_check_passes_can_be_written_to", 500, |case| {
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
