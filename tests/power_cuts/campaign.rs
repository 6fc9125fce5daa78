//! A campaign records histories of one kind, and cuts the power at many positions of each, in a child process that the
//! recorder is loaded into.
//!
//! `MAPLEAF_CUT_IMAGES` sets the number of images of all campaigns together, `MAPLEAF_CUT_SEED` the seed of the first
//! history.

use std::env;
use std::path::Path;
use std::str::FromStr;

use mapleaf::{Error, Result};
use nix::sys::statvfs::statvfs;

use super::cut::{Bench, Failure, Tally, places, shared};
use super::disk::replayed;
use super::promise::Promise;
use super::recording::Recording;
use super::scenario::{Before, Scenario};
use crate::common::damage::Random;
use crate::common::process;
use crate::common::shim::{Control, Shim};

const IMAGES: u64 = 2000;
/// The number of images of one history.
const CUTS: u64 = 24;
/// The same for histories with a fault: it occurs only if there are more histories.
const CUTS_OF_FAULTS: u64 = 12;
/// The space that a memory file system must have for all concurrent campaigns.
const ROOM: u64 = 1 << 30;

/// A kind of histories.
pub struct Family {
    /// The test that runs them, with its module.
    pub name: &'static str,
    /// The share of these histories' images, in thousandths.
    pub share: u64,
    /// Draws the history of a seed.
    pub draw: fn(u64, &mut Random) -> Scenario,
}

impl Family {
    pub fn scenario(&self, seed: u64) -> Scenario {
        (self.draw)(seed, &mut Random(seed ^ 0xFA_417))
    }
}

fn number<T: FromStr>(variable: &str, otherwise: T) -> T {
    env::var(variable).ok().and_then(|value| value.parse().ok()).unwrap_or(otherwise)
}

/// A directory in memory, where there is such a file system with enough space.
pub fn memory() -> Result<tempfile::TempDir> {
    let there = statvfs("/dev/shm").is_ok_and(|stat| stat.blocks_available() * stat.fragment_size() > ROOM);
    let made = if there { tempfile::tempdir_in("/dev/shm") } else { tempfile::tempdir() };
    made.or_else(|_| tempfile::tempdir()).map_err(Error::other)
}

/// Starts the test whose whole body this call is. In a child, runs a process of a history, or `body`, and returns
/// `None`. In the parent, returns the last line that the child sent.
pub fn apart(family: &Family, body: impl FnOnce(&Control, &Path) -> Result<String>) -> Result<Option<String>> {
    if let Some(arguments) = process::arguments() {
        if let [role, root, seed, which] = &arguments[..] {
            assert_eq!(role, "writer");
            let scenario = family.scenario(seed.parse().map_err(Error::other)?);
            scenario.run(Path::new(root), which.parse().map_err(Error::other)?, Before::Nothing)?;
            return Ok(None);
        }
        let root = Path::new(&arguments[0]);
        let told = body(&Control::of_this_process(root)?, root)?;
        process::tell(&format!("end {told}"));
        return Ok(None);
    }
    let (build, memory) = (tempfile::tempdir().map_err(Error::other)?, memory()?);
    let child = Shim::build(build.path())?.spawn(family.name, memory.path())?;
    let mut last = String::new();
    while let Some(line) = child.line() {
        last = line;
    }
    let told = last.strip_prefix("end ");
    assert!(told.is_some(), "the child did not come to its end; the last that it began was {last}");
    child.passes()?;
    Ok(told.map(str::to_owned))
}

/// Runs as many histories as the family's share of all images needs. In the parent, asserts that the tally `shows` what
/// the histories are about, if the number of images was at least the usual one.
pub fn campaign(family: &Family, shows: fn(&Tally) -> bool) -> Result<()> {
    let told = apart(family, |control, root| {
        let images = number("MAPLEAF_CUT_IMAGES", IMAGES) * family.share / 1000;
        let first: u64 = number("MAPLEAF_CUT_SEED", 7);
        let mut bench = Bench { control, root: root.join("image"), tally: Tally::default() };
        for seed in first.. {
            process::tell(&format!("the history of MAPLEAF_CUT_SEED={seed}"));
            history(family, seed, &mut bench, &root.join("run"))?;
            if bench.tally.images >= images {
                break;
            }
        }
        Ok(bench.tally.to_string())
    })?;
    let Some(told) = told else { return Ok(()) };
    println!("{}: {told}", family.name);
    // The tally of a shorter run is not checked.
    if number("MAPLEAF_CUT_IMAGES", IMAGES) >= IMAGES {
        let tally: Tally = told.parse().map_err(Error::other)?;
        assert!(shows(&tally), "{tally:?}");
    }
    Ok(())
}

/// Records one history and cuts it.
fn history(family: &Family, seed: u64, bench: &mut Bench<'_>, root: &Path) -> Result<()> {
    let scenario = family.scenario(seed);
    let recording = recorded(&scenario, bench.control, root, family.name)?;
    bench.tally.histories += 1;
    bench.tally.failed += recording.failed();
    let count = if scenario.fault.is_some() { CUTS_OF_FAULTS } else { CUTS };
    let places = places(&recording, count, &mut Random(seed ^ 0x9_1ACE));
    let promise = Promise::new(scenario.made_before, None);
    let cut = bench.cuts(&scenario, &recording, promise, &places, None);
    cut.map_err(|failure| failed(family, &scenario, &failure))
}

/// Records a history, and checks that nothing is missing in the recording.
pub fn recorded(scenario: &Scenario, control: &Control, root: &Path, name: &str) -> Result<Recording> {
    let recording = scenario.record(control, root, name)?;
    replayed(&recording, shared);
    Ok(recording)
}

/// Saves the failed image and describes what is wrong with it.
fn failed(family: &Family, scenario: &Scenario, failure: &Failure) -> Error {
    let kept = env::temp_dir().join(format!("mapleaf-power-cut-{}-{}", scenario.seed, failure.number));
    let laid = failure.image.lay(&kept);
    let Failure { fault, image, promise, event, number } = failure;
    eprintln!("image {number} of {scenario:?}, cut behind event {event}, with {:?} of what was not flushed", image.how);
    eprintln!("{promise:?}");
    eprintln!("the image is kept at {} ({laid:?})", kept.display());
    let test = family.name;
    eprintln!("run it again with MAPLEAF_CUT_SEED={} MAPLEAF_CUT_IMAGES=1 and --exact {test}", scenario.seed);
    Error::other(format!("{fault}"))
}
