//! The messages of programs up to a position of a recording, and what a power cut at that position must leave.
//!
//! Each thread does numbered operations, from 1, and reports when it begins one and when it was acknowledged.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;

use mapleaf::Durability;

use super::recording::Event;
use super::state::{Fault, Found};

/// A number of operations for each thread.
pub type Counts = BTreeMap<u32, u64>;

/// The word for a durability in messages.
pub fn word(durability: Durability) -> &'static str {
    match durability {
        Durability::Immediate => "immediate",
        Durability::Eventual => "eventual",
        _ => "process",
    }
}

/// The databases of the environment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Databases {
    #[default]
    Missing,
    Told,
    Kept,
}

/// Why the state as a whole is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Ground {
    /// Each commit flushes.
    #[default]
    Commits,
    /// A process writes that does not flush.
    Nothing,
    /// After that, everything was flushed, and nothing was written since.
    Flushed,
}

#[derive(Clone, Debug, Default)]
pub struct Promise {
    /// The environment must exist.
    pub made: bool,
    databases: Databases,
    ground: Ground,
    started: Counts,
    told: Counts,
    kept: Counts,
    /// The operations that were acknowledged when an operation began: if that one is there, so are these.
    before: HashMap<(u32, u64), Rc<Counts>>,
    /// The operations that were acknowledged when a thread began to flush.
    flushing: HashMap<u32, (Counts, Databases)>,
    /// Threads that have begun to flush, if nothing was written since.
    quiet: HashSet<u32>,
    /// Treats all durabilities as this one, to test that a false claim is found.
    claim: Option<Durability>,
}

fn raise(counts: &mut Counts, other: &Counts) {
    for (thread, count) in other {
        let kept = counts.entry(*thread).or_default();
        *kept = (*kept).max(*count);
    }
}

fn get(counts: &Counts, thread: u32) -> u64 {
    counts.get(&thread).copied().unwrap_or(0)
}

impl Promise {
    /// The promise at the beginning. `made` says whether there is an environment. All durabilities are treated as
    /// `claim`, if there is one.
    pub fn new(made: bool, claim: Option<Durability>) -> Self {
        Self { made, claim, ..Self::default() }
    }

    /// Updates the promise with an event.
    pub fn take(&mut self, event: &Event) {
        match event {
            Event::Said(said) => self.hear(said),
            Event::Written { .. } => {
                self.quiet.clear();
                if self.ground == Ground::Flushed {
                    self.ground = Ground::Nothing;
                }
            }
            _ => {}
        }
    }

    fn hear(&mut self, said: &str) {
        let words: Vec<&str> = said.split(' ').collect();
        let thread = || words[1].parse().expect("a thread");
        let number = || words[2].parse().expect("a number");
        let claim = self.claim.map(word);
        let durability = |at: usize| claim.unwrap_or(words[at]);
        match words[0] {
            "opened" if durability(1) == "process" => self.ground = Ground::Nothing,
            "opened" => self.made = true,
            "ready" => self.has(if durability(1) == "immediate" { Databases::Kept } else { Databases::Told }),
            "start" => {
                self.started.insert(thread(), number());
                self.before.insert((thread(), number()), Rc::new(self.told.clone()));
            }
            "done" => {
                self.told.insert(thread(), number());
                if durability(3) != "process" {
                    // It waited for everything that was written before.
                    self.ground = Ground::Commits;
                }
                if durability(3) == "immediate" {
                    self.kept.insert(thread(), number());
                    self.has(Databases::Kept);
                }
            }
            "flush" => {
                self.flushing.insert(thread(), (self.told.clone(), self.databases));
                self.quiet.insert(thread());
            }
            "flushed" => {
                let (told, databases) = self.flushing.remove(&thread()).expect("a flush that was begun");
                raise(&mut self.kept, &told);
                if databases == Databases::Told {
                    self.has(Databases::Kept);
                }
                // If a process that does not flush created the environment, nobody flushed its name.
                self.made |= self.ground == Ground::Commits;
                if self.quiet.remove(&thread()) && self.ground == Ground::Nothing {
                    self.ground = Ground::Flushed;
                }
            }
            "shown" => self.shown(&words[1..]),
            other => panic!("nobody says {other}"),
        }
    }

    /// An opening showed these operations; they must be kept.
    fn shown(&mut self, counts: &[&str]) {
        for count in counts {
            let (thread, count) = count.split_once(':').expect("thread and count");
            let (thread, count) = (thread.parse().expect("a thread"), count.parse().expect("a count"));
            raise(&mut self.kept, &[(thread, count)].into());
            // Later operations are lost, even if they were acknowledged, and begin again.
            self.told.insert(thread, count);
            self.started.insert(thread, count);
            if count > 0 {
                self.has(Databases::Kept);
            }
        }
    }

    fn has(&mut self, databases: Databases) {
        self.databases = self.databases.max(databases);
    }

    /// Whether there is no promise: a process that does not flush has created or written, and not everything was
    /// flushed since.
    pub fn is_void(&self) -> bool {
        self.ground == Ground::Nothing || (self.ground == Ground::Flushed && !self.made)
    }

    /// The threads that have begun an operation.
    pub fn threads(&self) -> impl Iterator<Item = u32> {
        self.started.keys().copied()
    }

    /// Checks that everything promised was found, without gaps.
    pub fn holds(&self, found: &Found) -> Result<(), Fault> {
        if !found.ready && self.databases == Databases::Kept {
            return Err(Fault::Lost("the databases".to_owned()));
        }
        for thread in self.started.keys().chain(found.counts.keys()) {
            let (there, kept, started) = (found.count(*thread), get(&self.kept, *thread), get(&self.started, *thread));
            if there < kept {
                return Err(Fault::Lost(format!("thread {thread} was told of {kept}, and {there} are there")));
            }
            if there > started {
                return Err(Fault::Wrong(format!("thread {thread} began {started}, and {there} are there")));
            }
        }
        for (thread, count) in &found.counts {
            let Some(before) = self.before.get(&(*thread, *count)) else { continue };
            if let Some((other, told)) = before.iter().find(|(other, told)| found.count(**other) < **told) {
                let why = format!("{count} of thread {thread} is there, and {told} of {other}, done before, is not");
                return Err(Fault::Lost(why));
            }
        }
        self.is_in_order(&found.order)
    }

    /// Checks that no transaction comes before one that was acknowledged when it began.
    fn is_in_order(&self, order: &[(u32, u64)]) -> Result<(), Fault> {
        // For each thread, the first transaction after the position.
        let mut behind = Counts::new();
        for (thread, number) in order.iter().rev() {
            let before = self.before.get(&(*thread, *number));
            let told = before.iter().flat_map(|before| before.iter());
            for (other, told) in told {
                if let Some(late) = behind.get(other).filter(|late| *late <= told) {
                    let why = format!("{number} of thread {thread} comes before {late} of {other}, which was done");
                    return Err(Fault::Wrong(why));
                }
            }
            behind.insert(*thread, *number);
        }
        Ok(())
    }
}
