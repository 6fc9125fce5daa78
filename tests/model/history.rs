//! The concurrent operations and reads of threads, and a search for one order of them that explains every result.
//!
//! A closure knows the number of its transaction; a batch does not. Where no closure has the next number, the search
//! tries the batch of each thread. The states that closures and snapshots saw soon show which one it was.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::{BuildHasher, RandomState};

use mapleaf::Expect;

use crate::actions::{Action, Answer, Changes, End};
use crate::batches::{Failed, failed};
use crate::world::World;

/// The whole content of a state: the model's databases, and the last mark of each thread.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Seen {
    pub world: World,
    pub marks: BTreeMap<u64, u64>,
}

/// An operation of a thread.
#[derive(Debug)]
pub enum Event {
    /// A closure that ran on the state before `id`. With a mark, its changes are kept if it ends well; without one, it
    /// changes nothing.
    Closure { id: u64, saw: Seen, mark: Option<u64>, actions: Vec<Action>, end: End, answers: Vec<Answer> },
    /// A batch, and the failed conditions that were reported for it.
    Batch { mark: u64, changes: Changes<Expect<u16>>, told: Vec<Failed> },
    /// A database that was cleared by its name.
    Cleared(usize),
}

/// An event, with the newest states that were seen before it began and after it ended.
#[derive(Debug)]
pub struct Noted {
    pub thread: u64,
    pub after: u64,
    pub by: u64,
    pub event: Event,
}

impl Noted {
    /// The transaction number of a closure whose changes were kept.
    fn kept(&self) -> Option<u64> {
        match &self.event {
            Event::Closure { id, mark: Some(_), end: End::Keep, .. } => Some(*id),
            _ => None,
        }
    }

    /// The mark by which others can see the event.
    fn mark(&self) -> Option<u64> {
        match &self.event {
            Event::Closure { mark, .. } => *mark,
            Event::Batch { mark, .. } => Some(*mark),
            Event::Cleared(_) => None,
        }
    }

    /// Whether it is a batch with a condition that did not hold.
    pub fn is_refused(&self) -> bool {
        matches!(&self.event, Event::Batch { told, .. } if !told.is_empty())
    }
}

/// Whether an event that changes nothing fits the current state.
enum Place {
    Here,
    Later,
    Nowhere,
}

pub struct History {
    /// Per thread, its events in order.
    threads: Vec<Vec<Noted>>,
    /// The states that were seen, by number.
    views: BTreeMap<u64, Vec<Seen>>,
    /// Transaction numbers of closures.
    taken: BTreeSet<u64>,
    first: u64,
    /// Attempts that failed: how many events of each thread were done, and a hash of the state.
    vain: HashSet<(Vec<usize>, u64)>,
    hash: RandomState,
    /// The longest attempt, and why it ended.
    best: (u64, String),
}

impl History {
    /// The events of `threads` from state `first` on, and the states that snapshots showed.
    pub fn new(first: u64, threads: Vec<Vec<Noted>>, snapshots: Vec<(u64, Seen)>) -> Self {
        let mut views: BTreeMap<u64, Vec<Seen>> = BTreeMap::new();
        let closures = threads.iter().flatten().filter_map(|noted| match &noted.event {
            Event::Closure { id, saw, .. } => Some((id - 1, saw.clone())),
            _ => None,
        });
        for (id, seen) in closures.chain(snapshots) {
            views.entry(id).or_default().push(seen);
        }
        let kept: Vec<u64> = threads.iter().flatten().filter_map(Noted::kept).collect();
        let taken: BTreeSet<u64> = kept.iter().copied().collect();
        assert_eq!(taken.len(), kept.len(), "two transactions have one number: {kept:?}");
        Self { threads, views, taken, first, vain: HashSet::new(), hash: RandomState::new(), best: (0, String::new()) }
    }

    /// Returns the number and the content of the last state, if there is an order of all events that explains every
    /// result. Panics if there is none.
    #[track_caller]
    pub fn explain(mut self, start: Seen) -> (u64, Seen) {
        let done = vec![0; self.threads.len()];
        let (id, why) = match self.go(self.first, start, done) {
            Some(end) => return end,
            None => self.best,
        };
        panic!("no order of the events explains what was seen, at most up to state {id}: {why}");
    }

    fn give_up(&mut self, id: u64, why: impl FnOnce() -> String) -> Option<(u64, Seen)> {
        if id >= self.best.0 {
            self.best = (id, why());
        }
        None
    }

    /// Continues from state `id` with content `now`, after the first `done` events of each thread.
    fn go(&mut self, mut id: u64, mut now: Seen, mut done: Vec<usize>) -> Option<(u64, Seen)> {
        loop {
            // Different orders that lead to the same state are searched once.
            if !self.vain.insert((done.clone(), self.hash.hash_one(&now))) {
                return None;
            }
            if let Some(other) = self.views.get(&id).into_iter().flatten().find(|seen| **seen != now) {
                let why = format!("it was seen as\n{other:?}\nand must be\n{now:?}");
                return self.give_up(id, || why);
            }
            if let Err(why) = self.settle(id, &now, &mut done) {
                return self.give_up(id, || why);
            }
            let next: Vec<&Noted> = self.next(&done).collect();
            if next.is_empty() {
                return Some((id, now));
            }
            let is_closure = self.taken.contains(&(id + 1));
            let later = self.views.range(id + 1..).next().and_then(|(_, seen)| seen.first());
            let mut ways = Vec::new();
            for noted in next {
                // A closure has its own number, or none if it keeps nothing.
                let may_follow = match noted.event {
                    Event::Closure { .. } => noted.kept() == Some(id + 1),
                    Event::Batch { .. } | Event::Cleared(_) => !is_closure,
                };
                if may_follow
                    && later.is_none_or(|later| noted.mark() <= later.marks.get(&noted.thread).copied())
                    && let Some(then) = follow(noted, id, &now)
                {
                    ways.push((noted.thread, then));
                }
            }
            let Some((last, then)) = ways.pop() else {
                let why = format!("nothing follows on it of {:?}", self.next(&done).collect::<Vec<_>>());
                return self.give_up(id, || why);
            };
            for (thread, then) in ways {
                let mut done = done.clone();
                done[index(thread)] += 1;
                if let Some(end) = self.go(id + 1, then, done) {
                    return Some(end);
                }
            }
            (id, now) = (id + 1, then);
            done[index(last)] += 1;
        }
    }

    /// The next event of each thread that has one.
    fn next<'h>(&'h self, done: &[usize]) -> impl Iterator<Item = &'h Noted> {
        self.threads.iter().zip(done.to_vec()).filter_map(|(events, done)| events.get(done))
    }

    /// Skips the events that change nothing and fit this state. To keep such an event for later is never better.
    fn settle(&self, id: u64, now: &Seen, done: &mut [usize]) -> Result<(), String> {
        for (events, done) in self.threads.iter().zip(done) {
            while let Some(noted) = events.get(*done) {
                match place(noted, id, now) {
                    Place::Here => *done += 1,
                    Place::Later => break,
                    Place::Nowhere => {
                        return Err(format!("of its place it is too late, or answered otherwise: {noted:?}"));
                    }
                }
            }
        }
        Ok(())
    }
}

fn index(thread: u64) -> usize {
    usize::try_from(thread).expect("there are few threads")
}

/// Whether `noted`, if it changes nothing, belongs to state `id` with content `now`.
fn place(noted: &Noted, id: u64, now: &Seen) -> Place {
    match &noted.event {
        _ if noted.kept().is_some() => Place::Later,
        Event::Closure { id: own, actions, end, answers, .. } => {
            if *own > id + 1 {
                Place::Later
            } else if *own == id + 1 && noted.after <= id && now.world.clone().run(actions, *end) == *answers {
                Place::Here
            } else {
                Place::Nowhere
            }
        }
        Event::Batch { changes, told, .. } if !told.is_empty() => {
            let refused = failed(changes, &now.world.clone().batch(changes)).is_ok_and(|failed| failed == *told);
            if id > noted.by {
                Place::Nowhere
            } else if refused && noted.after <= id {
                Place::Here
            } else {
                Place::Later
            }
        }
        Event::Batch { .. } | Event::Cleared(_) => Place::Later,
    }
}

/// The content after `noted`, if it can follow state `id` with content `now`.
fn follow(noted: &Noted, id: u64, now: &Seen) -> Option<Seen> {
    let mut then = now.clone();
    let fits = match &noted.event {
        Event::Closure { actions, end, answers, mark, .. } => {
            then.marks.extend(mark.map(|mark| (noted.thread, mark)));
            then.world.run(actions, *end) == *answers
        }
        Event::Batch { changes, mark, told } => {
            then.marks.insert(noted.thread, *mark);
            told.is_empty() && then.world.batch(changes).is_empty()
        }
        Event::Cleared(which) => {
            then.world.0[*which].clear();
            true
        }
    };
    // The state before it existed no later than when it began, and its own state existed when it ended.
    (fits && noted.after <= id && noted.by > id).then_some(then)
}
