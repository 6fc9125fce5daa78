//! Draws power cuts from a recording. What is left is written to disk, opened, compared with the promise, and used.

use std::fmt;
use std::fs;
use std::num::ParseIntError;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use mapleaf::{Durability, Env, ErrorKind, OpenMode, Verify};

use super::disk::{Disk, LeftOut, METAS, PAGE, replayed};
use super::image::{How, Image};
use super::promise::{Promise, word};
use super::recording::{Event, Recording, record};
use super::scenario::Scenario;
use super::state::{Fault, Found, found};
use super::work::{AFTERWARDS, Told, Work};
use crate::common::damage::Random;
use crate::common::process;
use crate::common::shim::Control;

/// One image in this many is opened under a recorder, and the power is cut again.
const SECOND_CUTS: usize = 8;
/// The bytes of `mapleaf.lock` that are written through a map.
const WORDS: std::ops::Range<usize> = 64..128;

/// Counts of the outcomes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub histories: u64,
    /// Failed flushes in the histories.
    pub failed: u64,
    pub images: u64,
    /// Images from a second cut, during the opening of an image.
    pub second: u64,
    /// Images without any promise, because `Process` was not flushed.
    pub unpromised: u64,
    /// Images without a promise that are damaged or absent.
    pub refused: u64,
    /// Images in which nothing was created yet.
    pub empty: u64,
    /// Images that cannot be opened, because the first commit wrote pages before the meta pages were on the disk.
    pub torn: u64,
    /// Images that hold all that was promised, and are not empty.
    pub kept: u64,
}

impl Tally {
    fn fields(&mut self) -> [(&'static str, &mut u64); 9] {
        [
            ("histories", &mut self.histories),
            ("failed", &mut self.failed),
            ("images", &mut self.images),
            ("second", &mut self.second),
            ("unpromised", &mut self.unpromised),
            ("refused", &mut self.refused),
            ("empty", &mut self.empty),
            ("torn", &mut self.torn),
            ("kept", &mut self.kept),
        ]
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut tally = *self;
        tally.fields().into_iter().try_for_each(|(name, count)| write!(f, "{name} {count} "))
    }
}

impl FromStr for Tally {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        let (mut tally, mut words) = (Self::default(), text.split_whitespace().skip(1).step_by(2));
        for (_, count) in tally.fields() {
            *count = words.next().unwrap_or_default().parse()?;
        }
        Ok(tally)
    }
}

/// How images are checked, and where.
pub struct Bench<'a> {
    pub control: &'a Control,
    /// The directory for images.
    pub root: PathBuf,
    pub tally: Tally,
}

/// An image that breaks a promise.
#[derive(Debug)]
pub struct Failure {
    pub fault: Fault,
    pub image: Image,
    pub promise: Promise,
    /// The event before the cut, and the number of the image in the history.
    pub event: usize,
    pub number: u64,
}

/// What a cut leaves: a promise, or none.
struct Left<'a> {
    scenario: &'a Scenario,
    durability: Durability,
    promise: Option<&'a Promise>,
    full: bool,
}

/// Whether a name must be kept: not lock files, nor the file with the programs' messages.
fn matters(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    name != "lock.mdb" && name != "mapleaf.lock" && path.extension().is_none_or(|extension| extension != "ack")
}

/// The bytes of a file that are written through maps and therefore not logged.
pub fn shared(path: &Path) -> Option<std::ops::Range<usize>> {
    match path.file_name().and_then(|name| name.to_str()) {
        Some("lock.mdb") => Some(0..usize::MAX),
        Some("mapleaf.lock") => Some(WORDS),
        _ => None,
    }
}

impl Bench<'_> {
    /// Cuts the power after each of these numbers of events.
    pub fn cuts(
        &mut self,
        scenario: &Scenario,
        recording: &Recording,
        promise: Promise,
        places: &[usize],
        left_out: Option<LeftOut>,
    ) -> Result<(), Box<Failure>> {
        let mut random = Random(scenario.seed ^ 0xC075);
        let mut disk = Disk::new(&recording.before, left_out);
        let (mut promise, mut at) = (promise, 0);
        for (number, place) in (0..).zip(places) {
            for event in &recording.events[at..*place] {
                disk.apply(event, &mut random);
                promise.take(event);
            }
            at = *place;
            process::tell(&format!("image {number} of MAPLEAF_CUT_SEED={}", scenario.seed));
            let mut random = Random(scenario.seed << 16 ^ number);
            let lock = recording.left(&lmdb_lock(scenario));
            let mut image = drawn(&disk, scenario, lock, &mut random);
            if let Err(fault) = self.cut(scenario, &disk, &promise, &mut image, &mut random) {
                return Err(Box::new(Failure { fault, image, promise, event: at, number }));
            }
        }
        Ok(())
    }

    /// Checks what a cut left of the disk. In some cases the power is cut again during that, and what is left then is
    /// checked, too, as `image` from then on.
    fn cut(
        &mut self,
        scenario: &Scenario,
        disk: &Disk,
        promise: &Promise,
        image: &mut Image,
        random: &mut Random,
    ) -> Result<(), Fault> {
        image.lay(&self.root).expect("there is room for an image");
        let durability = random.pick(&scenario.durabilities());
        let is_promised = !promise.is_void() || disk.is_settled(matters);
        let left = Left {
            scenario,
            durability,
            promise: is_promised.then_some(promise),
            full: is_promised || random.below(2) == 0,
        };
        self.tally.images += 1;
        if is_promised && durability != Durability::Process && random.below(SECOND_CUTS) == 0 {
            return self.second(&left, promise, image, random);
        }
        left.look(&self.root, &mut self.tally)
    }

    /// Opens the image under the recorder, and cuts the power during that.
    fn second(
        &mut self,
        left: &Left<'_>,
        promise: &Promise,
        image: &mut Image,
        random: &mut Random,
    ) -> Result<(), Fault> {
        let (root, tally) = (&self.root, &mut self.tally);
        let (outcome, recording) = record(self.control, root, 0, None, || Ok(left.look(root, tally)))?;
        outcome?;
        replayed(&recording, shared);
        let mut promise = promise.clone();
        let mut disk = Disk::new(&recording.before, None);
        let cut = place(&recording.events, random);
        for event in &recording.events[..cut] {
            disk.apply(event, random);
            promise.take(event);
        }
        let lock = recording.left(&lmdb_lock(left.scenario));
        *image = drawn(&disk, left.scenario, lock, random);
        image.lay(&self.root).expect("there is room for an image");
        self.tally.images += 1;
        self.tally.second += 1;
        let again = Left { promise: Some(&promise), full: random.below(2) == 0, ..*left };
        again.look(&self.root, &mut self.tally)
    }
}

/// LMDB's lock file in the recorded directory.
fn lmdb_lock(scenario: &Scenario) -> PathBuf {
    Path::new(scenario.path).join("lock.mdb")
}

/// Draws what may be left of a disk after the machine restarts.
fn drawn(disk: &Disk, scenario: &Scenario, lock: Option<&[u8]>, random: &mut Random) -> Image {
    let how = How::draw(random, disk.unflushed());
    let mut image = Image::draw(disk, how, random);
    restart(&mut image, scenario, lock, random);
    image
}

impl Left<'_> {
    /// Opens what is left in `root`, compares it with the promise, and uses it.
    fn look(&self, root: &Path, tally: &mut Tally) -> Result<(), Fault> {
        let Some(promise) = self.promise else {
            tally.unpromised += 1;
            tally.refused += u64::from(self.read(root).is_err());
            return Ok(());
        };
        let told = Told::at(&root.join("look.ack"))?;
        let (seed, path) = (self.scenario.seed, self.scenario.at(root));
        let is_there = fs::metadata(path.join("data.mdb")).is_ok_and(|metadata| metadata.len() > 0);
        tally.empty += u64::from(!is_there);
        // Longer than two meta pages.
        let is_longer = fs::metadata(path.join("data.mdb")).is_ok_and(|metadata| metadata.len() > 8192);
        let mut options = Scenario::options();
        if promise.made {
            options = options.mode(OpenMode::MustExist);
        }
        if self.full {
            options = options.verify(Verify::Full);
        }
        let env = match options.durability(self.durability).open(&path) {
            Ok(env) => env,
            // The creation was not acknowledged, and the first commit wrote pages before the meta pages were on the
            // disk.
            Err(error) if error.kind() == ErrorKind::Corrupted && !promise.made && is_longer => {
                tally.torn += 1;
                return Ok(());
            }
            Err(error) if error.kind() == ErrorKind::NotFound => return Err(Fault::Lost(format!("{error:?}"))),
            Err(error) => return Err(error.into()),
        };
        told.say(&format!("opened {}", word(self.durability)))?;
        let shown = found(&env, seed)?;
        let holds: Vec<_> = shown.iter().map(|found| promise.holds(found)).collect();
        let Some(at) = holds.iter().position(Result::is_ok) else {
            return holds.into_iter().next().unwrap_or(Ok(()));
        };
        tally.kept += u64::from(!shown[at].counts.is_empty());
        let counts: Vec<String> =
            promise.threads().map(|thread| format!("{thread}:{}", shown[at].count(thread))).collect();
        if !counts.is_empty() {
            told.say(&format!("shown {}", counts.join(" ")))?;
        }
        self.use_it(env, &told, &shown[at])
    }

    /// Commits one more transaction, and checks that everything is sound.
    fn use_it(&self, env: Env, told: &Told, before: &Found) -> Result<(), Fault> {
        let seed = self.scenario.seed;
        let work = Work::of(env, seed, self.durability, told)?;
        told.say(&format!("ready {}", word(self.durability)))?;
        let number = before.count(AFTERWARDS) + 1;
        work.afterwards(number)?;
        let after = found(&work.env, seed)?;
        let mut expected = before.counts.clone();
        expected.insert(AFTERWARDS, number);
        if !after.iter().any(|after| after.counts == expected) {
            return Err(Fault::Wrong(format!("one more than {:?} is {after:?}", before.counts)));
        }
        let report = work.env.verify()?;
        if !report.is_clean() {
            return Err(Fault::Wrong(format!("after one more transaction: {:?}", report.faults)));
        }
        Ok(work.env.close()?)
    }

    /// Without a promise: the image may be damaged, but every read is an error or data.
    fn read(&self, root: &Path) -> Result<(), Fault> {
        let options = Scenario::options().durability(self.durability).mode(OpenMode::MustExist);
        let options = if self.full { options.verify(Verify::Full) } else { options };
        let env = options.open(self.scenario.at(root))?;
        found(&env, self.scenario.seed).map(drop)
    }
}

/// Positions to cut the power at, in order.
pub fn places(recording: &Recording, count: u64, random: &mut Random) -> Vec<usize> {
    let mut places: Vec<usize> = (0..count).map(|_| place(&recording.events, random)).collect();
    places.sort_unstable();
    places
}

/// A position to cut the power at: anywhere, or directly after an acknowledgement, a write of a meta page or a flush.
fn place(events: &[Event], random: &mut Random) -> usize {
    let at = random.below(events.len() + 1);
    let kind = random.below(6);
    let is_wanted = |event: &Event| match event {
        Event::Said(said) if kind < 2 => said.starts_with("done"),
        Event::Said(said) if kind == 2 => said.starts_with("flushed") || said.starts_with("shown"),
        Event::Written { at, .. } if kind == 3 => *at < METAS * PAGE,
        Event::Renamed { .. } => kind == 3,
        Event::Flushed { .. } | Event::Flushing { .. } if kind == 4 => true,
        _ => kind == 5,
    };
    let behind = events[at..].iter().position(is_wanted);
    behind.map_or(events.len(), |behind| at + behind + 1)
}

/// Applies a restart of the machine to an image: lock files hold anything, LMDB's also its final content `lock`, and
/// the machine has a new boot id.
fn restart(image: &mut Image, scenario: &Scenario, lock: Option<&[u8]>, random: &mut Random) {
    let directory = Path::new(scenario.path);
    let there = image.directories.iter().any(|path| path == directory);
    image.files.retain(|path, _| path.extension().is_none_or(|extension| extension != "ack"));
    if let Some(lock) = image.files.get_mut(&directory.join("mapleaf.lock")) {
        another_boot(lock);
        disturb_words(lock, random);
    }
    let lmdb = lmdb_lock(scenario);
    image.files.remove(&lmdb);
    let length = random.pick(&[0, 1, 63, 128, 1088, 1152, 8192]);
    let left = match random.below(6) {
        0 => Some(vec![0; length]),
        1 => Some((0..length).map(|_| random.byte()).collect()),
        2 | 3 => lock.map(<[u8]>::to_vec),
        _ => None,
    };
    if let Some(left) = left.filter(|_| there) {
        image.files.insert(lmdb, left);
    }
}

/// Replaces the boot id.
fn another_boot(lock: &mut [u8]) {
    let Ok(boot) = fs::read("/proc/sys/kernel/random/boot_id") else { return };
    let boot = boot.trim_ascii();
    if let Some(at) = lock.windows(boot.len()).position(|window| window == boot) {
        lock[at] = if lock[at] == b'0' { b'1' } else { b'0' };
    }
}

/// Sets the words to any ids: of no process, of this one, of another, or impossible ones.
fn disturb_words(lock: &mut [u8], random: &mut Random) {
    if lock.len() < WORDS.end || random.below(4) == 0 {
        return;
    }
    // The words of waiting processes are rarely set, because each opening waits for them until its time limit.
    let end = if random.below(32) == 0 { WORDS.end } else { WORDS.start + 8 };
    for word in lock[WORDS.start..end].chunks_exact_mut(4) {
        let any = u32::try_from(random.below(1 << 32)).unwrap_or(0);
        let value = random.pick(&[0, 1, std::process::id(), std::os::unix::process::parent_id(), u32::MAX, any]);
        word.copy_from_slice(&value.to_ne_bytes());
    }
}
