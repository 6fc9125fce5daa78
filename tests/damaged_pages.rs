//! Pages that are zeroed, random, swapped, repeated or hit by single bits: right data or a typed error, never a signal,
//! a panic or a hang; and nothing that a full check passes hurts a writer.

#[path = "common/damage.rs"]
mod damage;
#[path = "common/process.rs"]
mod process;

use std::fs;

use damage::{Outcome, PAGE, Random, examine, options, sample};
use mapleaf::{Dbi, Error, Result, Verify};

/// Does one of the damages that disks, copies and programs do.
fn hurt(bytes: &mut [u8], random: &mut Random) -> String {
    let pages = bytes.len() / PAGE;
    let page = random.below(pages);
    let other = random.below(pages);
    let (from, to) = (page * PAGE, (page + 1) * PAGE);
    match random.below(7) {
        0 => bytes[from..to].fill(0),
        1 => bytes[from..to].iter_mut().for_each(|byte| *byte = u8::try_from(random.below(256)).unwrap_or(0)),
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
    format!("page {page}, {other}")
}

#[test]
fn right_data_or_a_typed_error() -> Result<()> {
    process::apart("right_data_or_a_typed_error", || {
        let dir = tempfile::tempdir().map_err(Error::other)?;
        let (bytes, content) = sample()?;
        let (mut seen, mut same) = (0, 0);
        for seed in 0..800_u64 {
            let mut damaged = bytes.clone();
            let what = hurt(&mut damaged, &mut Random(seed << 32));
            println!("seed {seed}: {what}");
            match examine(&dir.path().join("env"), &damaged, Verify::Meta)? {
                Outcome::Refused | Outcome::Found => seen += 1,
                Outcome::Read(found) => same += u32::from(found == content),
            }
        }
        assert!(seen > 200 && same > 50, "{seen} seen, {same} harmless");
        Ok(())
    })
}

#[test]
fn what_a_full_check_passes_can_be_written_to() -> Result<()> {
    process::apart("what_a_full_check_passes_can_be_written_to", || {
        let dir = tempfile::tempdir().map_err(Error::other)?;
        let (bytes, _) = sample()?;
        let path = dir.path().join("env");
        let (mut refused, mut written) = (0, 0);
        for seed in 0..400_u64 {
            let mut damaged = bytes.clone();
            let what = hurt(&mut damaged, &mut Random(seed << 32 | 1));
            println!("seed {seed}: {what}");
            if examine(&path, &damaged, Verify::Full)? == Outcome::Refused {
                refused += 1;
                continue;
            }
            fs::create_dir(&path).and_then(|()| fs::write(path.join("data.mdb"), &damaged)).map_err(Error::other)?;
            let env = options().verify(Verify::Full).open(&path)?;
            if let Ok(small) = env.dbi::<u32, &[u8]>("small") {
                let small: Dbi<u32, &[u8]> = small;
                env.transact(|txn| {
                    (0..500).try_for_each(|n| small.put(txn, n * 13 % 2000, b"new"))?;
                    small.delete_range(txn, 900..1500).map(drop)
                })?;
                let report = env.verify()?;
                assert!(report.is_clean(), "{:?}", report.faults);
                written += 1;
            }
            drop(env);
            fs::remove_dir_all(&path).map_err(Error::other)?;
        }
        assert!(refused > 100 && written > 30, "{refused} refused, {written} written to");
        Ok(())
    })
}
