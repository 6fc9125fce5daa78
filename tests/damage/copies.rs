//! A damaged file is copied and the copy reads the same, or the copy fails and leaves nothing. A file that passes a
//! full check is always copied, and its copies pass it, too.

use std::fs;
use std::path::Path;

use crate::common::damage::{Random, options};
use crate::damaged::examine::Bed;
use crate::damaged::harm::{flip, hurt};
use crate::damaged::samples::{Content, NAMES, raw};
use crate::damaged::{campaign, samples};
use mapleaf::{Compact, Env, Error, ErrorKind, Result, Verify};

/// The number of damaged files for each sample.
const CASES: u64 = 1500;

/// The readable content of every database; unreadable ones are left out.
fn content(env: &Env) -> Result<Content> {
    let snap = env.snapshot()?;
    Ok(NAMES.into_iter().filter_map(|name| Some((name, raw(&snap, env, name).ok()?))).collect())
}

/// Copies the environment, whose readable content is `held`. Returns whether there is a copy; a `clean` one must have
/// one.
fn copy(env: &Env, path: &Path, compact: Compact, (clean, held): (bool, &Content)) -> Result<bool> {
    let length = fs::metadata(env.path().join("data.mdb")).map_err(Error::other)?.len();
    if let Err(error) = env.copy_to(path, compact) {
        assert_eq!((error.kind(), error.operation()), (ErrorKind::Corrupted, Some("copy_to")), "{error:?}");
        assert!(!clean, "{compact:?} of a file without faults: {error:?}");
        assert_eq!(fs::read_dir(path).map_or(0, Iterator::count), 0, "a copy that failed leaves nothing");
        return Ok(false);
    }
    let copied = fs::metadata(path.join("data.mdb")).map_err(Error::other)?.len();
    assert!(copied <= length + (1 << 20), "{copied} bytes out of {length}");
    let verify = if clean { Verify::Full } else { Verify::Meta };
    match options().verify(verify).open(path) {
        Ok(copy) => assert!(content(&copy)? == *held, "{compact:?} holds something else"),
        // Opening the shorter copy reads pages that opening the original did not.
        Err(error) => assert!(!clean && error.kind() == ErrorKind::Corrupted, "{compact:?}: {error:?}"),
    }
    fs::remove_dir_all(path).map_err(Error::other)?;
    Ok(true)
}

fn copies(name: &'static str, bed: &Bed) -> Result<()> {
    let tally = campaign::run::<4>(name, CASES, |case| {
        let mut random = Random(case << 32);
        let mut damaged = bed.sample.bytes.clone();
        if random.below(3) == 0 {
            hurt(&mut damaged, &mut random);
        } else {
            flip(&mut damaged, &bed.sample.atlas, &mut random);
        }
        let path = bed.lay(&damaged)?;
        let Ok(env) = options().read_only(random.below(2) == 0).open(&path) else { return Ok(0) };
        let clean = env.verify().is_ok_and(|report| report.is_clean());
        let held = content(&env)?;
        let plain = copy(&env, &path.join("plain"), Compact::No, (clean, &held))?;
        let compact = copy(&env, &path.join("compact"), Compact::Yes, (clean, &held))?;
        if !compact && env.path().join("mapleaf.lock").exists() {
            let error = env.compact().map_err(|error| error.kind());
            assert!(matches!(error, Err(ErrorKind::Corrupted | ErrorKind::ReadOnly)), "{error:?}");
            assert!(fs::read(path.join("data.mdb")).map_err(Error::other)? == damaged, "the file is as it was");
        }
        Ok(if clean {
            1
        } else if plain || compact {
            2
        } else {
            3
        })
    })?;
    if let Some([refused, whole, copied, not]) = tally {
        println!("{refused} refused, {whole} whole, {copied} copied with their faults, {not} not copied");
        assert!(whole > CASES / 10 && copied + not > CASES / 10, "{tally:?}");
    }
    Ok(())
}

#[test]
fn copies_of_a_damaged_deep_tree_read_the_same_or_fail() -> Result<()> {
    copies("copies_of_a_damaged_deep_tree_read_the_same_or_fail", &Bed::new(samples::deep()?)?)
}

#[test]
fn copies_of_damaged_pages_of_all_kinds_read_the_same_or_fail() -> Result<()> {
    copies("copies_of_damaged_pages_of_all_kinds_read_the_same_or_fail", &Bed::new(samples::mixed()?)?)
}
