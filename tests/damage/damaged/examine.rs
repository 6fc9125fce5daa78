//! Reads one damaged file in every way, and checks the laws of the results.
//!
//! 1. Opening and every method give data or a typed error. Reading ends, returns no more than the pages can hold, and does
//!    not change the file.
//! 2. A database whose own pages and the pages that lead to it are undamaged reads as it was written, entry by entry.
//! 3. If a full check finds nothing wrong, every database has as many entries as in a committed state, at most as many of
//!    them differ as there are damaged bytes, and all methods agree with the scan.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use mapleaf::{Env, Error, Key, Msgpack, Result, Snapshot, Value, Verify};
use tempfile::TempDir;

use super::atlas::Kind;
use super::drive::{Drive, Known, Probe};
use super::samples::{Content, NAMES, Sample, raw};
use super::{drive, pairs};
use crate::common::damage::{PAGE, Random, options, typed};

/// The outcome for a damaged file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Opening returns an error.
    Refused,
    /// A full check finds the damage.
    Found,
    /// A full check finds nothing, but a read returns different bytes than were written, or an error.
    Silent,
    /// It reads as it was written.
    Harmless,
}

/// The number of outcomes.
pub const OUTCOMES: usize = 4;

/// How thoroughly a file is read.
#[derive(Clone)]
pub struct Look {
    pub verify: Verify,
    pub read_only: bool,
    /// The number of methods that are called for each database.
    pub verbs: usize,
    pub random: Random,
}

impl Look {
    /// Opens with a random check and calls some methods.
    pub fn some(mut random: Random) -> Self {
        let verify = random.pick(&[Verify::Meta, Verify::Meta, Verify::Fast, Verify::Full]);
        Self { verify, read_only: random.below(2) == 0, verbs: 3, random }
    }

    /// Opens without a check and calls all methods.
    pub fn all(random: Random) -> Self {
        Self { verify: Verify::Meta, read_only: false, verbs: drive::VERBS, random }
    }
}

/// A directory for damaged copies of a sample.
pub struct Bed {
    pub sample: Sample,
    dir: TempDir,
}

impl Bed {
    pub fn new(sample: Sample) -> Result<Self> {
        // In memory where there is such a file system: these tests do not depend on the disk.
        let memory = Path::new("/dev/shm");
        let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        let dir = made.or_else(|_| tempfile::tempdir()).map_err(Error::other)?;
        Ok(Self { sample, dir })
    }

    pub fn path(&self) -> PathBuf {
        self.dir.path().join("env")
    }

    /// Writes `bytes` as a new environment.
    pub fn lay(&self, bytes: &[u8]) -> Result<PathBuf> {
        let path = self.path();
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).and_then(|()| fs::write(path.join("data.mdb"), bytes)).map_err(Error::other)?;
        Ok(path)
    }

    /// Opens `bytes`, reads them as `look` says, and checks the laws.
    pub fn examine(&self, bytes: &[u8], look: Look) -> Result<Outcome> {
        let path = self.lay(bytes)?;
        let hit = self.hit(bytes);
        let outcome = match options().verify(look.verify).read_only(look.read_only).open(&path) {
            Err(error) => {
                typed(&error);
                assert!(!hit.is_empty(), "a healthy file is refused: {error:?}");
                Outcome::Refused
            }
            Ok(env) => self.read(&env, &hit, look),
        };
        assert!(fs::read(path.join("data.mdb")).map_err(Error::other)? == bytes, "reading changed the file");
        Ok(outcome)
    }

    /// The offsets at which the file differs from the sample; missing bytes count as different.
    fn hit(&self, bytes: &[u8]) -> BTreeSet<usize> {
        let differ = |at: &usize| bytes.get(*at) != self.sample.bytes.get(*at);
        let pages = self.sample.bytes.chunks(PAGE).enumerate();
        let hit = pages.filter(|(page, whole)| bytes.get(page * PAGE..page * PAGE + whole.len()) != Some(*whole));
        hit.flat_map(|(page, whole)| page * PAGE..page * PAGE + whole.len()).filter(differ).collect()
    }

    fn read(&self, env: &Env, hit: &BTreeSet<usize>, look: Look) -> Outcome {
        let clean = env.verify().map_err(|error| typed(&error)).is_ok_and(|report| report.is_clean());
        assert!(clean || look.verify != Verify::Full, "it was checked in full when it was opened");
        let Ok(snap) = env.snapshot().map_err(|error| typed(&error)) else { return Outcome::Found };
        let states = [env.dbis().map(drop), env.info().map(drop), env.readers().map(drop), snap.lag().map(drop)];
        for outcome in states {
            if let Err(error) = outcome {
                typed(&error);
            }
        }
        let mut found = Content::new();
        for name in NAMES.into_iter().filter(|name| self.sample.content.contains_key(name)) {
            let spared = self.sample.atlas.spares(name, hit);
            self.drive(env, &snap, name, (clean || spared, &look));
            match raw(&snap, env, name) {
                Ok(entries) => {
                    assert!(entries.len() <= self.most(), "{name}: more entries than there can be");
                    assert!(!spared || entries == self.sample.content[name], "{name} was not hit, and reads otherwise");
                    found.insert(name, entries);
                }
                Err(error) => {
                    typed(&error);
                    assert!(!spared, "{name} was not hit: {error:?}");
                }
            }
        }
        if !clean {
            return Outcome::Found;
        }
        let now = differences(&found, &self.sample.content);
        // A damaged meta page may lead to the state before the last commit.
        let meta = hit.iter().any(|at| self.sample.atlas.kind(at / PAGE) == Kind::Meta);
        let before = differences(&found, &self.sample.before).filter(|_| meta);
        let fewest = [now, before].into_iter().flatten().min();
        let fewest = fewest.unwrap_or_else(|| panic!("passed as whole, with another number of entries: {hit:?}"));
        assert!(fewest <= hit.len(), "passed as whole, and {fewest} entries differ: {hit:?}");
        let all = found.len() == self.sample.content.len();
        if fewest == 0 && all { Outcome::Harmless } else { Outcome::Silent }
    }

    /// The greatest number of entries that all pages of the file could hold: a slot takes two bytes.
    fn most(&self) -> usize {
        self.sample.atlas.count() * (PAGE - 16) / 2
    }

    fn drive(&self, env: &Env, snap: &Snapshot, name: &str, (whole, look): (bool, &Look)) {
        match name {
            "deep" | "large" => self.typed::<&str, &[u8]>(env, snap, name, (whole, look)),
            "small" => self.typed::<u32, &[u8]>(env, snap, name, (whole, look)),
            "lists" => self.typed::<u32, Msgpack<Vec<u32>>>(env, snap, name, (whole, look)),
            _ => match env.dbi_options().create(false).open_multi::<u16, u32>(name) {
                Ok(set) => pairs::run(&set, snap, whole, self.most()),
                Err(error) => typed(&error),
            },
        }
    }

    fn typed<K: Probe, V: Known>(&self, env: &Env, snap: &Snapshot, name: &str, (whole, look): (bool, &Look))
    where
        for<'t> <V as Value>::Ref<'t>: std::fmt::Debug,
    {
        let dbi = match env.dbi_options().create(false).open::<K, V>(name) {
            Ok(dbi) => dbi,
            Err(error) => return typed(&error),
        };
        // All existing keys, and keys around them.
        let stored = self.sample.content[name].iter().chain(&self.sample.before[name]);
        let keys = stored.filter_map(|(key, _)| <K as Key>::decode(key).ok().map(K::own));
        let keys: Vec<K::Owned> = keys.step_by(3).collect();
        Drive::run(&dbi, snap, &keys, (whole, self.most()), (look.verbs, look.random.clone()));
    }
}

/// The number of differing entries, if all databases have equally many; otherwise `None`.
fn differences(found: &Content, expected: &Content) -> Option<usize> {
    let differ = |(name, entries): (&&str, &Vec<_>)| {
        let expected = &expected[name];
        let pairs = entries.iter().zip(expected);
        (entries.len() == expected.len()).then(|| pairs.filter(|(found, expected)| found != expected).count())
    };
    found.iter().map(differ).sum()
}
