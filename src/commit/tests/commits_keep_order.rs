//! The pipeline against a model of the file, under random arrivals, failures and foreign writers. The file holds
//! what a serial run of the closures that were reported as committed leaves, in their order. Each gets one outcome,
//! and none is left.

use std::sync::Arc;

use crate::commit::pipeline::{BasisCheck, CommitPipeline, Ended, Group, Joined, Predecessors};
use crate::commit::ticket::{CommitOutcome, CommitTicket};
use crate::error::ErrorKind;
use crate::page::LmdbTxnId;

const ROOM: usize = 12;

/// Reproducible pseudo-random numbers.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

/// The model of the file: who committed, in order, and LMDB's id.
#[derive(Clone, Default)]
struct File {
    id: u64,
    rows: Vec<u32>,
}

enum Leader {
    /// It gathers others, with LMDB's lock.
    Gathering,
    /// A member was asked to lead this group.
    Offered(Arc<CommitTicket>),
    /// The group is in flight, without LMDB's lock.
    Taken(Group<Vec<u32>>),
    /// The group is in flight, with LMDB's lock.
    Begun(Group<Vec<u32>>),
    /// The group is in the file, and nobody has the outcome yet.
    Done,
}

/// The holder of the transaction lock.
struct Holder {
    name: u32,
    /// What its closure sees, once it runs.
    seen: Option<(Vec<u32>, Predecessors<Vec<u32>>)>,
    fresh: bool,
    /// Its set, if the pending group was full.
    full: Option<Vec<u32>>,
}

struct Waiter {
    seen: Vec<u32>,
    wrote: bool,
    ticket: Arc<CommitTicket>,
}

#[derive(Default)]
struct World {
    pipeline: CommitPipeline<Vec<u32>>,
    file: File,
    pinned: File,
    leader: Option<Leader>,
    holder: Option<Holder>,
    /// Whether the holder keeps the lock until the pipeline is idle.
    drains: bool,
    /// Whether another mapleaf process has LMDB's lock, taken when nobody kept it out.
    other: bool,
    /// Whether there are programs that ignore the pause byte.
    foreign: bool,
    names: u32,
    waiting: Vec<(u32, Waiter)>,
    committed: u64,
    failed: u64,
    outcomes: usize,
}

impl World {
    /// Whether anybody has LMDB's lock.
    fn is_locked(&self) -> bool {
        self.other || matches!(self.leader, Some(Leader::Gathering | Leader::Begun(_)))
    }

    /// Another process makes its next step.
    fn write_elsewhere(&mut self, dice: &mut Dice) {
        if self.other {
            self.other = false;
            self.file.id += 1;
        } else if self.foreign && dice.roll(4) == 0 && !self.is_locked() {
            self.file.id += 1;
        } else {
            self.other = !self.is_locked() && !self.pipeline.is_guarded();
        }
    }

    fn arrive(&mut self, dice: &mut Dice) {
        if self.drains && !self.pipeline.is_idle() {
            return;
        }
        self.drains = false;
        let name = self.names;
        self.names += 1;
        if self.pipeline.is_idle() {
            if self.other {
                return;
            }
            assert!(!self.pipeline.is_guarded(), "who begins alone does so without the byte");
            // Its closure ran on the current file, with LMDB's lock.
            let set = vec![name];
            let (ticket, leader) = if dice.roll(2) == 0 {
                (self.pipeline.gather(set, 1, 1, LmdbTxnId(self.file.id)), Leader::Gathering)
            } else {
                let group = self.pipeline.lead(set, 1, 1, LmdbTxnId(self.file.id));
                (Arc::clone(&group.ticket), Leader::Begun(group))
            };
            self.waiting.push((name, Waiter { seen: self.file.rows.clone(), wrote: true, ticket }));
            self.leader = Some(leader);
        } else if self.pipeline.has_room(ROOM) {
            let fresh = !self.pipeline.is_guarded();
            if fresh {
                if dice.roll(4) == 0 {
                    return;
                }
                self.pipeline.guard();
            }
            self.pipeline.stack();
            self.pinned = self.file.clone();
            self.holder = Some(Holder { name, seen: None, fresh, full: None });
        }
    }

    /// The holder of the transaction lock makes its next step.
    fn go_on(&mut self, dice: &mut Dice) {
        let Some(mut holder) = self.holder.take() else { return self.arrive(dice) };
        let Some((seen, mut predecessors)) = holder.seen.take() else {
            return self.basis_for(holder);
        };
        predecessors.sets.clear();
        if holder.full.is_none() && dice.roll(4) == 0 {
            // It changed nothing, and shares the outcome of what it read.
            self.pipeline.leave();
            self.pipeline.unguard();
            self.waiting.push((holder.name, Waiter { seen, wrote: false, ticket: predecessors.ticket }));
            // The group that it read may be committed already: then it learns the outcome at once.
            self.settle();
            return;
        }
        let bytes = 1 + usize::try_from(dice.roll(6)).unwrap_or(0);
        let set = holder.full.take().unwrap_or_else(|| vec![holder.name]);
        let absorb = |all: &mut Vec<u32>, newer: Vec<u32>| {
            all.extend(newer);
            all.len() + bytes
        };
        match self.pipeline.join(predecessors.failures(), (set, bytes, 1), ROOM, absorb) {
            Joined::Member(ticket) => self.waiting.push((holder.name, Waiter { seen, wrote: true, ticket })),
            Joined::Leader(group) => {
                let ticket = Arc::clone(&group.ticket);
                self.waiting.push((holder.name, Waiter { seen, wrote: true, ticket }));
                assert!(self.leader.is_none(), "one leads");
                self.leader = Some(Leader::Taken(group));
            }
            Joined::Full(set) => {
                holder.full = Some(set);
                holder.seen = Some((seen, predecessors));
                self.holder = Some(holder);
            }
            Joined::Broken(outcome) => {
                assert!(matches!(outcome, CommitOutcome::Failed(_)));
                assert!(!self.file.rows.contains(&holder.name));
                self.pipeline.unguard();
            }
        }
    }

    fn basis_for(&mut self, mut holder: Holder) {
        match self.pipeline.check_basis(LmdbTxnId(self.pinned.id), holder.fresh) {
            BasisCheck::On(predecessors) => {
                let mut seen = self.pinned.rows.clone();
                seen.extend(predecessors.sets.iter().flat_map(|set| set.iter().copied()));
                assert_eq!(
                    predecessors.transactions,
                    (seen.len() - self.pinned.rows.len()) as u64,
                    "as many transactions as are laid over"
                );
                holder.seen = Some((seen, predecessors));
                self.holder = Some(holder);
            }
            BasisCheck::Old => {
                assert!(self.pinned.id < self.file.id, "what is pinned now cannot be old");
                self.pinned = self.file.clone();
                self.holder = Some(holder);
            }
            BasisCheck::Apart => {
                // Keeping others out may have come too late for the group in flight.
                self.drains = true;
                self.pipeline.leave();
                self.pipeline.unguard();
            }
        }
    }

    /// The leader makes its next step.
    fn lead_on(&mut self, dice: &mut Dice) {
        match self.leader.take() {
            None => {}
            Some(Leader::Gathering) => {
                let group = self.pipeline.take().expect("a group that is gathered waits");
                assert_eq!(group.base.0, self.file.id, "nobody writes while it is gathered");
                self.leader = Some(Leader::Begun(group));
            }
            Some(Leader::Offered(ticket)) => {
                assert!(
                    self.waiting.iter().any(|(_, reported)| Arc::ptr_eq(&reported.ticket, &ticket)),
                    "a group has members"
                );
                let group = self.pipeline.take().expect("a group that was offered waits");
                assert!(Arc::ptr_eq(&group.ticket, &ticket));
                self.leader = Some(Leader::Taken(group));
            }
            Some(Leader::Taken(group)) if self.other => self.leader = Some(Leader::Taken(group)),
            Some(Leader::Taken(group)) if group.base.0 == self.file.id => self.leader = Some(Leader::Begun(group)),
            Some(Leader::Taken(_)) => {
                assert!(self.foreign, "processes of ours do not overtake one another");
                self.fail(ErrorKind::Conflict);
            }
            Some(Leader::Begun(_)) if dice.roll(8) == 0 => self.fail(ErrorKind::DiskFull),
            Some(Leader::Begun(group)) => {
                self.file.rows.extend(group.set.iter());
                self.file.id += 1;
                self.committed += group.transactions;
                self.leader = Some(Leader::Done);
            }
            Some(Leader::Done) => {
                let ended = self.pipeline.finish();
                self.report(ended);
            }
        }
    }

    fn fail(&mut self, kind: ErrorKind) {
        let ended = self.pipeline.fail(&CommitOutcome::failed(kind, "it failed"));
        assert!(ended.offered.is_none());
        self.failed += 1;
        self.report(ended);
    }

    fn report(&mut self, ended: Ended) {
        self.pipeline.unguard();
        for (ticket, outcome) in ended.outcomes {
            assert!(ticket.reported().is_none(), "reported once");
            ticket.report(outcome);
        }
        self.leader = ended.offered.map(Leader::Offered);
        self.settle();
    }

    /// Checks the members that have an outcome.
    fn settle(&mut self) {
        let (reported, waiting) = std::mem::take(&mut self.waiting)
            .into_iter()
            .partition(|(_, reported)| reported.ticket.reported().is_some());
        self.waiting = waiting;
        let reported: Vec<(u32, Waiter)> = reported;
        self.outcomes += reported.len();
        for (name, reported) in reported {
            let at = self.file.rows.iter().position(|row| *row == name);
            match reported.ticket.reported() {
                Some(CommitOutcome::Committed) => {
                    let end = at.unwrap_or(reported.seen.len());
                    assert_eq!(at.is_some(), reported.wrote, "{name} is there if it wrote");
                    // It saw exactly what was committed before it.
                    assert_eq!(self.file.rows[..end], reported.seen[..], "what {name} saw");
                }
                _ => assert_eq!(at, None, "{name} failed"),
            }
        }
    }
}

#[test]
fn committed_closures_form_a_serial_history() {
    let (mut committed, mut failed, mut shared) = (0, 0, 0);
    for seed in 1..400 {
        let mut dice = Dice(seed * 0x9e37_79b9);
        let mut world = World { foreign: seed % 2 == 0, ..World::default() };
        for _ in 0..400 {
            match dice.roll(40) {
                0..3 => world.write_elsewhere(&mut dice),
                3..20 => world.lead_on(&mut dice),
                _ => world.go_on(&mut dice),
            }
        }
        let groups = world.file.id;
        world.other = false;
        while world.leader.is_some() || world.holder.is_some() {
            world.lead_on(&mut dice);
            if world.holder.is_some() {
                world.go_on(&mut dice);
            }
        }
        assert!(world.pipeline.is_idle() && !world.pipeline.is_guarded(), "nothing is left");
        assert!(world.waiting.is_empty(), "all have the outcome");
        assert_eq!(world.file.rows.len() as u64, world.committed);
        committed += world.committed;
        failed += world.failed;
        shared += u64::from(world.committed > groups);
    }
    assert!(committed > 10_000 && failed > 1000 && shared > 20, "{committed} {failed} {shared}: too little happened");
}

#[test]
fn a_reader_of_an_unfinished_commit_shares_its_outcome() {
    let mut pipeline: CommitPipeline<Vec<u32>> = CommitPipeline::default();
    let group = pipeline.lead(vec![1], 1, 1, LmdbTxnId(7));
    pipeline.guard();
    pipeline.stack();
    // The meta page can be read before the disk confirms it.
    let BasisCheck::On(predecessors) = pipeline.check_basis(LmdbTxnId(8), false) else {
        panic!("the state that the group leaves is one to stand on")
    };
    assert!(predecessors.sets.is_empty() && Arc::ptr_eq(&predecessors.ticket, &group.ticket));
    pipeline.leave();
    for (ticket, outcome) in
        pipeline.fail(&CommitOutcome::failed(ErrorKind::CommitOutcomeUnknown, "a flush failed")).outcomes
    {
        ticket.report(outcome);
    }
    assert!(
        matches!(predecessors.ticket.reported(), Some(CommitOutcome::Failed(_))),
        "what it read may not be on the disk"
    );
}
