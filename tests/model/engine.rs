//! The engine beside the model: each step runs in both, and the answers are compared.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use mapleaf::{Commit, Durability, Env, Error, ErrorKind, Expect, Result, Snapshot, WriteTxn};
use tempfile::TempDir;

use crate::actions::{Action, Answer, Change, Changes, Door, End, Hope, Look, PairLook, Transition, Way};
use crate::handles::{Handles, NAMES, OPERATIONS, ends_as_meant, finish};
use crate::kinds::{Numbers, Tails, Texts, Tuples};
use crate::world::{Map, PAIRS, World, between};
use crate::{batches, looks, second_opinion};

/// The number of environments whose map grew.
pub static GROWN: AtomicU64 = AtomicU64::new(0);

/// Counts of batches: applied, refused, and refused for more than one condition.
pub static CONDITIONS: [AtomicU64; 3] = [const { AtomicU64::new(0) }; 3];

const MAP_SIZE: usize = 1 << 19;

/// A snapshot, and the state that it must show until it is dropped.
struct Held {
    snap: Snapshot,
    handles: Handles,
    world: World,
}

pub struct Engine {
    directory: TempDir,
    env: Option<Env>,
    handles: Handles,
    world: World,
    held: Vec<Held>,
}

fn open(directory: &TempDir, durability: Durability) -> Result<Env> {
    let options = Env::options().map_size(MAP_SIZE).max_map_size(1 << 30).durability(durability);
    options.open(directory.path().join("env"))
}

impl Engine {
    pub fn new() -> Result<Self> {
        let directory = tempfile::tempdir().map_err(Error::other)?;
        let env = open(&directory, Durability::Process)?;
        let handles = Handles::open(&env)?;
        Ok(Self { directory, env: Some(env), handles, world: World::default(), held: Vec::new() })
    }

    fn env(&self) -> &Env {
        self.env.as_ref().expect("it is open but within `reopen`")
    }

    pub fn world(&self) -> &World {
        &self.world
    }

    pub fn apply(&mut self, transition: &Transition) -> Result<()> {
        OPERATIONS.fetch_add(1, Ordering::Relaxed);
        let held = |at: usize, held: &[Held]| (!held.is_empty()).then(|| at % held.len());
        match transition {
            Transition::Transact { actions, end, door } => self.transact(actions, *end, *door)?,
            Transition::Batches(batches, way) => self.batches(batches, way)?,
            Transition::Look(which, look) => {
                let answer = self.handles.look(&self.env().snapshot()?, *which, look)?;
                assert_eq!(answer, self.world.look(*which, look), "{look:?}");
            }
            Transition::PairLook(look) => {
                let answer = self.handles.pair_look(&self.env().snapshot()?, look)?;
                assert_eq!(answer, self.world.pair_look(look), "{look:?}");
            }
            Transition::ParScan(which, ends, parts) => {
                let snap = self.env().snapshot()?;
                let Handles { texts, numbers, tuples, tails, .. } = &self.handles;
                let found = match which {
                    0 => looks::par_scan::<Texts>(texts, &snap, *ends, *parts)?,
                    1 => looks::par_scan::<Numbers>(numbers, &snap, *ends, *parts)?,
                    2 => looks::par_scan::<Tuples>(tuples, &snap, *ends, *parts)?,
                    _ => looks::par_scan::<Tails>(tails, &snap, *ends, *parts)?,
                };
                assert!(found.iter().eq(&between(&self.world.0[*which], *ends)), "{parts} parts of {ends:?}");
            }
            Transition::Hold => {
                let (snap, handles, world) = (self.env().snapshot()?, self.handles.clone(), self.world.clone());
                self.held.push(Held { snap, handles, world });
            }
            Transition::CheckHeld(at) => {
                let Some(at) = held(*at, &self.held) else { return Ok(()) };
                self.check_held(&self.held[at])?;
            }
            Transition::Refresh(at) => {
                let Some(at) = held(*at, &self.held) else { return Ok(()) };
                self.held[at].snap.refresh()?;
                self.held[at].handles = self.handles.clone();
                self.held[at].world = self.world.clone();
                self.check_held(&self.held[at])?;
            }
            Transition::Release(at) => {
                let Some(at) = held(*at, &self.held) else { return Ok(()) };
                let released = self.held.swap_remove(at);
                self.check_held(&released)?;
            }
            Transition::ClearDbi(which) => {
                self.env().clear_dbi(NAMES[*which])?;
                self.world.0[*which].clear();
            }
            Transition::DropDbi(which) => self.drop_dbi(*which)?,
            Transition::Compact => {
                self.release_all()?;
                self.env().compact()?;
            }
            Transition::Reopen(durability) => self.reopen(*durability)?,
        }
        Ok(())
    }

    fn transact(&mut self, actions: &[Action], end: End, door: Door) -> Result<()> {
        let before = self.world.clone();
        let (env, handles) = (self.env().clone(), self.handles.clone());
        let body = |world: &mut World| {
            let mut closure = |txn: &mut WriteTxn| handles.run(txn, world, actions).and_then(|()| finish(end));
            match door {
                Door::Closure => env.transact(closure),
                Door::ClosureOr => env.transact_or(closure),
                Door::TryClosure => env.try_transact(closure),
                Door::Held => {
                    let mut txn = env.begin()?;
                    match closure(&mut txn) {
                        Ok(()) => txn.commit().map(drop),
                        Err(error) => {
                            txn.abort();
                            Err(error)
                        }
                    }
                }
                Door::Draft => {
                    let mut draft = env.snapshot()?.draft();
                    handles.run(&mut draft, world, actions).and_then(|()| finish(end))?;
                    draft.commit().map(drop)
                }
            }
        };
        if !ends_as_meant(&mut self.world, body, end)? {
            self.world = before;
        }
        Ok(())
    }

    /// Submits the batches and compares each result with the model.
    fn batches(&mut self, hopes: &[Changes<Hope>], way: &Way) -> Result<()> {
        let env = self.env().clone();
        let made = hopes.iter().map(|hopes| self.world.made(hopes));
        let (ambiguous, made): (Vec<_>, Vec<_>) = made.partition(World::is_ambiguous);
        for changes in &ambiguous {
            let applied = env.apply(batches::batch(&self.handles, changes)?);
            let submitted = env.submit(batches::batch(&self.handles, changes)?).map(drop);
            for refused in [applied, submitted] {
                assert_eq!(refused.map_err(|error| error.kind()), Err(ErrorKind::InvalidArgument), "{changes:?}");
            }
        }
        let mut batches =
            made.iter().map(|changes| batches::batch(&self.handles, changes)).collect::<Result<Vec<_>>>()?;
        let mut commits = Vec::new();
        match way {
            Way::Apply => {}
            Way::Submit => commits = batches.drain(..).map(|batch| env.submit(batch)).collect::<Result<_>>()?,
            Way::TrySubmit => commits = batches.drain(..).map(|batch| env.try_submit(batch)).collect::<Result<_>>()?,
            Way::Within(actions, end) => {
                let (before, handles) = (self.world.clone(), self.handles.clone());
                let submit = |world: &mut World| {
                    env.transact(|txn| {
                        commits = batches.drain(..).map(|batch| env.submit(batch)).collect::<Result<Vec<Commit>>>()?;
                        handles.run(txn, world, actions).and_then(|()| finish(*end))
                    })
                };
                if !ends_as_meant(&mut self.world, submit, *end)? {
                    self.world = before;
                }
            }
        }
        let applied = batches.into_iter().map(|batch| env.apply(batch));
        let outcomes = applied.chain(commits.into_iter().map(Commit::wait));
        for (changes, outcome) in made.iter().zip(outcomes) {
            let told = batches::told(outcome)?;
            let failed = self.world.batch(changes);
            CONDITIONS[usize::from(!failed.is_empty())].fetch_add(1, Ordering::Relaxed);
            CONDITIONS[2].fetch_add(u64::from(failed.len() > 1), Ordering::Relaxed);
            assert_eq!(told, batches::failed(changes, &failed)?, "{changes:?}");
        }
        self.handles.agree(&env.snapshot()?, &self.world)
    }

    fn check_held(&self, held: &Held) -> Result<()> {
        let newest = self.env().snapshot()?;
        assert_eq!(held.snap.lag()?, newest.id() - held.snap.id());
        held.handles.agree(&held.snap, &held.world)
    }

    fn release_all(&mut self) -> Result<()> {
        if !self.held.is_empty() {
            let refused = self.env().close().map_err(|error| error.kind());
            assert_eq!(refused, Err(ErrorKind::Busy), "an environment that is read is not closed");
        }
        for held in std::mem::take(&mut self.held) {
            self.check_held(&held)?;
        }
        Ok(())
    }

    /// Drops the database and opens it anew: the old handles are valid for the old states only.
    fn drop_dbi(&mut self, which: usize) -> Result<()> {
        self.env().drop_dbi(NAMES[which])?;
        let new = Handles::open(self.env())?;
        let old = std::mem::replace(&mut self.handles, new);
        self.world.0[which] = Map::new();
        let snap = self.env().snapshot()?;
        let asked = match which {
            PAIRS => old.pair_look(&snap, &PairLook::Len),
            which => old.look(&snap, which, &Look::Len),
        };
        assert_eq!(asked.map_err(|error| error.kind()), Err(ErrorKind::NotFound), "{}", NAMES[which]);
        if which != PAIRS {
            // A batch is refused as a whole if any of its entries is for a dropped database. Other databases stay
            // unchanged.
            let other = (which + 1) % PAIRS;
            let lost = vec![(other, Change::Put(0, 0, Expect::Any)), (which, Change::Put(0, 0, Expect::Any))];
            let applied = self.env().apply(batches::batch(&old, &lost)?);
            let submitted = self.env().submit(batches::batch(&old, &lost)?)?.wait();
            for refused in [applied, submitted] {
                assert_eq!(refused.map_err(|error| error.kind()), Err(ErrorKind::NotFound), "{}", NAMES[which]);
            }
            self.handles.agree(&self.env().snapshot()?, &self.world)?;
        }
        for held in &self.held {
            let empty = match which {
                PAIRS => self.handles.pair_look(&held.snap, &PairLook::IsEmpty)?,
                which => self.handles.look(&held.snap, which, &Look::IsEmpty)?,
            };
            assert_eq!(empty, Answer::Is(true), "a state from before the database shows it empty");
        }
        Ok(())
    }

    /// Closes the environment, lets LMDB read the file, and opens it again.
    fn reopen(&mut self, durability: Durability) -> Result<()> {
        self.release_all()?;
        let id = self.env().snapshot()?.id();
        GROWN.fetch_add(u64::from(self.env().info()?.map_size >= 2 * MAP_SIZE as u64), Ordering::Relaxed);
        let report = self.env().verify()?;
        assert!(report.is_clean(), "{report:?}");
        let listed = self.env().dbis()?.into_iter().map(|dbi| (dbi.name, dbi.entries)).collect::<BTreeMap<_, _>>();
        let counted = NAMES.iter().zip(&self.world.0).map(|(name, map)| ((*name).to_owned(), map.len() as u64));
        assert_eq!(listed, counted.collect());
        let rows = self.handles.rows(&self.env().snapshot()?)?;
        self.env().close()?;
        self.env = None;
        second_opinion::agrees(&self.directory.path().join("env"), &rows)?;
        self.env = Some(open(&self.directory, durability)?);
        self.handles = Handles::open(self.env())?;
        let snap = self.env().snapshot()?;
        assert_eq!(snap.id(), id, "reopening counts no transaction");
        self.handles.agree(&snap, &self.world)
    }

    /// The last checks of every case.
    pub fn finish(mut self) -> Result<()> {
        self.reopen(Durability::Process)?;
        assert!(self.env().verify()?.is_clean());
        self.env().close()
    }
}
