//! The engine beside the model: each step is made in both, and what they say is compared.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use mapleaf::{Durability, Env, Error, ErrorKind, Result, Snapshot, WriteTxn};
use tempfile::TempDir;

use crate::actions::{Action, Answer, End, Look, PairLook, Transition};
use crate::handles::{Handles, NAMES, OPERATIONS, ends_as_meant, finish};
use crate::kinds::{Numbers, Tails, Texts, Tuples};
use crate::world::{Map, PAIRS, World, between};
use crate::{looks, second_opinion};

/// Environments whose map was grown.
pub static GROWN: AtomicU64 = AtomicU64::new(0);

const MAP_SIZE: usize = 1 << 19;

/// A snapshot, and what it must show for as long as it is held.
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

fn open(directory: &TempDir) -> Result<Env> {
    let options = Env::options().map_size(MAP_SIZE).max_map_size(1 << 30).durability(Durability::Process);
    options.open(directory.path().join("env"))
}

impl Engine {
    pub fn new() -> Result<Self> {
        let directory = tempfile::tempdir().map_err(Error::other)?;
        let env = open(&directory)?;
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
        let held = |at: usize, held: &[Held]| (!held.is_empty()).then(|| at % held.len());
        match transition {
            Transition::Transact { actions, end, wait } => self.transact(actions, *end, *wait)?,
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
                OPERATIONS.fetch_add(1, Ordering::Relaxed);
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
            Transition::Reopen => self.reopen()?,
        }
        Ok(())
    }

    fn transact(&mut self, actions: &[Action], end: End, wait: bool) -> Result<()> {
        let before = self.world.clone();
        let (env, handles) = (self.env().clone(), self.handles.clone());
        let body = |world: &mut World| {
            let closure = |txn: &mut WriteTxn| handles.run(txn, world, actions).and_then(|()| finish(end));
            match (wait, actions.len() % 2) {
                (true, 0) => env.transact(closure),
                (true, _) => env.transact_or(closure),
                (false, _) => env.try_transact(closure),
            }
        };
        if !ends_as_meant(&mut self.world, body, end)? {
            self.world = before;
        }
        Ok(())
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

    /// Drops the database and opens it anew: the handles of old are good for the states of old alone.
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
    fn reopen(&mut self) -> Result<()> {
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
        self.env = Some(open(&self.directory)?);
        self.handles = Handles::open(self.env())?;
        let snap = self.env().snapshot()?;
        assert_eq!(snap.id(), id, "reopening counts no transaction");
        self.handles.agree(&snap, &self.world)
    }

    /// What every case ends with.
    pub fn finish(mut self) -> Result<()> {
        self.reopen()?;
        assert!(self.env().verify()?.is_clean());
        self.env().close()
    }
}
