//! What is no database of ours is told apart before anything is mapped: no bytes, zeros, noise, other versions.

#[path = "common/damage.rs"]
mod damage;
#[path = "common/errors.rs"]
mod errors;
#[path = "common/process.rs"]
mod process;

use std::fs;
use std::path::Path;

use damage::{Outcome, PAGE, Random, examine, sample};
use errors::{directory, io, refused_with};
use mapleaf::{Env, ErrorKind, Result, Verify};

fn refused_as(path: &Path, bytes: &[u8], kind: ErrorKind, words: &[&str]) -> Result<()> {
    io(fs::write(path.join("data.mdb"), bytes))?;
    refused_with(Env::open(path), kind, words);
    refused_with(Env::options().read_only(true).open(path), kind, words);
    assert_eq!(io(fs::read(path.join("data.mdb")))?, bytes, "nothing is written to it");
    Ok(())
}

#[test]
fn zeros_noise_and_text() -> Result<()> {
    let dir = directory()?;
    let mut random = Random(1);
    let noise: Vec<u8> = (0..3 * PAGE).map(|_| u8::try_from(random.below(256)).unwrap_or(0)).collect();
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
    let (bytes, _) = sample()?;
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
fn every_bit_of_the_metas() -> Result<()> {
    process::apart("every_bit_of_the_metas", || {
        let dir = directory()?;
        let (bytes, content) = sample()?;
        let (mut refused, mut other) = (0, 0);
        // One bit of each byte and more of those that lead somewhere.
        for at in (0..152).flat_map(|at| [at, PAGE + at]) {
            let bits: &[u8] = if at % PAGE >= 80 { &[0, 3, 6, 7] } else { &[1] };
            for bit in bits {
                let mut damaged = bytes.clone();
                damaged[at] ^= 1 << bit;
                match examine(&dir.path().join("env"), &damaged, Verify::Meta)? {
                    Outcome::Refused | Outcome::Found => refused += 1,
                    // The older of the two states is a right one too.
                    Outcome::Read(found) => other += u32::from(found != content),
                }
            }
        }
        assert!(refused > 100, "{refused} refused, {other} read otherwise");
        Ok(())
    })
}
