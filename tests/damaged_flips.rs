//! Bits that flip anywhere behind the metas: right data or a typed error, never a signal, a panic or a hang; what a full
//! check passes reads as it was written but for the bytes that were hit.

mod damaged;

use damaged::atlas::{Atlas, Kind, nodes, u16_at};
use damaged::damage::{PAGE, Random};
use damaged::examine::{Bed, Look, OUTCOMES, Outcome};
use damaged::{campaign, samples};
use mapleaf::Result;

/// How many files are damaged of each sample.
const CASES: u64 = 10_000;

/// A byte of the file: of a branch page more often than those are, and of headers, slots and nodes' headers.
fn aim(bytes: &[u8], atlas: &Atlas, random: &mut Random) -> usize {
    let page = match random.below(8) {
        0..3 => random.pick(&atlas.pages_of(Kind::Branch)),
        3..7 => random.pick(&[atlas.pages_of(Kind::Leaf), atlas.pages_of(Kind::Large)].concat()),
        _ => 2 + random.below(atlas.count() - 2),
    };
    let nodes = if matches!(atlas.kind(page), Kind::Branch | Kind::Leaf) { nodes(bytes, page) } else { Vec::new() };
    let lower = usize::from(u16_at(bytes, page * PAGE + 12));
    match random.below(20) {
        0..6 => page * PAGE + random.below(16),
        6..11 if !nodes.is_empty() => page * PAGE + 16 + random.below(lower - 16),
        11..16 if !nodes.is_empty() => random.pick(&nodes) + random.below(8),
        _ => page * PAGE + random.below(PAGE),
    }
}

fn flip(bytes: &mut [u8], atlas: &Atlas, random: &mut Random) {
    let at = aim(bytes, atlas, random);
    let (flips, spread) = match random.below(8) {
        0 => (2 + random.below(7), 16),
        1 => (2 + random.below(3), bytes.len()),
        _ => (1, 1),
    };
    for _ in 0..flips {
        let beside = 2 * PAGE + (at - 2 * PAGE + random.below(spread)) % (bytes.len() - 2 * PAGE);
        bytes[beside] ^= 1 << random.below(8);
    }
}

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
