//! Realistic damage: flipped bits, and whole pages that are lost, misplaced or overwritten.

use super::atlas::{Atlas, Kind, nodes, u16_at};
use crate::common::damage::{PAGE, Random};

/// The offset of a byte to damage: more often in branch pages than their share, and in headers, slots and node headers.
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

/// Flips a bit; sometimes several, near one another or anywhere.
pub fn flip(bytes: &mut [u8], atlas: &Atlas, random: &mut Random) {
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

/// Damages the file in one of the ways of disks, copies and programs.
pub fn hurt(bytes: &mut [u8], random: &mut Random) {
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
