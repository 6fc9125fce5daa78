//! Runs random actions in concurrent threads and records what they saw.

use std::panic::resume_unwind;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use mapleaf::{Dbi, Env, EnvOptions, Error, ErrorKind, Read, Result, Snapshot, WriteTxn};

use crate::actions::{Action, Answer, Changes, Door, End, Hope, Round, Task};
use crate::handles::{Handles, NAMES, Nests, ends_as_meant, finish};
use crate::history::{Event, History, Noted, Seen};
use crate::world::World;
use crate::{batches, second_opinion};

type Marks = Dbi<u64, u64>;
/// States with their numbers.
type Snapshots = Vec<(u64, Seen)>;
const MARKS: &str = "marks";
const MAP_SIZE: usize = 1 << 18;

/// Counts of the outcomes.
#[derive(Debug, Default)]
pub struct Tally {
    pub transactions: u64,
    /// The number of LMDB commits.
    pub commits: u64,
    /// Batches with a condition that did not hold.
    pub refused: usize,
    /// Transactions that failed for lack of space, by their own commit or by the one before.
    pub lost: u64,
    /// Rounds in which the map grew.
    pub grown: u64,
}

/// One thread.
struct Worker<'e> {
    env: &'e Env,
    handles: &'e Handles,
    marks: &'e Marks,
    thread: u64,
    is_cramped: bool,
    /// The newest state that any thread saw.
    newest: &'e AtomicU64,
    lost: &'e AtomicU64,
    noted: Vec<Noted>,
    snapshots: Snapshots,
    held: Vec<(Snapshot, Seen)>,
    mark: u64,
}

/// Reads the whole content.
fn read<R: Read>(handles: &Handles, marks: &Marks, state: &R) -> Result<Seen> {
    Ok(Seen { world: handles.world(state)?, marks: marks.iter(state)?.collect::<Result<_>>()? })
}

/// The reads among the actions. A change is undone at once.
fn only_looking(actions: &[Action]) -> Vec<Action> {
    let looking = |action: &Action| match action {
        Action::Look(..) | Action::PairLook(_) => action.clone(),
        Action::Savepoint(actions, End::Panic) => Action::Savepoint(actions.clone(), End::Panic),
        Action::Savepoint(actions, _) => Action::Savepoint(actions.clone(), End::Fail),
        change => Action::Savepoint(vec![change.clone()], End::Fail),
    };
    actions.iter().map(looking).collect()
}

impl Worker<'_> {
    fn work(mut self, tasks: &[Task]) -> Result<(Vec<Noted>, Snapshots)> {
        for (number, task) in tasks.iter().enumerate() {
            let after = self.newest.load(Ordering::SeqCst);
            self.mark += 1;
            let events = match task {
                Task::Transact { actions, end, door, looks } => {
                    let (actions, mark) = match looks {
                        true => (only_looking(actions), None),
                        false => (actions.clone(), Some(self.mark)),
                    };
                    self.transact(after, mark, actions, *end, *door)?.into_iter().collect()
                }
                Task::Apply(batch) => self.batches(std::slice::from_ref(batch), false)?,
                Task::Submit(batches) => self.batches(batches, true)?,
                Task::Clear(which) => {
                    let cleared = self.env.clear_dbi(NAMES[*which]);
                    self.unless_lost(cleared)?.map(|()| Event::Cleared(*which)).into_iter().collect()
                }
            };
            let snap = self.env.snapshot()?;
            let by = snap.id();
            assert!(by >= after, "time runs forward");
            self.newest.fetch_max(by, Ordering::SeqCst);
            self.noted.extend(events.into_iter().map(|event| Noted { thread: self.thread, after, by, event }));
            if number % 3 == 0 {
                let seen = read(self.handles, self.marks, &snap)?;
                self.snapshots.push((by, seen.clone()));
                self.held.push((snap, seen));
            }
        }
        for (snap, seen) in &self.held {
            assert_eq!(&read(self.handles, self.marks, snap)?, seen, "state {} does not stay", snap.id());
        }
        Ok((self.noted, self.snapshots))
    }

    /// The result, unless the transaction was lost: with a full map its own commit may fail, or the commit that it was
    /// based on.
    fn unless_lost<T>(&self, outcome: Result<T>) -> Result<Option<T>> {
        match outcome {
            Err(error) if self.is_cramped && matches!(error.kind(), ErrorKind::MapFull | ErrorKind::Conflict) => {
                assert_eq!(error.is_retryable(), error.kind() == ErrorKind::Conflict);
                self.lost.fetch_add(1, Ordering::Relaxed);
                Ok(None)
            }
            outcome => outcome.map(Some),
        }
    }

    /// Reads everything and does the actions.
    fn look_and_note(
        &self,
        txn: &mut impl Nests,
        (saw, answers): (&mut Seen, &mut Vec<Answer>),
        mark: Option<u64>,
        actions: &[Action],
    ) -> Result<()> {
        *saw = read(self.handles, self.marks, txn)?;
        if self.is_cramped {
            // Leaves time for the commit that it is based on to fail.
            thread::sleep(Duration::from_millis(1));
        }
        if let Some(mark) = mark {
            self.marks.put(txn, self.thread, mark)?;
        }
        self.handles.note(txn, answers, actions)
    }

    fn transact(
        &self,
        after: u64,
        mark: Option<u64>,
        actions: Vec<Action>,
        end: End,
        door: Door,
    ) -> Result<Option<Event>> {
        let mut noted: (u64, Seen, Vec<Answer>) = Default::default();
        let body = |(id, saw, answers): &mut (u64, Seen, Vec<Answer>)| {
            let mut closure = |txn: &mut WriteTxn| {
                *id = txn.id();
                assert!(*id > after, "{id} was begun after {after} was seen");
                self.look_and_note(txn, (&mut *saw, &mut *answers), mark, &actions)?;
                finish(end)
            };
            match door {
                Door::Closure | Door::ClosureOr => self.env.transact(closure),
                Door::TryClosure => self.env.try_transact(closure),
                Door::Held => {
                    let mut txn = self.env.begin()?;
                    closure(&mut txn)?;
                    txn.commit().map(drop)
                }
                Door::Draft => {
                    let snap = self.env.snapshot()?;
                    *id = snap.id() + 1;
                    assert!(*id > after, "{id} was begun after {after} was seen");
                    let mut draft = snap.draft();
                    self.look_and_note(&mut draft, (&mut *saw, &mut *answers), mark, &actions)?;
                    finish(end)?;
                    // It has looked at everything, so the state that its commit is based on has the same content.
                    *id = u64::from(draft.commit()?) + u64::from(mark.is_none());
                    Ok(())
                }
            }
        };
        match ends_as_meant(&mut noted, body, end) {
            Err(error) if door == Door::TryClosure && error.kind() == ErrorKind::Busy => return Ok(None),
            Err(error) if door == Door::Draft && error.kind() == ErrorKind::Conflict => return Ok(None),
            outcome => match self.unless_lost(outcome)? {
                Some(_) => {}
                None => return Ok(None),
            },
        }
        let (id, saw, answers) = noted;
        // A panic is returned at once, as is an abort, whatever happens to the state that the transaction ran on. It may
        // not be committed yet: then the next snapshot of this thread is older.
        let is_at_once = end == End::Panic || (end == End::Fail && door == Door::Held);
        if is_at_once && (self.is_cramped || self.env.snapshot()?.id() + 1 < id) {
            return Ok(None);
        }
        Ok(Some(Event::Closure { id, saw, mark, actions, end, answers }))
    }

    /// Submits batches, with a mark in each, and waits for them.
    fn batches(&mut self, hopes: &[Changes<Hope>], submit: bool) -> Result<Vec<Event>> {
        let world = self.handles.world(&self.env.snapshot()?)?;
        let mut commits = Vec::new();
        for hopes in hopes {
            let changes = world.made(hopes);
            if World::is_ambiguous(&changes) {
                continue;
            }
            self.mark += 1;
            let mut batch = batches::batch(self.handles, &changes)?;
            batch.put(self.marks, self.thread, self.mark)?;
            commits.push((self.mark, changes, if submit { Ok(self.env.submit(batch)?) } else { Err(batch) }));
        }
        let mut events = Vec::new();
        for (mark, changes, commit) in commits {
            let outcome = match commit {
                Ok(commit) => commit.wait(),
                Err(batch) => self.env.apply(batch),
            };
            if let Some(told) = self.unless_lost(batches::told(outcome))? {
                events.push(Event::Batch { mark, changes, told });
            }
        }
        Ok(events)
    }
}

fn options(round: &Round) -> EnvOptions {
    let most = if round.is_cramped { 1 << 20 } else { 1 << 30 };
    Env::options().map_size(MAP_SIZE).max_map_size(most).durability(round.durability)
}

/// Runs all tasks concurrently and finds an order that explains what they saw.
pub fn run(round: &Round, tally: &mut Tally) -> Result<()> {
    let directory = tempfile::tempdir().map_err(Error::other)?;
    let path = directory.path().join("env");
    let env = options(round).open(&path)?;
    let (handles, marks): (_, Marks) = (Handles::open(&env)?, env.dbi(MARKS)?);
    let (first, before) = (env.snapshot()?.id(), env.info()?);
    let (newest, failures) = (AtomicU64::new(first), AtomicU64::new(0));
    let barrier = Barrier::new(round.tasks.len());
    let worker = |thread| Worker {
        env: &env,
        handles: &handles,
        marks: &marks,
        thread,
        is_cramped: round.is_cramped,
        newest: &newest,
        lost: &failures,
        noted: Vec::new(),
        snapshots: Vec::new(),
        held: Vec::new(),
        mark: 0,
    };
    let work = |thread, tasks: &[Task]| {
        barrier.wait();
        worker(thread).work(tasks)
    };
    let done = thread::scope(|scope| {
        let threads = (0..).zip(&round.tasks);
        let threads: Vec<_> = threads.map(|(thread, tasks)| scope.spawn(move || work(thread, tasks))).collect();
        let join = |thread: thread::ScopedJoinHandle<'_, _>| thread.join().unwrap_or_else(|panic| resume_unwind(panic));
        threads.into_iter().map(join).collect::<Result<Vec<_>>>()
    })?;
    let (threads, snapshots): (Vec<_>, Vec<_>) = done.into_iter().unzip();
    let refused = threads.iter().flatten().filter(|noted: &&Noted| noted.is_refused()).count();
    // The final content shows the order of the last batches.
    let snap = env.snapshot()?;
    let end = (snap.id(), read(&handles, &marks, &snap)?);
    let views = snapshots.into_iter().flatten().chain([end.clone()]).collect();
    assert_eq!(History::new(first, threads, views).explain(Seen::default()), end, "what is there in the end");
    let last = end.0;
    let after = env.info()?;
    assert_eq!(after.commits - before.commits, last - first);
    assert!(env.verify()?.is_clean());
    let mut rows = handles.rows(&snap)?;
    let marked = marks.iter(&snap)?.raw().map(|row| row.map(|(key, value)| (key.to_vec(), value.to_vec())));
    rows.insert(MARKS.to_owned(), marked.collect::<Result<_>>()?);
    drop(snap);
    env.close()?;
    second_opinion::agrees(&path, &rows)?;
    tally.transactions += last - first;
    tally.commits += after.last_txn_id - before.last_txn_id;
    tally.refused += refused;
    tally.lost += failures.into_inner();
    tally.grown += u64::from(after.map_size > before.map_size);
    Ok(())
}
